"""What the shipped option files make of the charts, rendered by the real helm."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_ingress_core.failover import CONFIG_MAP
from tests.formula.goldens.cases import CASES, ONE_MASTER, Case
from tests.formula.goldens.summary import summary
from tests.sandbox.build import charts

GOLDENS = Path(__file__).resolve().parents[1] / "formula" / "goldens"
# Maps that the chart hands on as they are.
FREE = ("nodeSelector", "updateStrategy")
ALL_CASES = {**CASES, "ingress-nginx-one-master": ONE_MASTER}
Objects = list[dict[str, Any]]


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(params=ALL_CASES.values(), ids=ALL_CASES.keys())
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def objects(case: Case, cache_dir: Path) -> Objects:
    return case.render(cache_dir)


def of_kind(objects: Objects, kind: str) -> Objects:
    return [item for item in objects if item["kind"] == kind]


@pytest.mark.parametrize("name", CASES)
def test_a_render_is_as_its_golden_says(name: str, cache_dir: Path) -> None:
    """When the difference is wanted, run ``make goldens`` and commit it."""
    golden = yaml.safe_load((GOLDENS / f"{name}.yaml").read_text(encoding="utf-8"))
    assert summary(CASES[name].render(cache_dir)) == golden


def _unknown(ours: Any, theirs: Any, path: str) -> Iterator[str]:
    if not isinstance(ours, dict) or not isinstance(theirs, dict) or not theirs or path.endswith(FREE):
        return
    for key, value in ours.items():
        below = f"{path}.{key}" if path else key
        if key not in theirs:
            yield below
        else:
            yield from _unknown(value, theirs[key], below)


def _chart_values(chart: str) -> dict[str, Any]:
    with tarfile.open(charts()[chart].path, "r:gz") as archive:
        stream = archive.extractfile(f"{chart}/values.yaml")
        assert stream is not None
        return yaml.safe_load(stream.read())


def test_every_value_that_is_set_is_one_that_the_chart_reads(case: Case) -> None:
    assert list(_unknown(case.values(), _chart_values(case.chart), "")) == []


def test_a_renamed_value_would_be_noticed(case: Case) -> None:
    values = {**case.values(), "controler": {}}
    assert list(_unknown(values, _chart_values(case.chart), "")) == ["controler"]


def test_nothing_goes_into_another_namespace_and_cluster_kinds_into_none(
    case: Case, objects: Objects
) -> None:
    cluster = {
        "ClusterRole",
        "ClusterRoleBinding",
        "CustomResourceDefinition",
        "IngressClass",
        "ValidatingWebhookConfiguration",
    }
    for item in objects:
        expected = None if item["kind"] in cluster else case.namespace
        assert item["metadata"].get("namespace") == expected, item["metadata"]["name"]


def test_every_object_is_labelled_as_salts(objects: Objects) -> None:
    assert {item["metadata"]["labels"]["app.kubernetes.io/managed-by"] for item in objects} == {"Salt"}


def test_no_ca_bundle_no_hook_and_no_null_timestamp_is_left(objects: Objects) -> None:
    text = yaml.safe_dump(objects)
    for word in ("caBundle", "helm.sh/hook", "creationTimestamp: null"):
        assert word not in text


def test_pods_stay_on_control_plane_nodes_and_take_no_host_port(case: Case, objects: Objects) -> None:
    workloads = of_kind(objects, "Deployment") + of_kind(objects, "DaemonSet")
    assert workloads
    for item in workloads:
        pod = item["spec"]["template"]["spec"]
        assert pod["nodeSelector"] == {
            "kubernetes.io/os": "linux",
            "node-role.kubernetes.io/control-plane": "",
        }
        assert "node-role.kubernetes.io/control-plane" in {taint["key"] for taint in pod["tolerations"]}
        if case.chart == "ingress-nginx":
            assert not pod.get("hostNetwork")
            assert not [port for box in pod["containers"] for port in box["ports"] if "hostPort" in port]


def test_metallb_is_layer_2_only(cache_dir: Path) -> None:
    objects = CASES["metallb"].render(cache_dir)
    assert "frr" not in yaml.safe_dump(summary(objects)).lower()
    (speaker,) = of_kind(objects, "DaemonSet")
    (container,) = speaker["spec"]["template"]["spec"]["containers"]
    assert "--ignore-exclude-lb" in container["args"]
    assert not [arg for arg in container["args"] if arg.startswith("--lb-class")]
    assert "METALLB_BGP_TYPE" not in {entry["name"] for entry in container["env"]}
    assert len(of_kind(objects, "CustomResourceDefinition")) > 5


def nginx(cache_dir: Path, name: str) -> tuple[Objects, dict[str, Any]]:
    """Return the objects of a case, and its one workload."""
    objects = ALL_CASES[name].render(cache_dir)
    (workload,) = of_kind(objects, "Deployment") + of_kind(objects, "DaemonSet")
    return objects, workload


@pytest.mark.parametrize("name", [name for name in ALL_CASES if name.startswith("ingress-nginx")])
def test_nginx_serves_our_class_and_certificate_and_needs_no_service(cache_dir: Path, name: str) -> None:
    objects, workload = nginx(cache_dir, name)
    assert not of_kind(objects, "Service")
    assert not of_kind(objects, "ValidatingWebhookConfiguration")
    args = workload["spec"]["template"]["spec"]["containers"][0]["args"]
    for wanted in (
        "--controller-class=k8s.io/ingress-nginx-control-plane",
        "--ingress-class=nginx-control-plane",
        "--election-id=nginx-control-plane-leader",
        "--default-ssl-certificate=cp-ingress/cp-ingress-tls",
    ):
        assert wanted in args
    assert not [arg for arg in args if arg.startswith(("--publish", "--validating-webhook"))]
    # A restart for each new IP would be a gap: nothing in the pods may follow it.
    assert "10.200.0.50" not in yaml.safe_dump(objects)


def test_both_modes_differ_in_the_workload_and_its_budget_alone(cache_dir: Path) -> None:
    metallb, deployment = nginx(cache_dir, "ingress-nginx-metallb")
    external, daemon_set = nginx(cache_dir, "ingress-nginx-external")
    own = ("Deployment", "DaemonSet", "PodDisruptionBudget")
    assert [item for item in metallb if item["kind"] not in own] == [
        item for item in external if item["kind"] not in own
    ]
    assert deployment["metadata"] == daemon_set["metadata"]
    pods = [dict(item["spec"]["template"]["metadata"]["labels"]) for item in (deployment, daemon_set)]
    assert [labels.pop("cp-ingress.io/workload") for labels in pods] == [
        "nginx-deployment",
        "nginx-daemonset",
    ]
    assert pods[0] == pods[1]
    selector = {"app.kubernetes.io/name": "ingress-nginx", "app.kubernetes.io/instance": "ingress-nginx"}
    assert {**selector, "app.kubernetes.io/component": "controller"}.items() <= pods[0].items()
    containers = [item["spec"]["template"]["spec"]["containers"] for item in (deployment, daemon_set)]
    assert containers[0] == containers[1]


def test_replicas_keep_apart_within_one_revision_only(cache_dir: Path) -> None:
    objects, deployment = nginx(cache_dir, "ingress-nginx-metallb")
    spec = deployment["spec"]
    assert spec["replicas"] == 2
    affinity = spec["template"]["spec"]["affinity"]["podAntiAffinity"]
    (term,) = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["labelSelector"] == {"matchLabels": {"cp-ingress.io/workload": "nginx-deployment"}}
    assert term["matchLabelKeys"] == ["pod-template-hash"]
    assert [budget["spec"]["minAvailable"] for budget in of_kind(objects, "PodDisruptionBudget")] == [1]
    lost = {
        taint["key"]: taint["tolerationSeconds"]
        for taint in spec["template"]["spec"]["tolerations"]
        if "tolerationSeconds" in taint
    }
    assert lost == {"node.kubernetes.io/unreachable": 5, "node.kubernetes.io/not-ready": 5}


def test_a_rollout_brings_the_new_replicas_first_beside_the_old_ones(cache_dir: Path) -> None:
    _, deployment = nginx(cache_dir, "ingress-nginx-metallb")
    spec = deployment["spec"]
    assert spec["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 2}
    affinity = spec["template"]["spec"]["affinity"]["podAffinity"]
    (preferred,) = affinity["preferredDuringSchedulingIgnoredDuringExecution"]
    term = preferred["podAffinityTerm"]
    assert term["labelSelector"] == {"matchLabels": {"cp-ingress.io/workload": "nginx-deployment"}}
    assert term["mismatchLabelKeys"] == ["pod-template-hash"]


@pytest.mark.parametrize("name", [name for name in ALL_CASES if name.startswith("ingress-nginx")])
def test_a_pod_that_ends_serves_on_until_everybody_has_noticed(cache_dir: Path, name: str) -> None:
    _, workload = nginx(cache_dir, name)
    pod = workload["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    (grace,) = [int(arg.partition("=")[2]) for arg in container["args"] if "shutdown-grace-period" in arg]
    probe = container["readinessProbe"]
    assert probe["periodSeconds"] * probe["failureThreshold"] < grace < pod["terminationGracePeriodSeconds"]
    # /healthz fails from the first moment of the shutdown, which this begins.
    assert container["lifecycle"]["preStop"]["exec"]["command"] == ["/wait-shutdown"]
    assert probe["httpGet"]["path"] == "/healthz"


def test_speakers_are_not_the_first_to_suffer_on_a_busy_node(cache_dir: Path) -> None:
    (speaker,) = of_kind(CASES["metallb"].render(cache_dir), "DaemonSet")
    pod = speaker["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "system-node-critical"
    assert pod["containers"][0]["resources"]["requests"]["cpu"] == "100m"


def test_speakers_restart_for_other_timings(cache_dir: Path) -> None:
    (speaker,) = of_kind(CASES["metallb"].render(cache_dir), "DaemonSet")
    assert speaker["spec"]["template"]["metadata"]["annotations"]["cp-ingress.io/timings"] == "of-a-test"
    # The chart mounts them where they are.
    volumes = {volume["name"]: volume for volume in speaker["spec"]["template"]["spec"]["volumes"]}
    assert volumes["memberlist-config"]["configMap"] == {"name": CONFIG_MAP, "optional": True}


def test_on_one_master_the_one_replica_is_replaced_before_it_goes(cache_dir: Path) -> None:
    objects, deployment = nginx(cache_dir, "ingress-nginx-one-master")
    assert deployment["spec"]["replicas"] == 1
    assert deployment["spec"]["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert "affinity" not in deployment["spec"]["template"]["spec"]
    assert not of_kind(objects, "PodDisruptionBudget")


def test_external_mode_runs_one_per_node_and_brings_the_new_one_first(cache_dir: Path) -> None:
    objects, daemon_set = nginx(cache_dir, "ingress-nginx-external")
    assert daemon_set["kind"] == "DaemonSet"
    assert daemon_set["spec"]["updateStrategy"] == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1},
    }
    assert not of_kind(objects, "PodDisruptionBudget")


def test_the_image_digest_can_be_taken_away(cache_dir: Path) -> None:
    case = CASES["ingress-nginx-external"]
    for digest in ("", None):
        objects = case.render(cache_dir, {"controller": {"image": {"digest": digest}}})
        (workload,) = of_kind(objects, "DaemonSet")
        assert "@" not in workload["spec"]["template"]["spec"]["containers"][0]["image"]


def test_nodes_with_other_labels_can_be_chosen_key_by_key(cache_dir: Path) -> None:
    selector = {"node-role.kubernetes.io/control-plane": None, "node-role.kubernetes.io/master": ""}
    for name in ("ingress-nginx-external", "metallb"):
        objects = CASES[name].render(cache_dir, {"controller": {"nodeSelector": selector}})
        (workload,) = [
            item
            for item in of_kind(objects, "Deployment") + of_kind(objects, "DaemonSet")
            if item["metadata"]["name"].endswith("controller")
        ]
        assert workload["spec"]["template"]["spec"]["nodeSelector"] == {
            "kubernetes.io/os": "linux",
            "node-role.kubernetes.io/master": "",
        }
