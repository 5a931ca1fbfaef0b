"""What the steps of one run carry on: the record as read or, in test mode, as it would have become.

The carrier is Salt's ``__context__``, which the execution modules of one run share.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, MutableMapping
from typing import Any

from cp_ingress_core import record as records
from cp_ingress_core import transition
from cp_ingress_core.record import Record
from cp_ingress_core.settings import Settings
from cp_ingress_core.transition import Transition

_PREFIX = "cp_ingress."
RECORD, EXPOSURE, WITHDRAWN, FRAGMENT = (
    f"{_PREFIX}{name}" for name in ("record", "exposure", "withdrawn", "fragment")
)

Context = MutableMapping[str, Any]
Get = Callable[..., Mapping[str, Any] | None]
List = Callable[..., Iterable[Mapping[str, Any]]]


def forget(context: Context) -> None:
    """Begin a run: nothing is carried on from an earlier one in the same process."""
    for key in (RECORD, EXPOSURE, WITHDRAWN, FRAGMENT):
        context.pop(key, None)


def stored(get: Get, settings: Settings) -> Mapping[str, Any] | None:
    """Read the record's ConfigMap; None where there is none."""
    return get("v1", "ConfigMap", records.NAME, settings.namespace)


def transition_of(context: Context, settings: Settings, get: Get, list_: List) -> Transition:
    """Return the transition of this run, or the one that a run would begin now.

    get, list_
        Read an object, and the objects of a kind in a namespace.
    """
    if RECORD in context:
        return transition.derive(settings.endpoint, context[RECORD])
    found = Record.from_object(stored(get, settings))
    services = () if found != Record() else list_("v1", "Service", settings.namespace)
    return transition.derive(settings.endpoint, found, services)
