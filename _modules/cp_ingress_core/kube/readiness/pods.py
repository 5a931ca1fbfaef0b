"""Pods, and what one of them says about why it does not run."""

from __future__ import annotations

from ..lookup import Object, condition, entries, holds, number, section, text, words
from .model import Readiness, failed, progressing, ready

# What the kubelet writes while all goes well.
_USUAL = {"ContainerCreating", "PodInitializing"}


def pod(obj: Object) -> Readiness:
    """The pod is ready or has succeeded; one in a crash loop has failed."""
    phase = text(section(obj, "status"), "phase")
    if phase == "Succeeded":
        return ready("succeeded")
    problem = pod_problem(obj)
    if phase == "Failed":
        return failed(problem or "the pod failed")
    if holds(obj, "Ready"):
        return ready()
    reasons = (text(section(state, "state", "waiting"), "reason") for state in _containers(obj))
    if "CrashLoopBackOff" in reasons:
        return failed(problem or "CrashLoopBackOff")
    return progressing(problem or f"not ready yet (phase {phase or 'unknown'})")


def pod_problem(obj: Object) -> str | None:
    """What keeps a pod from being ready, in its own words.

    :param obj: a Pod as the API returns it
    :return: one line (unschedulable, a missing image, a crash, not ready), or None for a pod that
        is ready, has succeeded, or shows no problem yet
    """
    status = section(obj, "status")
    if text(status, "phase") == "Succeeded" or holds(obj, "Ready"):
        return None
    scheduled = condition(obj, "PodScheduled")
    if scheduled.get("status") == "False":
        return words(scheduled, "not scheduled to a node")
    troubles = (_container_problem(container) for container in _containers(obj))
    found = next((trouble for trouble in troubles if trouble), None)
    if found or text(status, "phase") == "Failed":
        return found or words(status, "the pod failed")
    unready = [
        text(entry, "name") for entry in entries(status, "containerStatuses") if not entry.get("ready")
    ]
    if unready and text(status, "phase") == "Running":
        return f"running but not ready: {', '.join(unready)}"
    return None


def _containers(obj: Object) -> list[Object]:
    status = section(obj, "status")
    return entries(status, "initContainerStatuses") + entries(status, "containerStatuses")


def _container_problem(container: Object) -> str | None:
    name = text(container, "name")
    waiting = section(container, "state", "waiting")
    if waiting and text(waiting, "reason") not in _USUAL:
        return f"container {name}: {words(waiting, 'waiting')}{_last_exit(container)}"
    ended = section(container, "state", "terminated")
    if ended and number(ended, "exitCode") != 0:
        return f"container {name}: exit code {number(ended, 'exitCode')}, {words(ended, 'no message')}"
    return None


def _last_exit(container: Object) -> str:
    ended = section(container, "lastState", "terminated")
    if not ended:
        return ""
    return f" (last exit code {number(ended, 'exitCode')}, {words(ended, 'no message')})"
