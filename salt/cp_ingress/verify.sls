# The endpoint answers HTTPS, with a certificate that names it and that its CA vouches for, from every replica.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.endpoint
{%- if not settings.errors %}

cp_ingress-verify-ingress-configured:
  cp_ingress_endpoint.ingress_configured:
    - require:
      - cp_ingress_endpoint: cp_ingress-endpoint-service-applied
      - cp_ingress_endpoint: cp_ingress-endpoint-released

cp_ingress-verify-serving:
  cp_ingress.serving:
    - timeout: {{ settings.timeout_verify }}
    - handover_timeout: {{ settings.handover_timeout }}
    - require:
      - cp_ingress_endpoint: cp_ingress-verify-ingress-configured

cp_ingress-verify-recorded:
  cp_ingress_change.recorded:
    - phase: widened
    - require:
      - cp_ingress: cp_ingress-verify-serving
{%- endif %}
