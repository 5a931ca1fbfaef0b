# The TLS Secret that NGINX serves by default, kept equal to the files on this node.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.certs.server
{%- if not settings.errors and settings.certificate_kind == "managed" %}

cp_ingress-certs-secret-applied:
  cp_ingress.tls_secret_applied:
    - certificate: {{ settings.server_certificate }}
    - private_key: {{ settings.server_key }}
    - applyset: cp-ingress-certs
    - watch:
      - cp_ingress_endpoint: cp_ingress-certs-server-certificate
{%- endif %}
