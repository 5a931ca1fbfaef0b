"""What went wrong with helm and the archives, as findings."""

from __future__ import annotations

import pytest

from cp_ingress_core.errors import ChartError
from cp_ingress_core.preflight import tools
from cp_ingress_core.preflight.tools import Trouble


@pytest.mark.parametrize(
    ("reason", "identifier"),
    [
        ("HelmMissing", "helm-missing"),
        ("HelmUnsupported", "helm-unsupported"),
        ("HelmFailed", "helm-unsupported"),
        ("ChartDigestMismatch", "chart-digest"),
        ("ChartUnavailable", "chart-unavailable"),
        ("ChartInvalid", "chart-unavailable"),
    ],
)
def test_each_trouble_has_its_id(reason: str, identifier: str) -> None:
    trouble = Trouble.of(ChartError("what is wrong", reason=reason))
    (finding,) = tools.check([trouble])
    assert (finding.id, finding.level, finding.evidence) == (identifier, "error", "what is wrong")
