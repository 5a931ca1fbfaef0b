# What every other file turns into when the configuration is refused: one failed state that says why.
{%- set settings = salt["cp_ingress.settings"]() %}
cp_ingress-refused-configuration:
  test.fail_without_changes:
    - name: the configuration of cp_ingress is refused, nothing was changed
    - comment: {{ settings.errors | join("\n") | json }}
    - failhard: True
