"""The static pods' folder, and apiservers with two ways of authentication."""

from __future__ import annotations

import pytest

from cp_ingress_core.preflight import manifests
from cp_ingress_core.preflight.manifests import StaticPod

API = StaticPod("/m/kube-apiserver.yaml", "kube-system/kube-apiserver")
COPY = StaticPod("/m/kube-apiserver.yaml.bak", "kube-system/kube-apiserver")
ETCD = StaticPod("/m/etcd.yaml", "kube-system/etcd")


@pytest.mark.parametrize(
    ("files", "words"),
    [
        pytest.param([API, ETCD], [], id="as kubeadm makes it"),
        pytest.param([API, ETCD, COPY], ["kube-apiserver.yaml.bak"], id="a copy beside the original"),
        pytest.param([API, StaticPod("/m/notes.txt", "")], ["notes.txt"], id="no pod at all"),
    ],
)
def test_the_folder(files: list[StaticPod], words: list[str]) -> None:
    found = manifests.check_folder(files)
    assert [(finding.id, finding.level) for finding in found] == [("foreign-manifest", "warning")] * len(
        words
    )
    assert all(word in finding.evidence for word, finding in zip(words, found, strict=True))


FLAGS = ("kube-apiserver", "--oidc-issuer-url=https://x", "--oidc-client-id=y")
FILE = ("kube-apiserver", "--authentication-config=/etc/a.yaml")


@pytest.mark.parametrize(
    ("commands", "ids"),
    [
        pytest.param({"a": FLAGS, "b": FILE}, [], id="one way each"),
        pytest.param({"a": FLAGS, "b": (*FILE, "--oidc-client-id=y")}, ["oidc-flags-and-file"], id="both"),
        pytest.param({}, [], id="no apiserver seen"),
    ],
)
def test_ways_of_authentication(commands: dict[str, tuple[str, ...]], ids: list[str]) -> None:
    found = manifests.check_authentication(commands)
    assert [finding.id for finding in found] == ids
    assert all(finding.evidence.startswith("b has --oidc-client-id") for finding in found)


def test_command_lines_come_from_the_apiservers_pods() -> None:
    container = {"name": "kube-apiserver", "command": ["kube-apiserver"], "args": ["--v=2"]}
    pods = [
        {
            "kind": "Pod",
            "metadata": {"name": "kube-apiserver-a", "namespace": "kube-system"},
            "spec": {"containers": [container, {"name": "sidecar"}]},
        }
    ]
    assert manifests.commands(pods) == {"Pod kube-system/kube-apiserver-a": ("kube-apiserver", "--v=2")}
