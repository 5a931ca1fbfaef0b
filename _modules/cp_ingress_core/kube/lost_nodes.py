"""DaemonSets while nodes are down: nobody can wait for a pod on a node without power."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .lookup import Object, entries, holds, number, section, text
from .readiness.model import Readiness, ready

TEMPLATE = "deprecated.daemonset.template.generation"
"""The annotation that tells which template is the newest: in spite of its name, every DaemonSet has it."""

POD_TEMPLATE = "pod-template-generation"


def lost(nodes: Iterable[Object]) -> set[str]:
    """Return the names of the nodes that the cluster takes for lost: their condition Ready does not hold."""
    return {text(section(node, "metadata"), "name") for node in nodes if not holds(node, "Ready")}


def ready_elsewhere(daemon_set: Object, pods: Sequence[Object], down: set[str]) -> Readiness | None:
    """Return that a DaemonSet is ready on every node that is up, None when it is not or nothing is lost.

    :param daemon_set: as last read, and not ready as a whole
    :param pods: the pods of its namespace
    :param down: the nodes that are lost
    """
    status, metadata = section(daemon_set, "status"), section(daemon_set, "metadata")
    if number(status, "observedGeneration") < number(metadata, "generation"):
        return None
    own = [pod for pod in pods if _owned(pod, text(metadata, "uid"))]
    gone = {_node(pod) for pod in own} & down
    template = text(section(metadata, "annotations"), TEMPLATE)
    wanted = number(status, "desiredNumberScheduled") - len(gone)
    up = {_node(pod) for pod in own if _serves(pod, template)} - down
    if not gone or len(up) < wanted:
        return None
    return ready(f"{len(up)} pods available; down, and not waited for: {', '.join(sorted(gone))}")


def _owned(pod: Object, uid: str) -> bool:
    return any(owner.get("uid") == uid for owner in entries(section(pod, "metadata"), "ownerReferences"))


def _serves(pod: Object, template: str) -> bool:
    metadata = section(pod, "metadata")
    newest = text(section(metadata, "labels"), POD_TEMPLATE) == template != ""
    return newest and holds(pod, "Ready") and not text(metadata, "deletionTimestamp")


def _node(pod: Object) -> str:
    return text(section(pod, "spec"), "nodeName")
