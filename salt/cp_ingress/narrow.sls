# What an earlier IP or the other mode left behind, removed once the endpoint has answered.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.verify
{%- if not settings.errors %}

cp_ingress-narrow-services-pruned:
  kube_objects.pruned:
    - applyset: cp-ingress-endpoint
    - keep: {{ salt["cp_ingress.services"]() | json }}
    - require:
      - cp_ingress: cp_ingress-verify-serving
{%- if settings.mode == "external" %}

cp_ingress-narrow-pool-absent:
  kube_objects.absent:
    - applyset: cp-ingress-pool
    - require:
      - kube_objects: cp_ingress-narrow-services-pruned

cp_ingress-narrow-metallb-absent:
  kube_objects.absent:
    - applyset: cp-ingress-metallb
    - timeout: {{ settings.timeout_wait }}
    - require:
      - kube_objects: cp_ingress-narrow-pool-absent

cp_ingress-narrow-namespaces-pruned:
  kube_objects.pruned:
    - applyset: cp-ingress-namespaces
    - keep: {{ salt["cp_ingress.namespaces"]() | json }}
    - prune_kinds: [Namespace]
    - gone_before: [cp-ingress-pool, cp-ingress-metallb]
    - timeout: {{ settings.timeout_wait }}
    - require:
      - kube_objects: cp_ingress-narrow-metallb-absent
{%- endif %}
{%- endif %}
