from __future__ import annotations

import pytest

from cp_ingress_core.kube.filters import Context, on_request
from tests.unit.kube.filters.support import CONFIG_MAP, NAMESPACE, member

ASKED = [
    NAMESPACE,
    ("", "PersistentVolume"),
    ("", "PersistentVolumeClaim"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
]


@pytest.mark.parametrize("group_kind", ASKED, ids=lambda pair: str(pair[1]))
def test_kept_unless_asked_for(group_kind: tuple[str, str]) -> None:
    found = on_request.check(member(group_kind), Context())

    assert found is not None
    assert f"prune_kinds: [{group_kind[1]}]" in found.reason
    assert on_request.check(member(group_kind), Context(kinds=frozenset({group_kind[1]}))) is None


def test_other_kinds_may_go() -> None:
    assert on_request.check(member(CONFIG_MAP), Context()) is None
