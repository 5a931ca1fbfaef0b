"""The helm program and the chart archives: what went wrong in getting them ready."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from cp_ingress_core.errors import ChartError
from cp_ingress_core.preflight.model import Finding, error


@dataclass(frozen=True)
class Trouble:
    """A ChartError: its reason, and its message, which names the remedy."""

    reason: str
    message: str

    @classmethod
    def of(cls, err: ChartError) -> Trouble:
        """Return what is to be kept of an error."""
        return cls(str(err.info["reason"]), str(err))


def check(troubles: Iterable[Trouble]) -> list[Finding]:
    """Turn what went wrong into errors: without helm and the pinned archives nothing can be rendered."""
    return [_finding(trouble) for trouble in troubles]


def _finding(trouble: Trouble) -> Finding:
    reason, message = trouble.reason, trouble.message
    if reason == "HelmMissing":
        return error("helm-missing", message, "install helm 3.14 or later, or name it in cp_ingress:helm")
    if reason.startswith("Helm"):
        return error("helm-unsupported", message, "install helm 3.14 or later, up to 4.x")
    if reason == "ChartDigestMismatch":
        return error(
            "chart-digest",
            message,
            "put the archive there that the digest belongs to, or pin version and sha256 of the one that is"
            " there",
        )
    return error(
        "chart-unavailable",
        message,
        "make the archive available, or set cp_ingress:charts:NAME:source to where it is",
    )
