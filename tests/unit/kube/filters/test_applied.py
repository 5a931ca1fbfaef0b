from __future__ import annotations

from cp_ingress_core.kube.filters import Context, applied
from tests.unit.kube.filters.support import member


def test_an_applied_uid_is_kept() -> None:
    found = applied.check(member(), Context(applied_uids=frozenset({"uid-1"})))

    assert found is not None
    assert found.silent


def test_another_uid_may_go() -> None:
    assert applied.check(member(), Context(applied_uids=frozenset({"uid-2"}))) is None
