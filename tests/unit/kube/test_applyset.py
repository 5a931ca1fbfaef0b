"""The format of KEP-3659; refusals on real parents are in the tests on a real apiserver."""

from __future__ import annotations

import pytest

from cp_ingress_core.errors import ApplySetError
from cp_ingress_core.kube.applyset import (
    GROUP_KINDS,
    GROUP_RESOURCES,
    NAMESPACES,
    OUR_TOOLING,
    Membership,
    Parent,
    old_resources,
    set_id,
    tool_name,
    verify,
)
from cp_ingress_core.kube.identity import ObjectKey

# Name, namespace, kind and group of a parent, and the id that kubectl (the first three) and kro compute.
ID_VECTORS = {
    ("my-set", "test", "Secret", ""): "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1",
    ("my-set", "", "ApplySet", "company.com"): "applyset-rhp1a-HVAVT_dFgyEygyA1BEB82HPp2o10UiFTpqtAs-v1",
    ("simple", "test", "Secret", ""): "applyset-bjd1LnyQq0mtUu-riZCqjDQOmh0iNb9O2RcuT12WR0k-v1",
    ("test-foo", "test-ns", "Foo", "foo.bar"): "applyset-f9Rk5tKHoB72oV1tU2iFKxDwL8MBZTjMHFQ8V9WNNlA-v1",
    ("parent-secret", "default", "Secret", ""): "applyset-wHf5Gity0G0nPN34KuNBIBBEOu2H9ED2KqsblMPFygM-v1",
}


@pytest.mark.parametrize(("parts", "expected"), ID_VECTORS.items(), ids=str)
def test_id_vectors(parts: tuple[str, str, str, str], expected: str) -> None:
    found = set_id(*parts)

    assert found == expected
    assert len(found) == 55


@pytest.mark.parametrize(
    ("tooling", "name"),
    [
        pytest.param("kubectl/v1.27", "kubectl", id="name and version"),
        pytest.param("helm", "helm", id="no version"),
        pytest.param("example.com/tool/why/v1", "example.com/tool/why", id="slashes in the name"),
    ],
)
def test_tool_names(tooling: str, name: str) -> None:
    assert tool_name(tooling) == name


def test_a_parent_declares_its_membership_sorted_and_without_its_own_namespace() -> None:
    keys = [
        ObjectKey("apps", "Deployment", "b", "x"),
        ObjectKey("", "ConfigMap", "home", "x"),
        ObjectKey("", "Secret", "a", "x"),
        ObjectKey("", "Namespace", "", "a"),
    ]

    annotations = Parent("set", "home").manifest(Membership.of(keys), {})["metadata"]["annotations"]

    assert annotations[GROUP_KINDS] == "ConfigMap,Deployment.apps,Namespace,Secret"
    assert annotations[NAMESPACES] == "a,b"
    assert tool_name(OUR_TOOLING) == "salt-cp-ingress"


def test_what_a_parent_declares_is_read_back() -> None:
    parent = Parent("set", "home")
    membership = Membership(frozenset({("", "ConfigMap"), ("foo.bar", "Foo")}), frozenset({"home", "other"}))

    assert verify(parent, parent.manifest(membership, {})) == membership


def test_an_empty_set_is_no_damage() -> None:
    parent = Parent("set", "home")

    assert verify(parent, parent.manifest(Membership(), {})).kinds == frozenset()


def test_the_deprecated_annotation_is_read_only_where_it_stands_alone() -> None:
    parent = Parent("set", "home")
    live = parent.manifest(Membership(), {})
    live["metadata"]["annotations"][GROUP_RESOURCES] = "configmaps,deployments.apps"
    assert old_resources(live) == []

    del live["metadata"]["annotations"][GROUP_KINDS]
    assert old_resources(live) == [("", "configmaps"), ("apps", "deployments")]
    assert verify(parent, live).kinds == frozenset()


def test_a_borrowed_id_is_refused() -> None:
    borrowed = Parent("other", "home").manifest(Membership(), {})

    with pytest.raises(ApplySetError, match="this name and namespace give"):
        verify(Parent("set", "home"), borrowed)
