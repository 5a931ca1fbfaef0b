from __future__ import annotations

from cp_ingress_core.kube.filters import Context, namespace_in_use
from tests.unit.kube.filters.support import CONFIG_MAP, NAMESPACE, member

CONTEXT = Context(used_namespaces=frozenset({"used"}))


def test_a_namespace_in_use_is_kept_as_a_member() -> None:
    found = namespace_in_use.check(member(NAMESPACE, "used"), CONTEXT)

    assert found is not None
    assert not found.detach


def test_others_may_go() -> None:
    assert namespace_in_use.check(member(NAMESPACE, "unused"), CONTEXT) is None
    assert namespace_in_use.check(member(CONFIG_MAP, "used"), CONTEXT) is None
