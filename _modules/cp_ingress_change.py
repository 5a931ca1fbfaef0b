"""A change of the endpoint: what it is changed from and to, how far that is, and who has followed.

The record of it is the ConfigMap ``cp-ingress-endpoint``. In a run of states it is read once and carried on,
so that test mode sees what earlier steps would have recorded.
"""

import datetime
import logging

from salt.utils.secret import expose

from cp_ingress_core import carried, ingress_nginx, objects
from cp_ingress_core import record as records
from cp_ingress_core.record import Record
from cp_ingress_core.settings import Settings

log = logging.getLogger(__name__)

__virtualname__ = "cp_ingress_change"

__func_alias__ = {"transition_": "transition"}

_MANAGER = "salt-cp-ingress"


def __virtual__():
    return __virtualname__


def _settings():
    return Settings.from_pillar(expose(__pillar__))


def _read(settings):
    return carried.stored(__salt__["kube_objects.get"], settings)


def _transition(settings):
    return carried.transition_of(
        __context__, settings, __salt__["kube_objects.get"], __salt__["kube_objects.list"]
    )


def record():
    """
    Return the record of the endpoint: what is in force, what it is being changed to, and how far that is.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.record

    Returns ``current``, ``previous``, ``target``, ``abandoned``, ``phase`` (settled, widening, widened or
    moved), ``moved_at`` and ``issuers`` (those that each master's apiserver accepts). Raises an error when
    the record was edited into something unreadable.

    RBAC: get the ConfigMap ``cp-ingress-endpoint``.
    """
    return Record.from_object(_read(_settings())).to_dict()


def transition_():
    """
    Return what a run has to change about the endpoint.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.transition

    Returns ``changing``, ``phase``, ``wanted`` and ``old`` endpoints, ``old_urls``, ``handed_over`` (the old
    endpoint on
    the wanted IP, when the mode changes and the IP does not), ``mode_changes``, ``pool_narrows``, ``sans``
    and ``issuers`` that are valid until the end, ``narrow_sans`` after it, ``kept`` (whether the old
    endpoints are to be kept for now), ``kept_until`` (ISO 8601, or empty) and the ``record``.

    RBAC: get the ConfigMap ``cp-ingress-endpoint``; list services where there is none.
    """
    settings = _settings()
    found = _transition(settings)
    until = found.kept_until(settings.keep_old_for)
    return {
        **found.to_dict(),
        "narrow_sans": [found.wanted.san],
        "kept": found.kept(settings.keep_old_for, _now()),
        "kept_until": until.isoformat(timespec="seconds") if until else "",
    }


def begin(test=False):
    """
    Record that a change to the wanted endpoint begins; nothing happens where none does, or where it has.

    test : False
        Write nothing; the states that follow in the same run see what would have been written.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.begin test=True

    Returns ``changes``, empty or ``{"endpoint": {"old": ..., "new": ...}}``, and ``comment``.

    RBAC: as ``transition``; create and patch that ConfigMap.
    """
    settings = _settings()
    carried.forget(__context__)
    live = _read(settings)
    stored = Record.from_object(live)
    found = _transition(settings)
    if live is not None and found.record == stored:
        __context__[carried.RECORD] = stored
        under_way = f", begun earlier, in phase {stored.phase}" if found.changing else ""
        return {"changes": {}, "comment": f"The endpoint is {settings.endpoint}{under_way}"}
    _write(settings, found.record, test)
    old = ", ".join(str(endpoint) for endpoint in found.old)
    return {
        "changes": {"endpoint": {"old": old, "new": str(settings.endpoint)}},
        "comment": f"The endpoint changes to {settings.endpoint}" + (f" from {old}" if old else ""),
    }


def advance(phase, test=False):
    """
    Record that the change under way has reached a phase; nothing happens where it had.

    phase
        ``widened``: old and new endpoint answer. ``moved``: all that follows the endpoint has followed.
        ``settled``: what belonged to the old one alone is gone.

    test : False
        Write nothing, as for ``begin``.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.advance widened test=True

    Returns ``changes``, empty or ``{"phase": phase}``, and ``comment``.

    RBAC: get and patch the ConfigMap ``cp-ingress-endpoint``.
    """
    settings = _settings()
    before = _transition(settings).record
    after = records.advance(before, phase, _now().isoformat(timespec="seconds"))
    if after == before:
        return {"changes": {}, "comment": f"The endpoint is {before.phase}"}
    _write(settings, after, test)
    return {"changes": {"phase": phase}, "comment": f"The endpoint is {phase}"}


def back_to():
    """
    Return the endpoint that a rollback leads to: the one in force while a change is under way, else the one
    before it.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.back_to

    Returns ``mode``, ``ip`` and ``port``; None where the record knows no other endpoint.

    RBAC: get the ConfigMap ``cp-ingress-endpoint``.
    """
    found = Record.from_object(_read(_settings()))
    endpoint = found.previous if found.phase == "settled" else found.current
    return endpoint.to_dict() if endpoint else None


def reached(phase):
    """
    Read the record anew, for a run of states that begins in the middle of a change, and say how far that is.

    phase
        ``widening``, ``widened`` or ``moved``.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.reached widened

    Returns ``reached``, whether the change has come to that phase (one that is finished has), the ``phase``
    that it is in, and the ``wanted`` endpoint. In test mode a record that an earlier step of the same run has
    predicted counts.

    RBAC: as ``transition``.
    """
    settings = _settings()
    if not __opts__["test"]:
        __context__.pop(carried.RECORD, None)
    found = _transition(settings).record
    __context__[carried.RECORD] = found
    return {
        "reached": records.reached(found.phase, phase),
        "phase": found.phase,
        "wanted": str(settings.endpoint),
    }


def tell(step, message):
    """
    Log a line of progress, and send it as an event where there is a master to receive it.

    step
        The step that it is about, part of the event's tag.

    message
        The line.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.tell endpoint-service-applied "1 created"

    The tag is ``cp_ingress/PHASE/STEP``; ``salt-run state.event 'cp_ingress/*'`` shows it. Returns the tag.

    RBAC: as ``transition``.
    """
    tag = f"cp_ingress/{_transition(_settings()).record.phase}/{step}"
    log.info("%s: %s", tag, message)
    # Without a master there is nobody to receive it.
    __salt__["event.send"](tag, {"message": message})
    return tag


def record_issuers(node, issuers, test=False):
    """
    Record which issuers a master's apiserver accepts, in that master's own entry of the record.

    node
        The master's name.

    issuers
        A list of URLs.

    test : False
        Write nothing.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.record_issuers master-1 '["https://10.200.0.50:8443/oidc"]' test=True

    Returns whether the entry changes.

    RBAC: get and patch the ConfigMap ``cp-ingress-endpoint``.
    """
    settings = _settings()
    known = Record.from_object(_read(settings)).issuers.get(node)
    if known == tuple(issuers):
        return False
    entry = objects.issuers_entry(node, issuers, settings.namespace)
    __salt__["kube_objects.apply_fragment"](entry, f"{_MANAGER}-{node}", test=test)
    return True


def issuers():
    """
    Return the issuers that an apiserver has to accept in the phase that the change is in.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.issuers

    Returns a list of ``{"url", "discovery_url"}``: old and new while the components have not followed, or
    while the old address is kept; else the new one alone. The discovery documents are static and served by
    the ingress, so that both issuers can be verified whichever of them Dex serves. The list is empty while
    the apiserver is to be left as it is: with flags, which hold one issuer, and where none was configured,
    it comes after the components.

    RBAC: as ``transition``.
    """
    settings = _settings()
    found = _transition(settings)
    if records.reached(found.record.phase, "moved"):
        kept = found.kept(settings.keep_old_for, _now())
        return ingress_nginx.discovery(
            found.issuers if kept else [settings.endpoint.issuer], settings.endpoint
        )
    both = found.record.phase == "widened" and found.record.issuers and _structured(settings)
    return ingress_nginx.discovery(found.issuers, settings.endpoint) if both else []


def behind():
    """
    Return the masters whose apiservers, by their own entries in the record, don't accept what they have to.

    CLI Example:

    .. code-block:: bash

        salt-call cp_ingress_change.behind

    Returns ``{name: [issuers]}`` with what each of those accepts; empty where the pillar leaves the
    apiservers alone. With flags, and where no master accepts an issuer of ours yet, nobody is behind before
    the components have followed.

    RBAC: list nodes; as ``transition``.
    """
    settings = _settings()
    wanted = {entry["url"] for entry in issuers()}
    if settings.apiserver is None or not wanted:
        return {}
    accepted = Record.from_object(_read(settings)).issuers
    listed = {name: accepted.get(name, ()) for name in __salt__["cp_ingress.masters"]()}
    return {name: list(urls) for name, urls in listed.items() if wanted - set(urls)}


def _write(settings, record, test):
    if not test:
        config_map = objects.record(record.to_data(), settings.namespace)
        __salt__["kube_objects.apply"]([config_map], applyset=records.APPLYSET, wait=False)
    __context__[carried.RECORD] = record


def _structured(settings):
    return settings.apiserver is not None and __salt__["kube_apiserver.method"]() == "structured"


def _now():
    return datetime.datetime.now(datetime.UTC)
