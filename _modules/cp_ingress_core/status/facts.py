"""Everything that status shows, as it was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from cp_ingress_core.certificates import Certificate
from cp_ingress_core.kube.apiservers import Apiserver
from cp_ingress_core.preflight.wire import Wire
from cp_ingress_core.record import Record


@dataclass(frozen=True)
class Issuer:
    """What Dex says of itself behind the endpoint: its issuer, or why it does not say."""

    url: str = ""
    problem: str = ""


@dataclass(frozen=True)
class Facts:
    """What was read. ``unread`` says what could not be; its fact is then empty. ``cluster_read`` is False
    where the API did not answer at all.
    """

    file: str = ""
    cluster_read: bool = True
    record: Record | None = None
    services: list[dict[str, Any]] = field(default_factory=list)
    pool: list[str] = field(default_factory=list)
    announced_by: list[str] = field(default_factory=list)
    workload: list[dict[str, Any]] = field(default_factory=list)
    masters: Mapping[str, list[str]] = field(default_factory=dict)
    apiservers: tuple[Apiserver, ...] = ()
    certificate: Certificate | None = None
    answer: str | int = ""
    issuer: Issuer | None = None
    wire: Wire | None = None
    unread: tuple[str, ...] = ()
