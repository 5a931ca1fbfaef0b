"""Rules for any kind: deletion, observed generation, and the conditions that controllers agree on."""

from __future__ import annotations

from ..lookup import Object, condition, holds, section, words
from .model import Readiness, failed, progressing, ready


def gate(obj: Object) -> Readiness | None:
    """The answer where the kind does not matter, or None: go on with the rule of the kind."""
    metadata, status = section(obj, "metadata"), section(obj, "status")
    if metadata.get("deletionTimestamp"):
        return progressing(deletion_reason(obj))
    wanted, seen = metadata.get("generation"), status.get("observedGeneration")
    if isinstance(wanted, int) and isinstance(seen, int) and wanted != seen:
        return progressing(f"its controller has not seen the change yet (generation {wanted}, at {seen})")
    if holds(obj, "Stalled"):
        return failed(words(condition(obj, "Stalled"), "stalled"))
    if holds(obj, "Reconciling"):
        return progressing(words(condition(obj, "Reconciling"), "reconciling"))
    return None


def by_conditions(obj: Object) -> Readiness:
    """Judge by the condition ``Ready``; an object without one is ready."""
    found = condition(obj, "Ready")
    if not found or found.get("status") == "True":
        return ready()
    return progressing(words(found, f"condition Ready is {found.get('status', 'Unknown')}"))


def deletion_reason(obj: Object) -> str:
    """Why an object that is being deleted is still there."""
    finalizers = section(obj, "metadata").get("finalizers")
    if isinstance(finalizers, list) and finalizers:
        return f"being deleted, held by finalizers: {', '.join(str(name) for name in finalizers)}"
    return "being deleted"
