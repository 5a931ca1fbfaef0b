# MetalLB from its chart, then the pool with the ingress IP. Only in metallb mode; narrow.sls removes it otherwise.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.namespaces
{%- if not settings.errors and settings.mode == "metallb" %}

cp_ingress-metallb-chart-deployed:
  cp_ingress.chart_deployed:
    - name: metallb
    - chart: salt://charts/metallb
    - namespace: {{ settings.metallb_namespace }}
    - options: options.yaml.j2
    - applyset: cp-ingress-metallb
    - timeout: {{ settings.timeout_wait }}
    - require:
      - kube_objects: cp_ingress-namespaces-applied

cp_ingress-metallb-pool-applied:
  kube_objects.applied:
    - applyset: cp-ingress-pool
    - objects: {{ salt["cp_ingress.pool"]() | json }}
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress: cp_ingress-metallb-chart-deployed
{%- endif %}
