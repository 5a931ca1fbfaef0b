"""What is changed in rendered objects: data in, data out."""

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.chart.adjust import adjust
from cp_ingress_core.errors import ChartError

MANAGED_BY = "app.kubernetes.io/managed-by"


def obj(api_version: str, kind: str, name: str = "x", **rest: Any) -> dict[str, Any]:
    metadata = {"name": name, **rest.pop("metadata", {})}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **rest}


def one(given_object: dict[str, Any]) -> dict[str, Any]:
    (result,) = adjust([given_object], "here")
    return result


def workload(kind: str = "Deployment", **labels: str) -> dict[str, Any]:
    return obj(
        "apps/v1",
        kind,
        spec={
            "selector": {"matchLabels": {"app": "x"}},
            "template": {
                "metadata": {"creationTimestamp": None, "labels": {"app": "x", **labels}},
                "spec": {},
            },
        },
    )


CRDS = [
    obj(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        f"{plural}.example.io",
        spec={"group": "example.io", "scope": scope, "names": {"kind": kind}},
    )
    for plural, kind, scope in (("pools", "Pool", "Namespaced"), ("fleets", "Fleet", "Cluster"))
]


@pytest.mark.parametrize(
    ("api_version", "kind", "written", "expected"),
    [
        pytest.param("v1", "Service", None, "here", id="a namespaced kind gets the namespace"),
        pytest.param("apps/v1", "DaemonSet", "", "here", id="an empty namespace is none"),
        pytest.param(
            "rbac.authorization.k8s.io/v1", "Role", "there", "there", id="the chart's own choice stays"
        ),
        pytest.param(
            "rbac.authorization.k8s.io/v1", "ClusterRole", None, None, id="a cluster kind gets none"
        ),
        pytest.param(
            "rbac.authorization.k8s.io/v1", "ClusterRole", "there", None, id="a cluster kind loses it"
        ),
        pytest.param("networking.k8s.io/v1", "IngressClass", "there", None, id="an IngressClass loses it"),
        pytest.param("example.io/v1", "Pool", None, "here", id="a namespaced kind of a CRD in the render"),
        pytest.param("example.io/v1", "Fleet", "there", None, id="a cluster kind of a CRD in the render"),
        pytest.param("other.io/v1", "Thing", None, None, id="an unknown kind stays without"),
        pytest.param("other.io/v1", "Thing", "there", "there", id="an unknown kind keeps its own"),
        pytest.param("other.io/v1", "Service", None, None, id="the same kind in an unknown group"),
    ],
)
def test_namespaces_go_on_namespaced_kinds_only(
    api_version: str, kind: str, written: str | None, expected: str | None
) -> None:
    metadata = {} if written is None else {"namespace": written}
    result = adjust([*CRDS, obj(api_version, kind, metadata=metadata)], "here")[-1]
    assert result["metadata"].get("namespace") == expected


@pytest.mark.parametrize("bundle", ["", "Cg==", None])
def test_empty_ca_bundles_are_left_to_the_server(bundle: str | None) -> None:
    client = {"service": {"name": "s", "namespace": "n"}, "caBundle": bundle}
    webhook = one(
        obj(
            "admissionregistration.k8s.io/v1",
            "ValidatingWebhookConfiguration",
            webhooks=[
                {"name": "a", "clientConfig": dict(client)},
                {"name": "b", "clientConfig": {"url": "u"}},
            ],
        )
    )
    assert webhook["webhooks"][0]["clientConfig"] == {"service": {"name": "s", "namespace": "n"}}
    crd = copy.deepcopy(CRDS[0])
    crd["spec"]["conversion"] = {"strategy": "Webhook", "webhook": {"clientConfig": dict(client)}}
    assert "caBundle" not in one(crd)["spec"]["conversion"]["webhook"]["clientConfig"]
    service = one(obj("apiregistration.k8s.io/v1", "APIService", spec={"caBundle": bundle, "group": "g"}))
    assert service["spec"] == {"group": "g"}


def test_a_ca_bundle_with_content_stays() -> None:
    hook = obj(
        "admissionregistration.k8s.io/v1",
        "MutatingWebhookConfiguration",
        webhooks=[{"name": "a", "clientConfig": {"caBundle": "Y2E="}}],
    )
    assert one(hook)["webhooks"][0]["clientConfig"] == {"caBundle": "Y2E="}


@pytest.mark.parametrize("hook", ["pre-install,pre-upgrade", "test", "test-success", "post-delete"])
def test_hooks_and_test_pods_are_dropped(hook: str) -> None:
    pod = obj("v1", "Pod", metadata={"annotations": {"helm.sh/hook": hook}})
    assert adjust([pod, obj("v1", "Secret")], "here")[0]["kind"] == "Secret"


def test_what_only_the_server_writes_is_dropped() -> None:
    given_object = workload()
    given_object["metadata"] |= {"creationTimestamp": None, "annotations": None, "labels": None}
    given_object["status"] = {"replicas": 1}
    given_object["spec"]["volumeClaimTemplates"] = [{"metadata": {"name": "v", "creationTimestamp": None}}]
    result = one(given_object)
    assert result["metadata"] == {"name": "x", "namespace": "here", "labels": {MANAGED_BY: "Salt"}}
    assert "status" not in result
    assert result["spec"]["template"]["metadata"] == {"labels": {"app": "x"}}
    assert result["spec"]["volumeClaimTemplates"] == [{"metadata": {"name": "v"}}]


def test_null_outside_metadata_is_the_charts_business() -> None:
    assert one(obj("v1", "ConfigMap", data={"a": None}))["data"] == {"a": None}


def test_objects_are_labelled_as_salts() -> None:
    labelled = one(obj("v1", "Service", metadata={"labels": {MANAGED_BY: "Helm", "app": "x"}}))
    assert labelled["metadata"]["labels"] == {MANAGED_BY: "Salt", "app": "x"}


def test_pod_templates_are_labelled_only_where_the_chart_did() -> None:
    assert one(workload())["spec"]["template"]["metadata"]["labels"] == {"app": "x"}
    labels = one(workload(**{MANAGED_BY: "Helm"}))["spec"]["template"]["metadata"]["labels"]
    assert labels == {"app": "x", MANAGED_BY: "Salt"}


def test_the_pods_of_a_cron_job_are_labelled_like_others() -> None:
    pods = {"metadata": {"labels": {MANAGED_BY: "Helm"}}}
    job = {"metadata": {"labels": {MANAGED_BY: "Helm"}}, "spec": {"template": pods}}
    result = one(obj("batch/v1", "CronJob", spec={"jobTemplate": job}))["spec"]["jobTemplate"]
    assert result["metadata"]["labels"] == {MANAGED_BY: "Salt"}
    assert result["spec"]["template"]["metadata"]["labels"] == {MANAGED_BY: "Salt"}


@pytest.mark.parametrize(
    "selecting",
    [
        pytest.param({"selector": {MANAGED_BY: "Helm"}}, id="a Service"),
        pytest.param({"selector": {"matchLabels": {MANAGED_BY: "Helm"}}}, id="a workload or budget"),
        pytest.param({"podSelector": {"matchLabels": {MANAGED_BY: "Helm"}}}, id="a network policy"),
    ],
)
def test_a_label_that_a_selector_asks_for_stays_with_the_selector(selecting: dict) -> None:
    pods, chooser = adjust([workload(**{MANAGED_BY: "Helm"}), obj("v1", "Service", spec=selecting)], "here")
    assert pods["spec"]["template"]["metadata"]["labels"][MANAGED_BY] == "Helm"
    assert chooser["spec"] == selecting


def test_an_object_twice_is_refused_by_name() -> None:
    twice = [obj("v1", "Service"), obj("v1", "Service", metadata={"namespace": "here"}), obj("v1", "Secret")]
    with pytest.raises(ChartError, match=r"more than once: Service\.core here/x;") as caught:
        adjust(twice, "here")
    assert caught.value.info["objects"] == ["Service.core here/x"]


def test_one_name_in_two_kinds_groups_or_namespaces_is_no_duplicate() -> None:
    objects = [
        obj("v1", "Service"),
        obj("v1", "Service", metadata={"namespace": "there"}),
        obj("other.io/v1", "Service"),
        obj("v1", "Secret"),
    ]
    assert len(adjust(objects, "here")) == 4


KINDS = st.sampled_from(
    [
        ("v1", "Service"),
        ("v1", "Namespace"),
        ("apps/v1", "Deployment"),
        ("x.io/v1", "Thing"),
        ("batch/v1", "CronJob"),
    ]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.text(max_size=3),
    lambda below: (
        st.lists(below, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                [
                    "metadata",
                    "labels",
                    "template",
                    "jobTemplate",
                    "spec",
                    "selector",
                    "matchLabels",
                    MANAGED_BY,
                ]
            ),
            below,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(KINDS, JSON)
def test_any_spec_is_survived_left_alone_and_adjusting_twice_is_adjusting_once(
    kind: tuple[str, str], spec: Any
) -> None:
    given_object = obj(*kind, spec=spec)
    before = copy.deepcopy(given_object)
    once = adjust([given_object], "here")
    assert given_object == before
    assert adjust(once, "here") == once
