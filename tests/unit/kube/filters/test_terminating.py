from __future__ import annotations

from cp_ingress_core.kube.filters import Context, terminating
from tests.unit.kube.filters.support import member


def test_what_is_being_deleted_is_not_deleted_again() -> None:
    found = terminating.check(member(deletionTimestamp="2026-01-01T00:00:00Z"), Context())

    assert found is not None
    assert found.silent


def test_what_is_not_may_go() -> None:
    assert terminating.check(member(), Context()) is None
