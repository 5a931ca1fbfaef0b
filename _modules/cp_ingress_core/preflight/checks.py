"""Every check, called with what it looks at."""

from __future__ import annotations

import datetime

from cp_ingress_core import nodes
from cp_ingress_core.preflight import (
    addresses,
    apiservers,
    certificates,
    configuration,
    controllers,
    gather,
    helm,
    kubeconfigs,
    manifests,
    masters,
    metallb,
    ports,
    proxies,
    tools,
    wire,
)
from cp_ingress_core.preflight.facts import Basic, Whole
from cp_ingress_core.preflight.gather import Sources
from cp_ingress_core.preflight.model import Finding, warning
from cp_ingress_core.settings import Settings


def run(settings: Settings, sources: Sources, *, full: bool = True) -> list[Finding]:
    """Read everything, and return what stands in the way, errors first.

    full
        False leaves out, where the endpoint stands as it is wanted, what only matters before a change.
    """
    found = gather.basic(settings, sources)
    findings = check_basic(settings, found, datetime.datetime.now(datetime.UTC))
    if full or not found.standing:
        findings += check_whole(settings, found, gather.whole(settings, sources, found))
        findings += sources.components(gather.other_urls(settings, found.services))
    return sorted(findings, key=lambda finding: finding.level != "error")


def check_basic(settings: Settings, found: Basic, now: datetime.datetime) -> list[Finding]:
    """Return the findings about what every run reads."""
    by_node = nodes.all_addresses(found.nodes)
    conflicts = settings.conflicts(
        by_node, nodes.pod_cidrs(found.nodes), nodes.service_cidrs(found.service_cidrs)
    )
    file = found.bootstrap
    spaces = _spaces(settings)
    findings = [
        *configuration.check(file.path, file.networks, file.errors, settings.networks),
        *configuration.check_record(found.record, found.record_problem, settings.endpoint),
        *masters.check(settings.mode, list(settings.networks.cidrs), found.nodes),
        *addresses.check_conflicts(conflicts),
        *addresses.check_services(
            settings.mode, settings.ip, settings.port, settings.namespace, found.services
        ),
        *addresses.check_node_ports(settings.mode, settings.ip, settings.port, by_node, found.services),
        *metallb.check_pools(settings.mode, settings.endpoint.address, spaces, found.pools),
        *_unread(found.unread),
    ]
    days = settings.certificate_renew_before_days
    if settings.certificate_kind == "secret":
        name = f"{settings.namespace}/{settings.tls_secret}"
        findings += certificates.check_tls_secret(found.tls_secret, name, settings.ip, now, days)
    else:
        findings += certificates.check_issued(found.issued, settings.ip, now, days, serves=found.standing)
    return findings


def check_whole(settings: Settings, found: Basic, more: Whole) -> list[Finding]:
    """Return the findings about the rest."""
    mode, spaces = settings.mode, _spaces(settings)
    node_address = gather.node_address(settings, found)
    readable = more.kube_proxy is not None or bool(more.kube_proxy_answer.mode)
    findings = [
        *tools.check(more.troubles),
        *apiservers.check(more.apiservers, nodes.masters(found.nodes)),
        *wire.check(
            mode,
            settings.ip,
            more.wire,
            earlier=gather.earlier(settings, found),
            node_address=node_address,
        ),
        *metallb.check_others(mode, spaces, more.workloads),
        *metallb.check_speakers(mode, settings.charts["metallb"].values, spaces, more.workloads, found.nodes),
        *controllers.check_controllers(mode, spaces, more.workloads, more.pods),
        *controllers.check_served(
            mode, settings.namespace, found.services, deployed=metallb.deployed(more.workloads)
        ),
        *helm.check(spaces, [*more.workloads, *more.named, *found.services]),
        *proxies.check_mode(
            mode, more.kube_proxy, more.kube_proxy_answer, ip=settings.ip, node_address=node_address
        ),
        *manifests.check_folder(more.machine.static_pods),
        *manifests.check_authentication({**manifests.commands(more.pods), **more.machine.commands}),
        *_check_ways_to_the_api(settings, found, more),
        *ports.check(
            mode,
            settings.ip,
            settings.port,
            settings.namespace,
            more.machine.listeners,
            [*more.workloads, *more.pods],
            node_address=node_address,
        ),
        *_unread((*more.unread, *more.machine.unread)),
    ]
    if mode == "external":
        findings += proxies.check_exposure(settings.exposure, more.exposure, answers=readable)
    return findings


def _check_ways_to_the_api(settings: Settings, found: Basic, more: Whole) -> list[Finding]:
    servers = {
        "kubelet": more.machine.kubelet_server,
        "kube-proxy": more.kube_proxy.server if more.kube_proxy else "",
        "control-plane-endpoint": more.control_plane_endpoint,
    }
    masters_found = nodes.masters(found.nodes)
    return kubeconfigs.check(
        settings.mode, settings.endpoint.address, servers, masters_found, more.machine.addresses
    )


def _unread(texts: tuple[str, ...]) -> list[Finding]:
    return [
        warning(
            "unreadable",
            text,
            "give cp-ingress's user the rights in docs/rbac.yaml, or run as root on a master: what depends on"
            " this"
            " was not checked",
        )
        for text in texts
    ]


def _spaces(settings: Settings) -> tuple[str, str]:
    return settings.namespace, settings.metallb_namespace
