"""Jobs."""

from __future__ import annotations

from ..lookup import Object, condition, holds, number, section, words
from .model import Readiness, failed, progressing, ready


def job(obj: Object) -> Readiness:
    """The Job completed, or is suspended on purpose; a running one is not ready."""
    if holds(obj, "Complete"):
        return ready("completed")
    for kind in ("Failed", "FailureTarget"):
        if holds(obj, kind):
            return failed(words(condition(obj, kind), "the Job failed"))
    spec, status = section(obj, "spec"), section(obj, "status")
    if spec.get("suspend") is True and holds(obj, "Suspended"):
        return ready("suspended")
    if not status.get("startTime"):
        return progressing("not started yet")
    return progressing(
        f"{number(status, 'succeeded')} of {number(spec, 'completions', 1)} completions, "
        f"{number(status, 'active')} pods running, {number(status, 'failed')} failed"
    )
