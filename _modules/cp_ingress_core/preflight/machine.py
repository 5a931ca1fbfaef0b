"""Reads this node: the kubelet's files, the ports in use, the certificates issued here."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from cp_ingress_core import certificates, interfaces
from cp_ingress_core.certificates import Certificate
from cp_ingress_core.errors import ConfigError, CpIngressError
from cp_ingress_core.preflight import ports
from cp_ingress_core.preflight.certificates import Issued
from cp_ingress_core.preflight.facts import Machine
from cp_ingress_core.preflight.manifests import APISERVER, StaticPod
from cp_ingress_core.settings import Settings

_KUBELET = "etc/kubernetes/kubelet.conf"
_KUBELET_CONFIG = "var/lib/kubelet/config.yaml"
_MANIFESTS = "etc/kubernetes/manifests"


def read(root: Path = Path("/")) -> Machine:
    """Read this node; `root` is where its files are. What is not there, as on a machine beside the cluster,
    is left out, and what may not be read is noted.
    """
    unread: list[str] = []
    configuration = _mapping(root / _KUBELET_CONFIG, unread)
    folder = root / str(configuration.get("staticPodPath") or _MANIFESTS).lstrip("/")
    pods = {path: _mapping(path, unread) for path in _static(folder)}
    tables = [_text(root / "proc/net" / name, unread) for name in ("tcp", "tcp6")]
    return Machine(
        addresses=_addresses(unread),
        static_pods=tuple(StaticPod(str(path), _pod(found)) for path, found in pods.items()),
        commands={str(path): _command(found) for path, found in pods.items() if _command(found)},
        kubelet_server=_server(_mapping(root / _KUBELET, unread)),
        listeners=frozenset().union(*(ports.listeners(table) for table in tables)),
        unread=tuple(unread),
    )


def issued(settings: Settings) -> Issued:
    """Read the certificates that are issued on this machine."""
    if settings.certificate_kind != "managed":
        return Issued()
    unreadable: list[str] = []
    return Issued(
        ca=_certificate(settings.ca_certificate, unreadable),
        ca_key=Path(settings.ca_key).exists(),
        server=_certificate(settings.server_certificate, unreadable),
        ca_path=settings.ca_certificate,
        server_path=settings.server_certificate,
        unreadable=tuple(unreadable),
    )


def _certificate(path: str, unreadable: list[str]) -> Certificate | None:
    try:
        return certificates.parse(Path(path).read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError, ConfigError) as err:
        unreadable.append(f"{path}: {getattr(err, 'strerror', None) or err}")
        return None


def _static(folder: Path) -> list[Path]:
    """Return what the kubelet reads as static pods: every file without a dot in front of its name."""
    try:
        return sorted(path for path in folder.iterdir() if not path.name.startswith(".") and path.is_file())
    except OSError:
        return []


def _text(path: Path, unread: list[str]) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as err:
        unread.append(f"{path}: {getattr(err, 'strerror', None) or 'not text'}")
        return ""


def _mapping(path: Path, unread: list[str]) -> dict[str, Any]:
    try:
        found = yaml.load(_text(path, unread), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506
    except yaml.YAMLError:
        return {}
    return found if isinstance(found, dict) else {}


def _pod(found: dict[str, Any]) -> str:
    metadata = found.get("metadata")
    if found.get("kind") != "Pod" or not isinstance(metadata, dict):
        return ""
    return f"{metadata.get('namespace', 'default')}/{metadata.get('name')}"


def _command(found: dict[str, Any]) -> tuple[str, ...]:
    """Return the apiserver's command line in a static pod; empty where there is none."""
    containers = (found.get("spec") or {}).get("containers") or [] if _pod(found) else []
    return tuple(
        str(argument)
        for container in containers
        if container.get("name") == APISERVER
        for name in ("command", "args")
        for argument in container.get(name) or []
    )


def _server(kubeconfig: dict[str, Any]) -> str:
    clusters = kubeconfig.get("clusters") or []
    return str((clusters[0].get("cluster") or {}).get("server", "")) if clusters else ""


def _addresses(unread: list[str]) -> frozenset[str]:
    try:
        return frozenset(str(held.ip) for item in interfaces.read() for held in item.addresses)
    except CpIngressError as err:
        unread.append(str(err))
        return frozenset()
