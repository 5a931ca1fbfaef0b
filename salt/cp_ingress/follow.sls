# After the move: this node's apiserver gives up the old issuer where that is not kept, or takes the new one by its flags.
# One that accepts just what it has to, by the record, proved so before the move and is left alone.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- elif settings.apiserver %}
cp_ingress-follow-reached:
  cp_ingress_change.reached:
    - phase: moved
    - failhard: True

cp_ingress-follow-apiserver-follows:
  cp_ingress_change.apiserver_follows:
    - once: True
    - failhard: True
    - require:
      - cp_ingress_change: cp_ingress-follow-reached
{%- endif %}
