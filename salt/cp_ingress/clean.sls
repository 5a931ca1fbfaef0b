# Removes all that cp_ingress made in the cluster and on this node: `salt-call state.apply cp_ingress.clean`.
# What others put into its namespaces, and custom resources of others, keep their Namespace and CRD in place, with a warning.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- else %}
{%- set sets = ["cp-ingress-record", "cp-ingress-endpoint", "cp-ingress-pool", "cp-ingress-nginx", "cp-ingress-metallb",
                "cp-ingress-certs", "cp-ingress-ca", "cp-ingress-namespaces"] %}
{%- for applyset in sets %}
cp_ingress-clean-{{ applyset }}-absent:
  kube_objects.absent:
    - applyset: {{ applyset }}
    - prune_kinds: [CustomResourceDefinition, Namespace]
    - gone_before: {{ sets[:loop.index0] | json }}
    - timeout: {{ settings.timeout_wait }}
{%- if not loop.first %}
    - require:
      - kube_objects: cp_ingress-clean-{{ sets[loop.index0 - 1] }}-absent
{%- endif %}
{% endfor %}
{%- if settings.certificate_kind == "managed" %}
cp_ingress-clean-certs-absent:
  file.absent:
    - name: {{ settings.pki_dir }}
    - require:
      - kube_objects: cp_ingress-clean-cp-ingress-namespaces-absent
{%- endif %}
{%- endif %}
