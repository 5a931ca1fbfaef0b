"""This node, read from files as kubeadm writes them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cp_ingress_core.preflight import machine
from cp_ingress_core.preflight.manifests import StaticPod
from cp_ingress_core.settings import Settings
from tests.unit.pki import make_ca

APISERVER = """
apiVersion: v1
kind: Pod
metadata: {name: kube-apiserver, namespace: kube-system}
spec:
  containers:
  - name: kube-apiserver
    command: [kube-apiserver, --oidc-issuer-url=https://x]
    args: [--v=1]
"""
KUBELET = "clusters: [{name: c, cluster: {server: 'https://10.200.0.11:6443'}}]\n"
TABLE = "  sl  local_address rem_address   st\n   0: 00000000:20FB 00000000:0000 0A 0\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name, text in {
        "etc/kubernetes/manifests/kube-apiserver.yaml": APISERVER,
        "etc/kubernetes/manifests/.kube-apiserver.yaml.new": "half of",
        "etc/kubernetes/manifests/note.txt": "to do: [",
        "etc/kubernetes/kubelet.conf": KUBELET,
        "proc/net/tcp": TABLE,
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_a_master_is_read(root: Path) -> None:
    found = machine.read(root)
    folder = root / "etc/kubernetes/manifests"
    api = str(folder / "kube-apiserver.yaml")
    assert found.static_pods == (
        StaticPod(api, "kube-system/kube-apiserver"),
        StaticPod(str(folder / "note.txt"), ""),
    )
    assert found.commands == {api: ("kube-apiserver", "--oidc-issuer-url=https://x", "--v=1")}
    assert found.kubelet_server == "https://10.200.0.11:6443"
    assert [(str(address), port) for address, port in found.listeners] == [("0.0.0.0", 8443)]  # noqa: S104
    assert "127.0.0.1" in found.addresses
    assert found.unread == ()


def test_the_kubelet_says_where_its_static_pods_are(root: Path) -> None:
    (root / "var/lib/kubelet").mkdir(parents=True)
    (root / "var/lib/kubelet/config.yaml").write_text("staticPodPath: /srv/pods\n")
    (root / "srv").mkdir()
    (root / "etc/kubernetes/manifests").rename(root / "srv/pods")
    assert [Path(file.path).name for file in machine.read(root).static_pods] == [
        "kube-apiserver.yaml",
        "note.txt",
    ]


def test_a_machine_beside_the_cluster_has_nothing_of_it(tmp_path: Path) -> None:
    found = machine.read(tmp_path)
    assert (found.static_pods, found.kubelet_server, found.listeners, found.unread) == (
        (),
        "",
        frozenset(),
        (),
    )


def test_what_may_not_be_read_is_noted(root: Path) -> None:
    target = root / "etc/kubernetes/kubelet.conf"
    target.unlink()
    target.mkdir()
    found = machine.read(root)
    assert found.unread == (f"{target}: {os.strerror(21)}",)


def settings(folder: Path, **certificate: object) -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": True},
        "ingress": {"ip": "10.200.0.50"},
    }
    tuning = {"certificate": {"pki_dir": str(folder), **certificate}}
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}, "cp_ingress": tuning})


def test_what_was_issued_here_is_read(tmp_path: Path) -> None:
    wanted = settings(tmp_path)
    assert machine.issued(wanted).ca is None
    Path(wanted.ca_certificate).write_text(make_ca().certificate_pem)
    Path(wanted.server_certificate).write_text("nothing of the kind")
    found = machine.issued(wanted)
    assert found.ca is not None
    assert (found.ca_key, found.server) == (False, None)
    assert [wanted.server_certificate in text for text in found.unreadable] == [True]
