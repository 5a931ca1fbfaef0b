"""Which address kubelet, kube-proxy and kubeadm reach the API at: neither the ingress IP nor one master."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.preflight.model import Finding, finding, warning


def check(
    mode: str,
    ip: IPAddress,
    servers: Mapping[str, str],
    masters: Mapping[str, list[str]],
    local: frozenset[str],
) -> list[Finding]:
    """Check the addresses.

    servers
        By what reaches the API there (``kubelet``, ``kube-proxy``, ``control-plane-endpoint``): a URL or
        ``host:port``; "" where it is not known.
    masters
        The masters' addresses by name.
    local
        This machine's own addresses: its kubelet may well use its own apiserver.
    """
    findings = []
    for what, server in sorted(servers.items()):
        host = host_of(server)
        if host is None:
            continue
        if host == ip:
            findings.append(_circular(mode, what, server))
        elif len(masters) > 1 and not (what == "kubelet" and str(host) in local):
            findings += _single(what, server, host, masters)
    return findings


def host_of(server: str) -> IPAddress | None:
    """Return the address in a URL or in ``host:port``; None for a name, which only its resolver knows."""
    url = server if "://" in server else f"//{server}"
    try:
        return parse_address(urlsplit(url).hostname)
    except ValueError:
        return None


_SAID = {
    "kubelet": "the kubelet of this node reaches the API at",
    "kube-proxy": "kube-proxy reaches the API at",
    "control-plane-endpoint": "kubeadm's controlPlaneEndpoint is",
}


def _circular(mode: str, what: str, server: str) -> Finding:
    evidence = f"{_SAID[what]} {server}, the ingress IP"
    if mode == "metallb":
        evidence += ": MetalLB needs the API to announce the address at which the API would be reached"
    remedy = (
        "give the API an address of its own, or let each master use its own apiserver; this one would not"
        " follow a"
        " change of the ingress IP"
    )
    harms = mode == "metallb"
    if what == "kubelet":
        return finding("kubelet-on-ingress-ip", evidence, remedy, harms=harms)
    if what == "kube-proxy":
        return finding("kube-proxy-on-ingress-ip", evidence, remedy, harms=harms)
    return finding("control-plane-endpoint-on-ingress-ip", evidence, remedy, harms=harms)


def _single(what: str, server: str, host: IPAddress, masters: Mapping[str, list[str]]) -> list[Finding]:
    names = [name for name, listed in masters.items() if host in map(parse_address, listed)]
    if not names:
        return []
    evidence = f"{_SAID[what]} {server}, which is {names[0]} alone"
    if what == "kubelet":
        return [
            warning(
                "kubelet-on-single-master",
                evidence,
                f"point it at its own apiserver, or at an address that outlives {names[0]}: without it this"
                " node is"
                " given up with that master",
            )
        ]
    if what == "kube-proxy":
        return [
            warning(
                "kube-proxy-on-single-master",
                evidence,
                "set server in ConfigMap kube-system/kube-proxy (kubeconfig.conf) to an address that outlives"
                f" {names[0]}, and restart kube-proxy: while that master is down no node learns where NGINX"
                " runs now",
            )
        ]
    return [
        warning(
            "control-plane-endpoint-on-single-master",
            evidence,
            f"set it to an address that outlives {names[0]} before the next node joins: kubelets get it from"
            " there",
        )
    ]
