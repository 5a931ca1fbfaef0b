from __future__ import annotations

from cp_ingress_core.kube.filters import Context, parent
from cp_ingress_core.kube.identity import ObjectKey
from tests.unit.kube.filters.support import member

SECRET = ("", "Secret")


def test_the_parent_is_kept() -> None:
    context = Context(parent=ObjectKey("", "Secret", "n", "set"))

    assert parent.check(member(SECRET, "set"), context) is not None
    assert parent.check(member(SECRET, "other"), context) is None
