"""kubeadm's ClusterConfiguration in step with the manifest, in every format."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cp_ingress_core.apiserver import kubeadm
from cp_ingress_core.errors import ApiserverError

FILE = "/etc/kubernetes/cp-ingress/authentication.yaml"
FLAGS = {"authentication-config": [FILE], "oidc-issuer-url": [], "oidc-client-id": []}
MOUNT = ("/etc/kubernetes/cp-ingress", "/etc/kubernetes/cp-ingress")
VOLUME = {
    "name": "cp-ingress-authentication",
    "hostPath": MOUNT[0],
    "mountPath": MOUNT[1],
    "readOnly": True,
    "pathType": "DirectoryOrCreate",
}


def text(version: str, server: dict[str, Any] | None) -> str:
    document: dict[str, Any] = {"apiVersion": f"kubeadm.k8s.io/{version}", "kind": "ClusterConfiguration"}
    if server is not None:
        document["apiServer"] = server
    return yaml.safe_dump({**document, "clusterName": "sandbox"})


def listed(**flags: str) -> list[dict[str, str]]:
    return [{"name": name.replace("_", "-"), "value": value} for name, value in flags.items()]


CASES = [
    (
        "v1beta4",
        None,
        {"extraArgs": listed(authentication_config=FILE), "extraVolumes": [VOLUME]},
        "nothing yet",
    ),
    (
        "v1beta4",
        {
            "extraArgs": listed(oidc_issuer_url="a", v="2"),
            "certSANs": ["x"],
            "extraVolumes": [{"name": "audit"}],
        },
        {
            "extraArgs": [*listed(v="2"), *listed(authentication_config=FILE)],
            "certSANs": ["x"],
            "extraVolumes": [{"name": "audit"}, VOLUME],
        },
        "flags move to the file, the rest stays",
    ),
    (
        "v1beta3",
        {"extraArgs": {"oidc-issuer-url": "a", "v": "2"}},
        {"extraArgs": {"v": "2", "authentication-config": FILE}, "extraVolumes": [VOLUME]},
        "the older format",
    ),
]


@pytest.mark.parametrize(("version", "before", "after", "_"), CASES, ids=[row[3] for row in CASES])
def test_it_is_kept_in_step_and_the_second_time_left_alone(
    version: str, before: dict[str, Any] | None, after: dict[str, Any], _: str
) -> None:
    edited = kubeadm.edited(text(version, before), FLAGS, MOUNT)
    assert yaml.safe_load(edited)["apiServer"] == after
    assert yaml.safe_load(edited)["clusterName"] == "sandbox"
    assert kubeadm.edited(edited, FLAGS, MOUNT) == edited


def test_without_a_mount_of_ours_its_volume_goes() -> None:
    before = text("v1beta4", {"extraVolumes": [VOLUME]})
    assert yaml.safe_load(kubeadm.edited(before, {}, None)) == yaml.safe_load(text("v1beta4", {}))


def test_a_format_that_is_only_read_is_left_where_it_is_right() -> None:
    right = text("v1", {"extraArgs": listed(authentication_config=FILE), "extraVolumes": [VOLUME]})
    assert kubeadm.edited(right, FLAGS, MOUNT) == right


@pytest.mark.parametrize(
    "broken", [text("v1", None), text("v2", None), "[", "kind: Other"], ids=["v1", "v2", "not YAML", "kind"]
)
def test_a_format_that_cannot_be_written_is_refused_with_what_to_do(broken: str) -> None:
    with pytest.raises(ApiserverError, match=r"apiServer\.extraArgs"):
        kubeadm.edited(broken, FLAGS, MOUNT)


def test_flags_are_read_in_both_formats() -> None:
    assert kubeadm.flags(text("v1beta3", {"extraArgs": {"a": "1"}})) == {"a": ["1"]}
    assert kubeadm.flags(text("v1beta4", {"extraArgs": listed(a="1")})) == {"a": ["1"]}
    assert kubeadm.flags(text("v1beta4", None)) == {}
