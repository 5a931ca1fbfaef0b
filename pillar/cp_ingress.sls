#!py
"""Pillar from the Bootstrap file: `networks`, and `cp_ingress` with the errors and notes about it.

Errors travel as data, since Salt hides those that are raised: the states refuse to run and show them.
"""

FACE = "bootstrap_config.pillar"


def run():
    """Return the pillar, or the reason why there is none."""
    if FACE not in __salt__:
        missing = (
            f"{FACE}: there is no such function. Allowed: cp-ingress's modules on every minion, and on the master"
            " that renders this pillar. Remedy: run saltutil.sync_all on the minion and, with a master,"
            " 'salt-run saltutil.sync_all' there; or set module_dirs to the folder that holds _modules."
        )
        return {"cp_ingress": {"errors": [missing]}}
    return __salt__[FACE]()
