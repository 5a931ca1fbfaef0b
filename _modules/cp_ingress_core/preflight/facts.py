"""Everything that the checks look at, as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.exposure import Facts as ExposureFacts
from cp_ingress_core.kube.apiservers import Apiserver
from cp_ingress_core.kube_proxy import Answer, Configuration
from cp_ingress_core.networks import Networks
from cp_ingress_core.preflight.certificates import Issued
from cp_ingress_core.preflight.manifests import StaticPod
from cp_ingress_core.preflight.ports import Listener
from cp_ingress_core.preflight.tools import Trouble
from cp_ingress_core.preflight.wire import Wire
from cp_ingress_core.record import Record

Listed = list[dict[str, Any]]


@dataclass(frozen=True)
class BootstrapFile:
    """The Bootstrap file of this machine: its content, or why it is refused; neither where there is none."""

    path: str = ""
    networks: Networks | None = None
    errors: tuple[str, ...] = ()


@dataclass(frozen=True)
class Machine:
    """This node: its addresses, what its kubelet reads, who listens on its ports."""

    addresses: frozenset[str] = frozenset()
    static_pods: tuple[StaticPod, ...] = ()
    commands: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    kubelet_server: str = ""
    listeners: frozenset[Listener] = frozenset()
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Basic:
    """What every run reads: few requests, none of them slow. ``standing`` says that the endpoint is there."""

    nodes: Listed = field(default_factory=list)
    service_cidrs: Listed = field(default_factory=list)
    services: Listed = field(default_factory=list)
    pools: Listed = field(default_factory=list)
    record: Record | None = None
    record_problem: str = ""
    tls_secret: Mapping[str, str] | None = None
    issued: Issued = field(default_factory=Issued)
    bootstrap: BootstrapFile = field(default_factory=BootstrapFile)
    standing: bool = False
    unread: tuple[str, ...] = ()


@dataclass(frozen=True)
class Whole:
    """What is read besides before something changes, or when a user asks. ``pods`` are those of kube-system
    on their node's network that belong to no workload.
    """

    workloads: Listed = field(default_factory=list)
    pods: Listed = field(default_factory=list)
    named: Listed = field(default_factory=list)
    control_plane_endpoint: str = ""
    kube_proxy: Configuration | None = None
    kube_proxy_answer: Answer = field(default_factory=Answer)
    exposure: ExposureFacts = field(default_factory=lambda: ExposureFacts(""))
    apiservers: tuple[Apiserver, ...] = ()
    machine: Machine = field(default_factory=Machine)
    wire: Wire | None = None
    troubles: tuple[Trouble, ...] = ()
    unread: tuple[str, ...] = ()
