# The first write of a change: what it leads from and to, so that the next run finishes it wherever this one ends.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.namespaces
{%- if not settings.errors %}

cp_ingress-begin-begun:
  cp_ingress_change.begun:
    - require:
      - kube_objects: cp_ingress-namespaces-applied
{%- endif %}
