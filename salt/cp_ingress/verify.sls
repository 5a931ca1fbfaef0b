# The endpoint answers HTTPS, with a certificate that names it and that its CA vouches for.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.endpoint
{%- if not settings.errors %}

cp_ingress-verify-serving:
  cp_ingress.serving:
    - timeout: {{ settings.timeout_verify }}
    - require:
      - kube_objects: cp_ingress-endpoint-service-applied
{%- endif %}
