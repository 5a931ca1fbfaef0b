# The Service that carries the ingress IP. A Service of an earlier IP stays until narrow.sls, unless its IP changes hands.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.metallb
  - cp_ingress.nginx
{%- if not settings.errors %}
{%- if settings.mode == "metallb" %}

cp_ingress-endpoint-released:
  cp_ingress_endpoint.released:
    - timeout: {{ settings.handover_timeout }}
    - require:
      - cp_ingress_endpoint: cp_ingress-nginx-chart-deployed
      - cp_ingress_endpoint: cp_ingress-metallb-pool-applied
{%- endif %}

cp_ingress-endpoint-service-applied:
  cp_ingress_endpoint.services_applied:
    - applyset: cp-ingress-endpoint
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_endpoint: cp_ingress-nginx-chart-deployed
{%- if settings.mode == "metallb" %}
      - cp_ingress_endpoint: cp_ingress-endpoint-released
{%- else %}

cp_ingress-endpoint-exposed:
  cp_ingress_endpoint.exposed:
    - require:
      - cp_ingress_endpoint: cp_ingress-endpoint-service-applied

cp_ingress-endpoint-withdrawn:
  cp_ingress_endpoint.services_pruned:
    - applyset: cp-ingress-endpoint
    - withdrawn: True
    - require:
      - cp_ingress_endpoint: cp_ingress-endpoint-exposed

cp_ingress-endpoint-released:
  cp_ingress_endpoint.released:
    - timeout: {{ settings.handover_timeout }}
    - require:
      - cp_ingress_endpoint: cp_ingress-endpoint-withdrawn
{%- endif %}
{%- endif %}
