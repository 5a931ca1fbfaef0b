# This node's apiserver accepts the issuers that it has to in the phase of the change, and the record says which.
# `state.apply cp_ingress.apiserver` on each master; without the pillar section `cp_ingress:apiserver` none is touched.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- elif settings.apiserver %}
cp_ingress-apiserver-reached:
  cp_ingress_change.reached:
    - phase: widened
    - failhard: True

cp_ingress-apiserver-follows:
  cp_ingress_change.apiserver_follows:
    - failhard: True
    - require:
      - cp_ingress_change: cp_ingress-apiserver-reached
{%- endif %}
