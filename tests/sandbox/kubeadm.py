"""kubeadm's part: configuration of init and join, and running them."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import yaml
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.sandbox.addresses import API_HOST, API_PORT, POD_CIDR, SERVICE_CIDR, NodeAddress
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import FILES, Node
from tests.sandbox.options import Options

KUBERNETES_VERSION = "v1.36.3"
API = "kubeadm.k8s.io/v1beta4"
AUDIT_POLICY = "/etc/kubernetes/audit-policy.yaml"
AUDIT_DIR = "/var/log/kubernetes/audit"
CRI_SOCKET = "unix:///run/containerd/containerd.sock"
PLUGIN_DIR = "/var/lib/kubelet/volumeplugins"
"""kubeadm's and the kubelet's default would be made on the host's disk."""


@dataclass(frozen=True)
class Secrets:
    """What joining nodes need to be let in."""

    token: str
    certificate_key: str

    @classmethod
    def generate(cls) -> Secrets:
        """New random ones in kubeadm's formats."""
        return cls(f"{secrets.token_hex(3)}.{secrets.token_hex(8)}", secrets.token_hex(32))


def init_documents(node: NodeAddress, options: Options, keys: Secrets) -> list[dict[str, Any]]:
    """Configuration of `kubeadm init` on the first node, as parsed documents."""
    init = {
        "apiVersion": API,
        "kind": "InitConfiguration",
        "localAPIEndpoint": {"advertiseAddress": node.ip, "bindPort": API_PORT},
        "bootstrapTokens": [{"token": keys.token}],
        "certificateKey": keys.certificate_key,
        "nodeRegistration": _registration(node),
    }
    return [init, _cluster(options), _kubelet(), _kube_proxy(options)]


def join_documents(node: NodeAddress, keys: Secrets, ca_hash: str) -> list[dict[str, Any]]:
    """Configuration of `kubeadm join` as a further control-plane node."""
    token = {
        "apiServerEndpoint": f"{API_HOST}:{API_PORT}",
        "token": keys.token,
        "caCertHashes": [ca_hash],
    }
    join = {
        "apiVersion": API,
        "kind": "JoinConfiguration",
        "discovery": {"bootstrapToken": token},
        "controlPlane": {
            "localAPIEndpoint": {"advertiseAddress": node.ip, "bindPort": API_PORT},
            "certificateKey": keys.certificate_key,
        },
        "nodeRegistration": _registration(node),
    }
    return [join]


def ca_certificate_hash(pem: bytes) -> str:
    """How kubeadm pins a CA: `sha256:` and the digest of its public key."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    return (
        "sha256:"
        + hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()
    )


def init(node: Node, options: Options, keys: Secrets) -> str:
    """Make `node` the first master; returns the hash of the cluster's CA."""
    _write_files(node, init_documents(node.address, options, keys))
    _kubeadm(node, ["init", "--upload-certs", "--skip-phases=addon/coredns"])
    return ca_certificate_hash((node.disk / "etc/kubernetes/pki/ca.crt").read_bytes())


def join(node: Node, keys: Secrets, ca_hash: str) -> None:
    """Make `node` a further master."""
    _write_files(node, join_documents(node.address, keys, ca_hash))
    _kubeadm(node, ["join"])


def _registration(node: NodeAddress) -> dict[str, Any]:
    # No `taints`: the nodes get kubeadm's own taint and labels, which is what the product has to cope with.
    return {
        "name": node.name,
        "criSocket": CRI_SOCKET,
        "imagePullPolicy": "IfNotPresent",
        "kubeletExtraArgs": [{"name": "node-ip", "value": node.ip}],
        "ignorePreflightErrors": ["all"],
    }


def _cluster(options: Options) -> dict[str, Any]:
    audit_files = [
        {
            "name": "audit-policy",
            "hostPath": AUDIT_POLICY,
            "mountPath": AUDIT_POLICY,
            "readOnly": True,
            "pathType": "File",
        },
        {"name": "audit-log", "hostPath": AUDIT_DIR, "mountPath": AUDIT_DIR, "pathType": "DirectoryOrCreate"},
    ]
    flags = {
        "audit-policy-file": AUDIT_POLICY,
        "audit-log-path": f"{AUDIT_DIR}/audit.log",
        # Never rotated while a sandbox lives: tests read the file by offset.
        "audit-log-maxsize": "10000",
    }
    if options.external_ips == "denied":
        flags["enable-admission-plugins"] = "NodeRestriction,DenyServiceExternalIPs"
    return {
        "apiVersion": API,
        "kind": "ClusterConfiguration",
        "kubernetesVersion": KUBERNETES_VERSION,
        "clusterName": "sandbox",
        "controlPlaneEndpoint": f"{API_HOST}:{API_PORT}",
        "networking": {"podSubnet": POD_CIDR, "serviceSubnet": SERVICE_CIDR},
        "apiServer": {"extraArgs": _arguments(flags), "extraVolumes": audit_files},
        "controllerManager": {
            "extraArgs": _arguments({"allocate-node-cidrs": "false", "flex-volume-plugin-dir": PLUGIN_DIR})
        },
    }


def _kubelet() -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "cgroupDriver": "cgroupfs",
        "failCgroupV1": False,
        "failSwapOn": False,
        "enforceNodeAllocatable": [],
        "volumePluginDir": PLUGIN_DIR,
        # The host's disk and memory are not the node's: never evict pods or images because of them.
        "imageGCHighThresholdPercent": 100,
        "evictionHard": {
            "nodefs.available": "0%",
            "nodefs.inodesFree": "0%",
            "imagefs.available": "0%",
            "memory.available": "1Mi",
        },
    }


def _kube_proxy(options: Options) -> dict[str, Any]:
    gates = {"AllowServiceExternalIPs": False} if options.external_ips == "unserved" else {}
    return {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": options.proxy,
        "featureGates": gates,
        # Connection tracking limits belong to the whole machine; a namespace may not set them.
        "conntrack": {"maxPerCore": 0, "min": 0},
    }


def _arguments(values: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def _write_files(node: Node, documents: list[dict[str, Any]]) -> None:
    (node.directory / "kubeadm.yaml").write_text(yaml.safe_dump_all(documents, sort_keys=False))
    for directory in (AUDIT_DIR, PLUGIN_DIR):
        (node.disk / directory.lstrip("/")).mkdir(parents=True, exist_ok=True)
    policy = node.disk / AUDIT_POLICY.lstrip("/")
    policy.write_text((FILES / "audit-policy.yaml").read_text())


def _kubeadm(node: Node, arguments: list[str]) -> None:
    argv = ["kubeadm", *arguments, f"--config={node.directory}/kubeadm.yaml", "--ignore-preflight-errors=all"]
    done = node.run(argv, timeout=240, check=False)
    (node.directory / "log" / "kubeadm.log").write_text(done.stdout + done.stderr)
    if done.returncode != 0:
        tails = "\n".join(node.log_tail(name, 25) for name in ("kubeadm", "kubelet"))
        raise SandboxError(
            f"{node.name}: kubeadm {arguments[0]} failed with exit code {done.returncode}\n{tails}"
        )
