"""Checks made before anything is written: pure functions from what was read to findings.

Each finding has a stable id, the evidence and the remedy. An ``error`` stops the run; a ``warning`` is told
and the run goes on.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cp_ingress_core import certificates
from cp_ingress_core.errors import ConfigError

CONTROL_PLANE_LABEL = "node-role.kubernetes.io/control-plane"


@dataclass(frozen=True)
class Finding:
    """One thing that stands in the way (``error``) or should be known (``warning``)."""

    id: str
    level: str
    evidence: str
    remedy: str

    def to_dict(self) -> dict[str, str]:
        """Return the finding as plain data."""
        return asdict(self)


def _error(identifier: str, evidence: str, remedy: str) -> Finding:
    return Finding(identifier, "error", evidence, remedy)


def _warning(identifier: str, evidence: str, remedy: str) -> Finding:
    return Finding(identifier, "warning", evidence, remedy)


def masters(nodes: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the control-plane nodes among `nodes` (Node objects) as {name: [addresses]}, sorted by name."""
    found = {
        node["metadata"]["name"]: addresses(node)
        for node in nodes
        if CONTROL_PLANE_LABEL in node["metadata"].get("labels", {})
    }
    return dict(sorted(found.items()))


def addresses(node: Mapping[str, Any]) -> list[str]:
    """Return a Node's own IP addresses."""
    listed = node.get("status", {}).get("addresses", [])
    return [entry["address"] for entry in listed if entry["type"] in ("InternalIP", "ExternalIP")]


def pod_cidrs(nodes: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the pod CIDRs that the nodes were given."""
    found: set[str] = set()
    for node in nodes:
        spec = node.get("spec", {})
        found.update(spec.get("podCIDRs") or ([spec["podCIDR"]] if spec.get("podCIDR") else []))
    return sorted(found)


def service_cidrs(objects: Iterable[Mapping[str, Any]]) -> list[str]:
    """Return the CIDRs of the cluster's ServiceCIDR objects."""
    return sorted(cidr for item in objects for cidr in item.get("spec", {}).get("cidrs", []))


def check_masters(found: Mapping[str, list[str]]) -> list[Finding]:
    """Refuse a cluster without a control-plane node: NGINX and MetalLB would have nowhere to run."""
    if found:
        return []
    return [
        _error(
            "no-masters",
            f"no node carries the label {CONTROL_PLANE_LABEL}",
            f"label the control-plane nodes: kubectl label node NAME {CONTROL_PLANE_LABEL}=",
        )
    ]


def check_conflicts(conflicts: Iterable[str]) -> list[Finding]:
    """Turn the addresses that the ingress IP collides with into errors."""
    remedy = "choose a free address of the control-plane network in networks.controlPlane.ingress.ip"
    return [_error("address-conflict", text, remedy) for text in conflicts]


def check_redundancy(mode: str, found: Mapping[str, list[str]]) -> list[Finding]:
    """Warn where MetalLB has no second node to move the IP to."""
    if mode != "metallb" or len(found) != 1:
        return []
    return [
        _warning(
            "single-master",
            f"{next(iter(found))} is the only control-plane node",
            "join a second one: until then the ingress IP has nowhere else to go when it fails",
        )
    ]


def check_tls_secret(
    secret: Mapping[str, Any] | None, name: str, host: str, now: datetime.datetime, renew_before_days: int
) -> list[Finding]:
    """Check the user's own TLS Secret.

    secret
        ``{"tls.crt": PEM}``, or None when there is no such Secret.
    name
        Its ``namespace/name``, for the messages.
    host
        The ingress IP that it must serve.
    now
        The time to judge by, aware.
    renew_before_days
        From how many days before expiry to warn.
    """
    remedy = f"put a certificate for {host} and its key into the TLS Secret {name}"
    if secret is None:
        return [_error("tls-secret-missing", f"there is no Secret {name}", remedy)]
    try:
        certificate = certificates.parse(secret.get("tls.crt", ""))
    except ConfigError as err:
        return [_error("tls-secret-unreadable", f"tls.crt of Secret {name} is {err}", remedy)]
    found = [
        _error("tls-secret-unfit", f"Secret {name}: {problem}", remedy)
        for problem in certificates.problems(certificate, host, now)
    ]
    left = certificate.not_after - now
    if not found and left < datetime.timedelta(days=renew_before_days):
        found.append(
            _warning("tls-secret-expires", f"the certificate in {name} expires in {left.days} days", remedy)
        )
    return found
