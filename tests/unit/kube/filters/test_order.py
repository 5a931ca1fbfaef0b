"""All filters together: the first reason counts."""

from __future__ import annotations

from cp_ingress_core.kube.filters import FILTERS, Context, verdict
from tests.unit.kube.filters.support import NAMESPACE, member


def test_nothing_speaks_against_an_ordinary_member() -> None:
    assert verdict(member(), Context()) is None


def test_a_keep_annotation_counts_before_the_kind() -> None:
    found = verdict(member(NAMESPACE, annotations={"helm.sh/resource-policy": "keep"}), Context())

    assert found is not None
    assert found.detach


def test_every_filter_module_is_asked_once() -> None:
    names = [check.__module__ for check in FILTERS]

    assert len(names) == len(set(names)) == 10
