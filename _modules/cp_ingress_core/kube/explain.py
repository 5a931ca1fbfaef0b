"""What pods and events say about an object that did not become ready; asked after a wait that failed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .lookup import Object, entries, holds, section, text
from .readiness import pod_problem
from .wait import Lister, Target

LONGEST = 300  # characters of a message


class Explainer:
    """Finds the words of an object's pods, or of its last warning event; reads each namespace once."""

    def __init__(self, lister: Lister) -> None:
        self._lister = lister
        self._cache: dict[tuple[str, str], Sequence[Object]] = {}

    def __call__(self, target: Target, obj: Object) -> str | None:
        """Explain why ``target`` is not ready.

        :param target: what was waited for
        :param obj: the object as last read, empty when it was never found
        :return: ``pod NAME: what it says``, or ``event: what it says``, or None where nothing says anything
        :raises ApiError: pods or events can't be read
        """
        if not target.namespace or not obj:
            return None
        for pod in self._pods(target, obj):
            problem = pod_problem(pod)
            warning = self._warning(target.namespace, [pod])
            said = "; ".join(part for part in (problem, warning) if part)
            if problem or warning:
                return _cut(f"pod {_name(pod)}: {said}")
        warning = self._warning(target.namespace, [obj, *self._replica_sets(target, obj)])
        return _cut(f"event: {warning}") if warning else None

    def _pods(self, target: Target, obj: Object) -> list[Object]:
        """The pods of an object that are not ready, those that do not even run first."""
        pods = self._controlled(target.namespace, "Pod", obj)
        for replica_set in self._replica_sets(target, obj):
            pods += self._controlled(target.namespace, "Pod", replica_set)
        unready = [pod for pod in pods if not holds(pod, "Ready")]
        return sorted(unready, key=lambda pod: text(section(pod, "status"), "phase") == "Running")

    def _replica_sets(self, target: Target, obj: Object) -> list[Object]:
        return self._controlled(target.namespace, "ReplicaSet", obj) if target.kind == "Deployment" else []

    def _controlled(self, namespace: str, kind: str, owner: Object) -> list[Object]:
        uid = section(owner, "metadata").get("uid")
        return [obj for obj in self._list(kind, namespace) if uid and uid in _owners(obj)]

    def _warning(self, namespace: str, about: Iterable[Object]) -> str:
        """The last Warning event about any of the objects."""
        uids = {section(obj, "metadata").get("uid") for obj in about}
        warnings = [
            event
            for event in self._list("Event", namespace)
            if event.get("type") == "Warning" and section(event, "involvedObject").get("uid") in uids
        ]
        if not warnings:
            return ""
        last = max(warnings, key=_when)
        return f"{text(last, 'reason')}: {text(last, 'message')}"

    def _list(self, kind: str, namespace: str) -> Sequence[Object]:
        if (kind, namespace) not in self._cache:
            api_version = "apps/v1" if kind == "ReplicaSet" else "v1"
            self._cache[kind, namespace] = self._lister.list_objects(api_version, kind, namespace)
        return self._cache[kind, namespace]


def _owners(obj: Object) -> set[object]:
    return {owner.get("uid") for owner in entries(section(obj, "metadata"), "ownerReferences")}


def _name(obj: Object) -> str:
    return text(section(obj, "metadata"), "name")


def _when(event: Object) -> str:
    # Times are RFC 3339 in UTC, so they sort as text.
    stamps = (text(event, "lastTimestamp"), text(event, "eventTime"))
    return next((stamp for stamp in stamps if stamp), text(section(event, "metadata"), "creationTimestamp"))


def _cut(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= LONGEST else f"{line[:LONGEST]} ..."
