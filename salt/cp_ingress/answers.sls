# Does this minion answer? The first step of an orchestration, so that one that is down is named before anything is done.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- else %}
cp_ingress-answers-passed:
  test.succeed_without_changes:
    - name: this minion answers
{%- endif %}
