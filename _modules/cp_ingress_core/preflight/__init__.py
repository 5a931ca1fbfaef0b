"""Checks made before anything is written: a finding for each thing that stands in the way.

One file for each family of checks, pure functions from what was read to findings; ``gather`` and ``machine``
read; ``checks`` puts both together. docs/preflight.md explains every finding.
"""

from __future__ import annotations

from cp_ingress_core.preflight.checks import run
from cp_ingress_core.preflight.facts import BootstrapFile
from cp_ingress_core.preflight.gather import Sources
from cp_ingress_core.preflight.model import Finding
from cp_ingress_core.preflight.tools import Trouble

__all__ = ["BootstrapFile", "Finding", "Sources", "Trouble", "run"]
