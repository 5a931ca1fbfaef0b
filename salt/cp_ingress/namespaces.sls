# The namespaces of the chosen mode. Their Pod Security labels are as narrow as what runs in them allows.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.preflight
{%- if not settings.errors %}

cp_ingress-namespaces-applied:
  kube_objects.applied:
    - applyset: cp-ingress-namespaces
    - objects: {{ salt["cp_ingress.namespaces"]() | json }}
    - prune: False
    - require:
      - cp_ingress: cp_ingress-preflight-passed
{%- endif %}
