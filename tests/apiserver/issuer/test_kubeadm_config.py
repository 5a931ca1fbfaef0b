"""kubeadm's ConfigMap kept in step, with no more permissions than the page on the apiservers lists."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Ingress, Node

ROOT = Path(__file__).resolve().parents[3]
CONFIG_MAP = "/api/v1/namespaces/kube-system/configmaps/kubeadm-config"


@pytest.fixture(scope="module")
def permitted(node: Node) -> str:
    """A kubeconfig of a user with the documented permissions and no others."""
    page = (ROOT / "docs" / "apiserver.md").read_text()
    (text,) = re.findall(r"```yaml\n(apiVersion: rbac.*?)```", page, re.DOTALL)
    role = yaml.safe_load(text)
    binding = {
        "apiVersion": role["apiVersion"],
        "kind": "ClusterRoleBinding",
        "metadata": {"name": "cp-ingress-apiserver"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", **role["metadata"]},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": "cp-ingress"}],
    }
    listed = {"apiVersion": "v1", "kind": "List", "items": [role, binding]}
    node.apiserver.kubectl("apply", "--filename=-", stdin=json.dumps(listed))
    return str(node.apiserver.kubeconfig_for("cp-ingress"))


@pytest.fixture(scope="module")
def kubeadm(node: Node) -> dict[str, Any]:
    """The ConfigMap as kubeadm writes it, other keys and all."""
    cluster = {
        "apiVersion": "kubeadm.k8s.io/v1beta4",
        "kind": "ClusterConfiguration",
        "apiServer": {"extraArgs": [{"name": "v", "value": "2"}]},
        "clusterName": "sandbox",
    }
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "kubeadm-config"},
        "data": {"ClusterConfiguration": yaml.safe_dump(cluster, sort_keys=False)},
    }
    path = f"{CONFIG_MAP.rpartition('/')[0]}?fieldManager=kubeadm"
    status, found = node.apiserver.request("POST", path, body)
    assert status == 201, found
    return cluster


def cluster_configuration(node: Node) -> tuple[str, dict[str, Any]]:
    _, found = node.apiserver.request("GET", CONFIG_MAP)
    return found["metadata"]["resourceVersion"], yaml.safe_load(found["data"]["ClusterConfiguration"])


def test_it_is_kept_in_step_with_the_documented_permissions(
    node: Node, old: Ingress, issuer: Issuer, permitted: str, kubeadm: dict[str, Any]
) -> None:
    predicted = issuer(old.issuer, kubeconfig=permitted, test=True)
    assert predicted["result"] is None, predicted
    assert cluster_configuration(node)[1] == kubeadm
    result = issuer(old.issuer, kubeconfig=permitted)
    assert result["result"] is True, result
    assert list(result["changes"]) == list(predicted["changes"])
    assert "kube-system/kubeadm-config" in result["changes"]
    version, found = cluster_configuration(node)
    assert found["clusterName"] == "sandbox"
    assert found["apiServer"]["extraArgs"] == [
        {"name": "v", "value": "2"},
        {"name": "authentication-config", "value": str(node.structured)},
    ]
    assert [volume["hostPath"] for volume in found["apiServer"]["extraVolumes"]] == [str(node.config_dir)]
    again = issuer(old.issuer, kubeconfig=permitted)
    assert (again["result"], again["changes"]) == (True, {}), again
    assert cluster_configuration(node)[0] == version


def test_what_kubeadm_wrote_since_is_kept_and_ours_comes_back(
    node: Node, old: Ingress, issuer: Issuer, permitted: str, kubeadm: dict[str, Any]
) -> None:
    kubeadm["kubernetesVersion"] = "v1.36.3"
    _, live = node.apiserver.request("GET", CONFIG_MAP)
    live["data"]["ClusterConfiguration"] = yaml.safe_dump(kubeadm, sort_keys=False)
    node.apiserver.request("PUT", f"{CONFIG_MAP}?fieldManager=kubeadm", live)
    result = issuer(old.issuer, kubeconfig=permitted)
    assert list(result["changes"]) == ["kube-system/kubeadm-config"], result
    _, found = cluster_configuration(node)
    assert found["kubernetesVersion"] == "v1.36.3"
    assert "authentication-config" in [argument["name"] for argument in found["apiServer"]["extraArgs"]]


def test_a_format_that_is_not_known_fails_the_state_after_the_apiserver_is_set(
    node: Node, old: Ingress, issuer: Issuer, permitted: str, kubeadm: dict[str, Any]
) -> None:
    _, live = node.apiserver.request("GET", CONFIG_MAP)
    live["data"]["ClusterConfiguration"] = "kind: ClusterConfiguration\napiVersion: kubeadm.k8s.io/v9\n"
    node.apiserver.request("PUT", f"{CONFIG_MAP}?fieldManager=kubeadm", live)
    result = issuer(old.issuer, kubeconfig=permitted, username_prefix="dex:")
    assert result["result"] is False
    assert "kubeadm.k8s.io/v9 is unknown" in result["comment"]
    assert list(result["changes"]) == [str(node.structured)]


def test_without_permission_for_metrics_the_reason_is_named(
    node: Node, old: Ingress, issuer: Issuer, testmode: bool
) -> None:
    nobody = str(node.apiserver.kubeconfig_for("nobody"))
    before = node.manifest.read_text(), node.structured.read_text()
    result = issuer(old.issuer, kubeconfig=nobody, username_prefix="x:", test=testmode)
    assert result["result"] is False, result
    assert (node.manifest.read_text(), node.structured.read_text()) == before
