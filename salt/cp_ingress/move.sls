# What follows the endpoint has followed it. From here on the old address leads browsers to the new one.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.components
{%- if not settings.errors %}
{%- set components = salt["kube_component.list"]() %}

cp_ingress-move-recorded:
  cp_ingress_change.recorded:
    - phase: moved
    - require:
      - cp_ingress_change: cp_ingress-components-masters-follow
{%- for component in components %}
      - kube_component: cp_ingress-components-{{ component.name }}-configured
{%- endfor %}

cp_ingress-move-ingress-configured:
  cp_ingress_endpoint.ingress_configured:
    - require:
      - cp_ingress_change: cp_ingress-move-recorded
{%- endif %}
