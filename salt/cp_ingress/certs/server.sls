# The server certificate for the ingress IP, issued by the CA; for old and new IP while one is changed.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.begin
  - cp_ingress.certs.ca
{%- if not settings.errors and settings.certificate_kind == "managed" %}

cp_ingress-certs-server-key:
  x509.private_key_managed:
    - name: {{ settings.server_key }}
    - algo: ec
    - keysize: 256
    - mode: '0600'
    - require:
      - file: cp_ingress-certs-ca-folder

cp_ingress-certs-server-certificate:
  cp_ingress_endpoint.certificate_managed:
    - name: {{ settings.server_certificate }}
{%- include "cp_ingress/certs/server.jinja" %}
    - require:
      - cp_ingress_change: cp_ingress-begin-begun
      - x509: cp_ingress-certs-ca-certificate
      - x509: cp_ingress-certs-server-key
{%- endif %}
