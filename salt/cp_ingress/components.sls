# What must follow the endpoint, one state each, the issuer (Dex) first; nothing where the pillar names none. It comes
# after every apiserver accepts the new issuer.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- else %}
cp_ingress-components-reached:
  cp_ingress_change.reached:
    - phase: widened
    - failhard: True

cp_ingress-components-masters-follow:
  cp_ingress_change.masters_follow:
    - failhard: True
    - require:
      - cp_ingress_change: cp_ingress-components-reached
{%- for component in salt["kube_component.list"]() %}

cp_ingress-components-{{ component.name }}-configured:
  kube_component.configured:
    - name: {{ component.name }}
    - require:
{%- if loop.first %}
      - cp_ingress_change: cp_ingress-components-masters-follow
{%- else %}
      - kube_component: cp_ingress-components-{{ loop.previtem.name }}-configured
{%- endif %}
{%- endfor %}
{%- endif %}
