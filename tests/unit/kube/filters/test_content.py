from __future__ import annotations

from cp_ingress_core.kube.filters import Context, content
from tests.unit.kube.filters.support import NAMESPACE, member


def test_what_holds_objects_of_others_is_kept_and_told() -> None:
    held = [f"Pod n/p{number}" for number in range(7)]

    found = content.check(member(NAMESPACE), Context(contents={"uid-1": held}))

    assert found is not None
    assert found.warn
    assert "Pod n/p4 and 2 more" in found.reason


def test_what_is_empty_may_go() -> None:
    assert content.check(member(NAMESPACE), Context(contents={"uid-1": []})) is None
    assert content.check(member(NAMESPACE), Context()) is None
