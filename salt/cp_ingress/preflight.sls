# Everything that must hold before the first write; a finding of level error ends the run here.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- else %}
cp_ingress-preflight-passed:
  cp_ingress.preflight_passed:
    - failhard: True
{%- endif %}
