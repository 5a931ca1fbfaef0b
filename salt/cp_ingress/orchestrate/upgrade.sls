# An upgrade of cp-ingress on a cluster with a Salt master: on that master, once it has the new files,
#   salt-run state.orchestrate cp_ingress.orchestrate.upgrade
# The new modules go to every minion, then everything is applied in the order of a change.
{%- set settings = salt["cp_ingress.settings"]() %}
include:
  - cp_ingress.orchestrate.change
{%- if not settings.errors and settings.orchestrate_bootstrap %}

cp_ingress-orchestrate-upgrade-synced:
  salt.function:
    - name: saltutil.sync_all
    - tgt: {{ ([settings.orchestrate_bootstrap] + settings.orchestrate_masters) | unique | list | json }}
    - tgt_type: list
    - expect_minions: True
    - failhard: True
    - require_in:
      - salt: cp_ingress-orchestrate-change-pillar
{%- endif %}
