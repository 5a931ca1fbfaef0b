# MetalLB from its chart, then the pool with the ingress IP. Only in metallb mode; narrow.sls removes it otherwise.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.begin
{%- if not settings.errors and settings.mode == "metallb" %}

cp_ingress-metallb-chart-deployed:
  cp_ingress.chart_deployed:
    - name: metallb
    - chart: salt://charts/metallb
    - namespace: {{ settings.metallb_namespace }}
    - options: options.yaml.j2
    # Its speakers' timings; they read them when they start.
    - extra_objects: {{ salt["cp_ingress.memberlist_config"]() | json }}
    - applyset: cp-ingress-metallb
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_change: cp_ingress-begin-begun

cp_ingress-metallb-pool-applied:
  cp_ingress_endpoint.pool_applied:
    - applyset: cp-ingress-pool
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress: cp_ingress-metallb-chart-deployed
{%- endif %}
