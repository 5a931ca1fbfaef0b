# The Service that carries the ingress IP. A Service of an earlier IP stays until narrow.sls.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.metallb
  - cp_ingress.nginx
{%- if not settings.errors %}

cp_ingress-endpoint-service-applied:
  kube_objects.applied:
    - applyset: cp-ingress-endpoint
    - objects: {{ salt["cp_ingress.services"]() | json }}
    - prune: False
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress: cp_ingress-nginx-chart-deployed
{%- if settings.mode == "metallb" %}
      - kube_objects: cp_ingress-metallb-pool-applied
{%- endif %}
{%- endif %}
