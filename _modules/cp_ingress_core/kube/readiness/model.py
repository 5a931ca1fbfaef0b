"""The answer of a readiness rule."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class State(enum.StrEnum):
    """How far an object is."""

    READY = "ready"
    PROGRESSING = "progressing"
    FAILED = "failed"


@dataclass(frozen=True)
class Readiness:
    """A state and, in words a user can act on, why."""

    state: State
    reason: str


def ready(reason: str = "ready") -> Readiness:
    """The object does its work."""
    return Readiness(State.READY, reason)


def progressing(reason: str) -> Readiness:
    """The object is not ready and may become so by itself."""
    return Readiness(State.PROGRESSING, reason)


def failed(reason: str) -> Readiness:
    """The object says that it gave up, although some objects recover later all the same."""
    return Readiness(State.FAILED, reason)
