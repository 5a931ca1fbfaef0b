# What an earlier endpoint left behind, removed once everything has followed the new one.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- else %}
cp_ingress-narrow-reached:
  cp_ingress_change.reached:
    - phase: moved
    - failhard: True

{%- if settings.apiserver %}
cp_ingress-narrow-apiserver-follows:
  cp_ingress_change.apiserver_follows:
    - once: True
    - failhard: True
    - require:
      - cp_ingress_change: cp_ingress-narrow-reached
{%- endif %}

cp_ingress-narrow-masters-follow:
  cp_ingress_change.masters_follow:
    - failhard: True
    - require:
      - cp_ingress_change: cp_ingress-narrow-{{ "apiserver-follows" if settings.apiserver else "reached" }}

cp_ingress-narrow-services-pruned:
  cp_ingress_endpoint.services_pruned:
    - applyset: cp-ingress-endpoint
    - require:
      - cp_ingress_change: cp_ingress-narrow-masters-follow

cp_ingress-narrow-workload-pruned:
  cp_ingress_endpoint.workload_pruned:
    - name: ingress-nginx
    - chart: salt://charts/ingress-nginx
    - namespace: {{ settings.namespace }}
    - options: options-{{ settings.mode }}.yaml.j2
    - applyset: cp-ingress-nginx
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-services-pruned
{%- if settings.mode == "metallb" %}

cp_ingress-narrow-pool-applied:
  cp_ingress_endpoint.pool_applied:
    - applyset: cp-ingress-pool
    - narrowed: True
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-workload-pruned
{%- else %}

cp_ingress-narrow-pool-absent:
  cp_ingress_endpoint.set_absent:
    - applyset: cp-ingress-pool
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-workload-pruned

cp_ingress-narrow-metallb-absent:
  cp_ingress_endpoint.metallb_absent:
    - applyset: cp-ingress-metallb
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-pool-absent

cp_ingress-narrow-namespaces-pruned:
  cp_ingress_endpoint.namespaces_pruned:
    - applyset: cp-ingress-namespaces
    - metallb: [cp-ingress-pool, cp-ingress-metallb]
    - timeout: {{ settings.timeout_wait }}
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-metallb-absent
{%- endif %}
{%- if settings.certificate_kind == "managed" %}

cp_ingress-narrow-server-certificate:
  cp_ingress_endpoint.certificate_managed:
    - name: {{ settings.server_certificate }}
    - narrowed: True
{%- include "cp_ingress/certs/server.jinja" %}
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-workload-pruned

cp_ingress-narrow-secret-applied:
  cp_ingress.tls_secret_applied:
    - certificate: {{ settings.server_certificate }}
    - private_key: {{ settings.server_key }}
    - applyset: cp-ingress-certs
    - onchanges:
      - cp_ingress_endpoint: cp_ingress-narrow-server-certificate
    - watch:
      - cp_ingress_endpoint: cp_ingress-narrow-server-certificate
{%- endif %}

cp_ingress-narrow-recorded:
  cp_ingress_change.recorded:
    - phase: settled
    - require:
      - cp_ingress_endpoint: cp_ingress-narrow-{{ "pool-applied" if settings.mode == "metallb" else "namespaces-pruned" }}
{%- if settings.certificate_kind == "managed" %}
      - cp_ingress: cp_ingress-narrow-secret-applied
{%- endif %}

cp_ingress-narrow-ingress-configured:
  cp_ingress_endpoint.ingress_configured:
    - require:
      - cp_ingress_change: cp_ingress-narrow-recorded
{%- endif %}
