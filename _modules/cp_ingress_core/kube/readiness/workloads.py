"""Deployments, DaemonSets, StatefulSets and ReplicaSets."""

from __future__ import annotations

from ..lookup import Object, condition, holds, number, section, text, words
from .model import Readiness, failed, progressing, ready

# Status field -> the word for it, in the order in which a rollout passes them.
_REPLICAS = {"replicas": "created", "updatedReplicas": "updated", "availableReplicas": "available"}
_READY = {"readyReplicas": "ready"}
_UNSEEN = "its controller has not reported anything yet"


def deployment(obj: Object) -> Readiness:
    """All replicas are of the newest template, available, and nothing of the old one is left."""
    spec = section(obj, "spec")
    if spec.get("paused") is True:
        return ready("its rollout is paused, so it is not waited for")
    rollout = condition(obj, "Progressing")
    if rollout.get("reason") == "ProgressDeadlineExceeded":
        return failed(words(rollout, "the rollout made no progress in time"))
    if lacking := _lacking(obj, _REPLICAS | _READY):
        return progressing(lacking)
    # Without a deadline the API server keeps no Progressing condition.
    if spec.get("progressDeadlineSeconds") is not None and rollout.get("reason") != "NewReplicaSetAvailable":
        return progressing(words(rollout, "the rollout is not complete"))
    if not holds(obj, "Available"):
        return progressing(words(condition(obj, "Available"), "not reported as available yet"))
    return ready(f"{_wanted(obj)} of {_wanted(obj)} replicas available")


def replica_set(obj: Object) -> Readiness:
    """All replicas are available and none is left over."""
    counts = {"replicas": "created", "availableReplicas": "available"} | _READY
    if lacking := _lacking(obj, counts):
        return progressing(lacking)
    return ready(f"{_wanted(obj)} of {_wanted(obj)} replicas available")


def daemon_set(obj: Object) -> Readiness:
    """A pod of the newest template is available on every node that should have one."""
    status = section(obj, "status")
    # Right after a change the counts are those of the old template: they count once the generation was seen.
    if "observedGeneration" not in status:
        return progressing(_UNSEEN)
    if "desiredNumberScheduled" not in status:
        return progressing("the number of nodes for its pods is not known yet")
    wanted = number(status, "desiredNumberScheduled")
    counts = {"currentNumberScheduled": "scheduled", "updatedNumberScheduled": "updated"}
    if _strategy(obj) == "OnDelete":
        del counts["updatedNumberScheduled"]
    counts |= {"numberAvailable": "available", "numberReady": "ready"}
    if missing := _missing(obj, wanted, "pods", counts):
        return progressing(missing)
    return ready(f"{wanted} of {wanted} pods available" if wanted else "no node matches it")


def stateful_set(obj: Object) -> Readiness:
    """All replicas are ready and, unless held back by a partition or by OnDelete, of the newest revision."""
    wanted = _wanted(obj)
    missing = _missing(obj, wanted, "replicas", {"replicas": "created"} | _READY) or _surplus(obj)
    if missing or _strategy(obj) == "OnDelete":
        return progressing(missing) if missing else ready(f"{wanted} of {wanted} replicas ready")
    behind = _behind(obj)
    return progressing(behind) if behind else ready(f"{wanted} of {wanted} replicas ready")


def _behind(obj: Object) -> str:
    """What of a StatefulSet is not of the newest revision although it should be."""
    status, wanted = section(obj, "status"), _wanted(obj)
    partition = number(section(obj, "spec", "updateStrategy", "rollingUpdate"), "partition")
    if partition:
        return _missing(obj, max(wanted - partition, 0), "replicas", {"updatedReplicas": "updated"})
    if status.get("currentRevision") != status.get("updateRevision"):
        updated = number(status, "updatedReplicas")
        return f"{updated} of {wanted} replicas updated to revision {text(status, 'updateRevision')}"
    return _missing(obj, wanted, "replicas", {"currentReplicas": "current"})


def _missing(obj: Object, wanted: int, noun: str, counts: dict[str, str]) -> str:
    """The first count of the status that is below ``wanted``, in words."""
    status = section(obj, "status")
    if "generation" in section(obj, "metadata") and "observedGeneration" not in status:
        return _UNSEEN
    for field, word in counts.items():
        if number(status, field) < wanted:
            return f"{number(status, field)} of {wanted} {noun} {word}"
    return ""


def _lacking(obj: Object, counts: dict[str, str]) -> str:
    """What a Deployment or a ReplicaSet has too few or too many of, and why where it says so."""
    missing = _missing(obj, _wanted(obj), "replicas", counts)
    return missing + _refusal(obj) if missing else _surplus(obj)


def _surplus(obj: Object) -> str:
    extra = number(section(obj, "status"), "replicas") - _wanted(obj)
    return f"{extra} replicas too many still running ({_wanted(obj)} wanted)" if extra > 0 else ""


def _refusal(obj: Object) -> str:
    # A quota or an admission refusal: no pod exists that could tell.
    if not holds(obj, "ReplicaFailure"):
        return ""
    return f" ({words(condition(obj, 'ReplicaFailure'), 'pods are refused')})"


def _wanted(obj: Object) -> int:
    return number(section(obj, "spec"), "replicas", 1)


def _strategy(obj: Object) -> str:
    return text(section(obj, "spec", "updateStrategy"), "type")
