"""Whether an object of the Kubernetes API does its work yet: pure functions, an object in, an answer out."""

from __future__ import annotations

from .assess import assess, ready_at_once
from .model import Readiness, State
from .pods import pod_problem

__all__ = ["Readiness", "State", "assess", "pod_problem", "ready_at_once"]
