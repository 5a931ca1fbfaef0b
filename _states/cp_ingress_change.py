"""The phases of a change of the endpoint: its record, and the gates between them.

Where nothing changes they do nothing and ask for little. In test mode they go by what the steps before them
in the same run would have recorded.
"""

from salt.exceptions import CommandExecutionError

__virtualname__ = "cp_ingress_change"


def __virtual__():
    return __virtualname__


def begun(name):
    """
    Record that a change to the endpoint that the Bootstrap file asks for begins, where one does.

    name
        Only a label.

    The first step that writes: from here on the next run knows both endpoints, wherever this one ends. RBAC:
    as ``cp_ingress_change.begin``.

    .. code-block:: yaml

        cp_ingress-begin-begun:
          cp_ingress_change.begun: []
    """
    return _reported(name, lambda: __salt__["cp_ingress_change.begin"](test=__opts__["test"]))


def recorded(name, phase):
    """
    Record that the change under way has reached a phase.

    name
        Only a label.

    phase
        ``widened``, ``moved`` or ``settled``; see ``cp_ingress_change.advance``, for RBAC too. Settling waits
        until the old endpoints need not be kept any longer.

    .. code-block:: yaml

        cp_ingress-verify-recorded:
          cp_ingress_change.recorded:
            - phase: widened
    """

    def advance():
        kept = _kept() if phase == "settled" else ""
        if kept:
            return {"changes": {}, "comment": kept}
        return __salt__["cp_ingress_change.advance"](phase, test=__opts__["test"])

    return _reported(name, advance)


def reached(name, phase):
    """
    Stop here unless the change under way has reached a phase; the record is read anew.

    name
        Only a label.

    phase
        ``widened`` or ``moved``. In test mode only a run of its own is held to it, since in a whole run the
        step that records the phase would have come before.

    Changes nothing. RBAC: get the ConfigMap ``cp-ingress-endpoint``.

    .. code-block:: yaml

        cp_ingress-move-reached:
          cp_ingress_change.reached:
            - phase: widened
            - failhard: True
    """

    def check():
        found = __salt__["cp_ingress_change.reached"](phase)
        if found["reached"]:
            return {"changes": {}, "comment": f"The endpoint is {found['phase']}"}
        remedy = "apply cp_ingress on the bootstrap node, and see there what it says"
        return {
            "changes": {},
            "failed": f"The change to {found['wanted']} is {found['phase']}, not {phase} yet: {remedy}",
        }

    return _reported(name, check)


def apiserver_follows(name, once=False):
    """
    Have this node's apiserver accept the issuers that it has to in the phase of the change, and record it.

    name
        Only a label.

    once : False
        Leave an apiserver alone that by the record accepts just these issuers already: it proved so in a step
        before this one.

    How is what the pillar ``cp_ingress:apiserver`` says; see ``kube_apiserver.oidc_issuer``, whose result is
    returned. In the phases in which the apiserver is to stay as it is nothing is done. A node that runs no
    apiserver is left alone. RBAC: as that state; list nodes; get and patch the ConfigMap
    ``cp-ingress-endpoint``.

    .. code-block:: yaml

        cp_ingress-apiserver-follows:
          cp_ingress_change.apiserver_follows: []
    """

    def follow():
        issuers = __salt__["cp_ingress_change.issuers"]()
        if not issuers:
            return _ret(name, "In this phase the apiserver stays as it is")
        node = _master()
        if node is None:
            return _ret(name, "This machine is no master: it runs no apiserver")
        urls = [issuer["url"] for issuer in issuers]
        if once and not __salt__["cp_ingress_change.record_issuers"](node, urls, test=True):
            return _ret(name, "The apiserver follows already")
        ret = __states__["kube_apiserver.oidc_issuer"](name, issuers=issuers)
        if ret["result"] is False:
            return ret
        if __salt__["cp_ingress_change.record_issuers"](node, urls, test=__opts__["test"]):
            ret["changes"] = {**ret["changes"], "recorded": {node: urls}}
            ret["result"] = None if __opts__["test"] else True
        return ret

    return _attempt(name, follow)


def masters_follow(name):
    """
    Stop here while masters' apiservers do not accept the issuers that they have to, and name those.

    name
        Only a label.

    Passes where the pillar has no ``cp_ingress:apiserver``. Changes nothing. In test mode only a warning is
    given. RBAC: list nodes; get the ConfigMap ``cp-ingress-endpoint``.

    .. code-block:: yaml

        cp_ingress-move-masters-follow:
          cp_ingress_change.masters_follow:
            - failhard: True
    """

    def check():
        behind = __salt__["cp_ingress_change.behind"]()
        if not behind:
            return _ret(name, "No master is behind")
        lines = [f"{node} accepts {', '.join(urls) or 'no issuer of ours'}" for node, urls in behind.items()]
        lines.append(f"Apply cp_ingress.apiserver on {', '.join(behind)}, then run this again")
        if __opts__["test"]:
            return {**_ret(name, "Masters would have to follow first"), "warnings": lines}
        return {**_ret(name, "; ".join(lines)), "result": False}

    return _attempt(name, check)


def _master():
    """Return this machine's name among the masters; None where it is none of them."""
    try:
        node = __salt__["kube_apiserver.node_name"]()
    except CommandExecutionError as err:
        if err.info["reason"] != "NoNode":
            raise
        return None
    return node if node in __salt__["cp_ingress.masters"]() else None


def _kept():
    """Say until when the old endpoints are kept; an empty text when they need not be."""
    change = __salt__["cp_ingress_change.transition"]()
    if not change["kept"]:
        return ""
    return f"The old address is kept until {change['kept_until']}; apply cp_ingress again after that"


def _ret(name, comment="", changes=None):
    changed = bool(changes) and __opts__["test"]
    return {"name": name, "result": None if changed else True, "changes": changes or {}, "comment": comment}


def _failed(name, err):
    info = getattr(err, "info", None) or {}
    changes = info.get("changes", {}) if isinstance(info, dict) else {}
    return {"name": name, "result": False, "changes": changes, "comment": str(err)}


def _attempt(name, action):
    """Return what `action` returns, an error of the execution modules as a failed state; tell of changes."""
    try:
        ret = action()
        if ret["changes"] and not __opts__["test"]:
            __salt__["cp_ingress_change.tell"](name.removeprefix("cp_ingress-"), ret["comment"])
    except CommandExecutionError as err:
        return _failed(name, err)
    return ret


def _reported(name, action):
    """Turn a report, ``changes`` and a ``comment`` or a text in ``failed``, into a state's result."""

    def run():
        report = action()
        if report.get("failed"):
            return {**_ret(name, report["failed"]), "result": False}
        return _ret(name, report["comment"], report["changes"])

    return _attempt(name, run)
