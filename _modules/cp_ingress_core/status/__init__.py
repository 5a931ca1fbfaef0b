"""Where the endpoint stands: every place that knows of it side by side, and whether they agree.

``gather`` reads, ``judge`` and ``show`` are pure functions over what was read.
"""

from __future__ import annotations

from cp_ingress_core.status.facts import Facts
from cp_ingress_core.status.gather import read
from cp_ingress_core.status.show import show

__all__ = ["Facts", "read", "show"]
