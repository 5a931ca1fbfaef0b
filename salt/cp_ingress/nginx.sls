# NGINX from its chart: a Deployment in metallb mode, a DaemonSet in external mode. After a switch the workload of
# the other mode goes when the new one is ready.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.certs
{%- if not settings.errors %}

cp_ingress-nginx-chart-deployed:
  cp_ingress.chart_deployed:
    - name: ingress-nginx
    - chart: salt://charts/ingress-nginx
    - namespace: {{ settings.namespace }}
    - options: options-{{ settings.mode }}.yaml.j2
    - applyset: cp-ingress-nginx
    - prune_when: ready
    - timeout: {{ settings.timeout_wait }}
    - require:
{%- if settings.certificate_kind == "managed" %}
      - cp_ingress: cp_ingress-certs-secret-applied
{%- else %}
      - kube_objects: cp_ingress-namespaces-applied
{%- endif %}
{%- endif %}
