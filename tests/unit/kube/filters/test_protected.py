from __future__ import annotations

import pytest

from cp_ingress_core.kube.filters import Context, protected
from tests.unit.kube.filters.support import CONFIG_MAP, NAMESPACE, member


@pytest.mark.parametrize("name", ["default", "kube-system", "kube-public", "kube-node-lease"])
def test_namespaces_of_kubernetes_are_kept_and_detached(name: str) -> None:
    found = protected.check(member(NAMESPACE, name), Context())

    assert found is not None
    assert found.detach


def test_others_may_go() -> None:
    assert protected.check(member(NAMESPACE, "app"), Context()) is None
    assert protected.check(member(CONFIG_MAP, "default"), Context()) is None
