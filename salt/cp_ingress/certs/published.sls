# The CA's certificate in a ConfigMap, where the other masters find it for their apiservers; never its key.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.certs.ca
{%- if not settings.errors and settings.apiserver and settings.ca_file %}

cp_ingress-certs-published-ca:
  kube_apiserver.ca_published:
    - ca_file: {{ settings.ca_file }}
    - require:
      - kube_objects: cp_ingress-namespaces-applied
{%- if settings.certificate_kind == "managed" %}
      - x509: cp_ingress-certs-ca-certificate
{%- endif %}
{%- endif %}
