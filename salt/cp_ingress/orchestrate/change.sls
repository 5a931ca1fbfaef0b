# A change of IP or mode on a cluster with a Salt master: on that master,
#   salt-run state.orchestrate cp_ingress.orchestrate.change
# The order is that of `state.apply cp_ingress` on the bootstrap node, with every master's apiserver at its place. A
# minion that does not answer, or a step that fails, ends the run there; running it again finishes the change.
{%- set settings = salt["cp_ingress.settings"]() %}
{%- if settings.errors %}
include:
  - cp_ingress.refused
{%- elif not settings.orchestrate_bootstrap %}
cp_ingress-orchestrate-change-refused:
  test.fail_without_changes:
    - name: cp_ingress:orchestrate is missing, nothing was changed
    - comment: >-
        cp_ingress:orchestrate: found nothing. Allowed: bootstrap, the minion ID of the bootstrap node, and masters, the list
        of all control-plane nodes' minion IDs. Remedy: write both into pillar that the master's own ID gets as well.
    - failhard: True
{%- else %}
{%- set bootstrap, masters = settings.orchestrate_bootstrap, settings.orchestrate_masters %}
{%- set followers = masters if settings.apiserver else [] %}
{#- Widening begins with preflight. One master tries the new issuer, then the others; a step of its own where that one is
    not the bootstrap node. Where an apiserver restarts for it, each takes its turn: the state itself waits for that. #}
{%- set at_once = followers[:1] == [bootstrap] %}
{%- set apiserver = ["cp_ingress.apiserver"] %}
{%- set steps = [("widen", [bootstrap], ["cp_ingress.widen"] + (apiserver if at_once else [])),
                 ("accept-first", [] if at_once else followers[:1], apiserver),
                 ("accept", followers[1:], apiserver), ("move", [bootstrap], ["cp_ingress.move"]),
                 ("follow", followers, ["cp_ingress.follow"]), ("narrow", [bootstrap], ["cp_ingress.narrow"])] %}
{%- set everybody = ([bootstrap] + masters) | unique | list %}
{#- A minion that is down is named here, before anything is done. #}
cp_ingress-orchestrate-change-pillar:
  salt.function:
    - name: saltutil.refresh_pillar
    - tgt: {{ everybody | json }}
    - tgt_type: list
    - expect_minions: True
    - kwarg: {wait: True}
    - timeout: 5
    - failhard: True
{%- for name, minions, files in steps if minions %}

cp_ingress-orchestrate-change-{{ name }}:
  salt.state:
    - tgt: {{ minions | json }}
    - tgt_type: list
    - sls: {{ files | json }}
    - expect_minions: True
    - timeout: 5
    - queue: True
    - failhard: True
    - require:
      - salt: cp_ingress-orchestrate-change-{{ "pillar" if loop.first else loop.previtem[0] }}
{%- endfor %}
{%- endif %}
