from __future__ import annotations

from cp_ingress_core.kube.filters import Context, owned
from tests.unit.kube.filters.support import member


def test_an_object_with_an_owner_is_kept_and_told() -> None:
    found = owned.check(member(ownerReferences=[{"kind": "Job", "name": "j"}]), Context())

    assert found is not None
    assert found.warn
    assert found.reason == "is owned by Job j and goes with its owner"


def test_an_object_without_may_go() -> None:
    assert owned.check(member(ownerReferences=[]), Context()) is None
