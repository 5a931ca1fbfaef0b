"""MetalLB: one that somebody else runs, its pools, and labels that keep speakers silent."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import summarize_address_range
from typing import Any

from cp_ingress_core import nodes as node_facts
from cp_ingress_core.addresses import IPAddress, IPNetwork, parse_address, parse_network, within
from cp_ingress_core.preflight.model import Finding, Objects, error, labels_of, name_of, ours, warning

_IGNORE = "--ignore-exclude-lb"


def check_others(mode: str, namespaces: tuple[str, ...], workloads: Objects) -> list[Finding]:
    """Refuse a second MetalLB beside ours: each takes the addresses away that the other gives."""
    if mode != "metallb":
        return []
    return [
        error(
            "metallb-of-others",
            f"{name_of(item)} is a MetalLB of somebody else's: two in one cluster undo each other's"
            " addresses",
            "remove it first; or keep it, and choose external mode with an IP that you move; or give it a"
            " loadBalancerClass (its flag --lb-class), so that it leaves other Services alone",
        )
        for item in workloads
        if part_of_metallb(item) == "controller" and not ours(item, namespaces) and not _has_class(item)
    ]


def check_speakers(
    mode: str, values: Mapping[str, Any], namespaces: tuple[str, ...], workloads: Objects, nodes: Objects
) -> list[Finding]:
    """Tell of speakers that stay silent on masters with Kubernetes' exclude label.

    values
        The user's own Helm values for MetalLB.
    """
    excluded = [
        node["metadata"]["name"]
        for node in node_facts.control_plane(nodes)
        if node_facts.EXCLUDE_LABEL in labels_of(node)
    ]
    if mode != "metallb" or not excluded:
        return []
    evidence = f"{', '.join(excluded)} carry the label {node_facts.EXCLUDE_LABEL}, and "
    findings = []
    if (values.get("speaker") or {}).get("ignoreExcludeLB") is False:
        findings.append(
            error(
                "speakers-excluded",
                evidence
                + "cp_ingress:charts:metallb:values sets speaker.ignoreExcludeLB to false: nobody would"
                " answer for the IP",
                "leave it at true; removing the label does not last, since kubeadm puts it back",
            )
        )
    findings += [
        warning(
            "speakers-excluded",
            f"{evidence}{name_of(item)} honours it: it answers for no address there",
            f"start that speaker with {_IGNORE}, if it is to announce addresses from masters",
        )
        for item in workloads
        if part_of_metallb(item) == "speaker"
        and not ours(item, namespaces)
        and _IGNORE not in _arguments(item)
    ]
    return findings


def check_pools(mode: str, ip: IPAddress, namespaces: tuple[str, ...], pools: Objects) -> list[Finding]:
    """Refuse a pool of somebody else's that holds the IP: MetalLB takes no configuration with such pools."""
    if mode != "metallb":
        return []
    return [
        error(
            "pools-overlap",
            f"{name_of({'kind': 'IPAddressPool', **pool})} holds {ip} too ({text}), and MetalLB refuses its"
            " whole"
            " configuration when pools overlap",
            f"take {ip} out of that pool, or choose another IP",
        )
        for pool in pools
        if not ours(pool, namespaces)
        for text in pool["spec"].get("addresses") or []
        if any(within(ip, network) for network in networks_of(text))
    ]


def networks_of(text: str) -> list[IPNetwork]:
    """Return the networks of a pool's entry: a CIDR, or a range ``first-last``; none for anything else."""
    first, dash, last = text.partition("-")
    if not dash:
        network = parse_network(text.strip(), strict=False)
        return [network] if network is not None else []
    start, end = parse_address(first.strip()), parse_address(last.strip())
    if start is None or end is None or start.version != end.version or start > end:  # type: ignore[operator]
        return []
    return list(summarize_address_range(start, end))


def part_of_metallb(item: Mapping[str, Any]) -> str:
    """Say which part of MetalLB a workload is: ``controller``, ``speaker``, or "" for none."""
    images = [str(container.get("image", "")) for container in _containers(item)]
    for part in ("speaker", "controller"):
        if any(f"metallb/{part}" in image or f"metallb-{part}" in image for image in images):
            return part
    labels = labels_of(item)
    if "metallb" in (labels.get("app"), labels.get("app.kubernetes.io/name")):
        found = labels.get("component") or labels.get("app.kubernetes.io/component") or ""
        return found if found in ("speaker", "controller") else ""
    return ""


def deployed(workloads: Objects) -> bool:
    """Say whether MetalLB's controller is in the cluster, whoever brought it."""
    return any(part_of_metallb(item) == "controller" for item in workloads)


def _containers(item: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return list(item["spec"]["template"]["spec"].get("containers") or [])


def _arguments(item: Mapping[str, Any]) -> set[str]:
    parts = [entry.get(name) or [] for entry in _containers(item) for name in ("command", "args")]
    return {str(argument) for arguments in parts for argument in arguments}


def _has_class(item: Mapping[str, Any]) -> bool:
    return any(argument.startswith("--lb-class") for argument in _arguments(item))
