from __future__ import annotations

import pytest

from cp_ingress_core.kube.filters import Context, keep
from tests.unit.kube.filters.support import member


@pytest.mark.parametrize(
    ("annotations", "kept"),
    [
        pytest.param({"helm.sh/resource-policy": "keep"}, True, id="Helm's keep"),
        pytest.param({"cli-utils.sigs.k8s.io/on-remove": "keep"}, True, id="cli-utils' keep"),
        pytest.param({"client.lifecycle.config.k8s.io/deletion": "detach"}, True, id="detach"),
        pytest.param({"helm.sh/resource-policy": "Keep"}, False, id="another spelling asks for nothing"),
        pytest.param({"client.lifecycle.config.k8s.io/deletion": "keep"}, False, id="another key's value"),
        pytest.param({}, False, id="none"),
        pytest.param(None, False, id="no annotations at all"),
    ],
)
def test_keep(annotations: dict[str, str] | None, kept: bool) -> None:
    found = keep.check(member(annotations=annotations), Context())

    assert (found is not None and found.detach) is kept
