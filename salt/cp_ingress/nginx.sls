# NGINX from its chart: a Deployment in metallb mode, a DaemonSet in external mode. During a switch both run;
# narrow.sls removes the workload of the other mode.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.certs
  - cp_ingress.begin
{%- if not settings.errors %}

cp_ingress-nginx-chart-deployed:
  cp_ingress_endpoint.workload_deployed:
    - name: ingress-nginx
    - chart: salt://charts/ingress-nginx
    - namespace: {{ settings.namespace }}
    - options: options-{{ settings.mode }}.yaml.j2
    - applyset: cp-ingress-nginx
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_change: cp_ingress-begin-begun
{%- if settings.certificate_kind == "managed" %}
      - cp_ingress: cp_ingress-certs-secret-applied
{%- endif %}
{%- if settings.apiserver and settings.ca_file %}
      - kube_apiserver: cp_ingress-certs-published-ca
{%- endif %}
{%- endif %}
