"""Objects of Helm releases under our names."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.preflight import helm
from tests.unit.preflight.objects import OURS, SPACES, service, workload

RELEASE = {"meta.helm.sh/release-name": "ingress-nginx", "meta.helm.sh/release-namespace": "ingress-nginx"}
ROLE = {"kind": "ClusterRole", "metadata": {"name": "ingress-nginx", "annotations": RELEASE}}


@pytest.mark.parametrize(
    ("found", "owned"),
    [
        pytest.param(ROLE, True, id="a ClusterRole under our name, as every ingress-nginx has"),
        pytest.param(workload("speaker", "metallb-system", annotations=RELEASE), True, id="in our namespace"),
        pytest.param(service(namespace="cp-ingress", annotations=RELEASE), True, id="a Service in ours"),
        pytest.param(workload("other", "elsewhere", annotations=RELEASE), False, id="elsewhere"),
        pytest.param(workload("speaker", "metallb-system"), False, id="of no release"),
        pytest.param(
            workload("speaker", "metallb-system", annotations=RELEASE, labels=OURS),
            False,
            id="taken over by us",
        ),
    ],
)
def test_helm_releases(found: dict[str, Any], owned: bool) -> None:
    findings = helm.check(SPACES, [found])
    assert [(finding.id, finding.level) for finding in findings] == [("helm-release-owns", "error")] * owned
    assert all("ingress-nginx/ingress-nginx" in finding.evidence for finding in findings)
