"""The facts side by side, for people: as Salt's nested outputter prints them. Pure functions."""

from __future__ import annotations

import datetime
from typing import Any

from cp_ingress_core.settings import Settings
from cp_ingress_core.status.facts import Facts
from cp_ingress_core.status.judge import disagreements

_UNKNOWN = "not there"


def show(settings: Settings, facts: Facts, now: datetime.datetime) -> dict[str, Any]:
    """Return what status shows; `now` is the time to judge certificates by, aware."""
    found = disagreements(settings, facts, now)
    return {
        "agrees": not found,
        "disagreements": found,
        "wanted": {"mode": settings.mode, "ip": settings.ip, "url": settings.endpoint.url},
        "endpoint": _endpoints(settings, facts),
        "services": facts.services,
        "pool": facts.pool,
        "announced_by": facts.announced_by,
        "answering": _answering(facts),
        "workload": facts.workload,
        "certificate": _certificate(facts),
        "answers": facts.answer,
        "dex": (facts.issuer.url or facts.issuer.problem) if facts.issuer else None,
        "apiservers": _apiservers(facts),
    }


def _endpoints(settings: Settings, facts: Facts) -> dict[str, Any]:
    """Return the endpoint according to each place that knows of one."""
    recorded = facts.record.to_dict() if facts.record else {}
    shown = {key: recorded[key] for key in ("current", "previous", "target", "phase") if key in recorded}
    return {
        "bootstrap file": facts.file or _UNKNOWN,
        "pillar": str(settings.endpoint),
        "record": shown or _UNKNOWN,
    }


def _answering(facts: Facts) -> list[str] | str:
    if facts.wire is None:
        return "outside of the masters' network, not asked"
    return facts.wire.problem or facts.wire.holders


def _certificate(facts: Facts) -> dict[str, Any] | None:
    if facts.certificate is None:
        return None
    return {
        "names": list(facts.certificate.names),
        "expires": facts.certificate.not_after.isoformat(),
    }


def _apiservers(facts: Facts) -> dict[str, Any]:
    asked = {answer.address: answer for answer in facts.apiservers}
    issuers = facts.record.issuers if facts.record else {}
    shown = {}
    for name, addresses in facts.masters.items():
        found = [asked[address] for address in addresses if address in asked]
        answer = found[0].problem or found[0].version if found else _UNKNOWN
        shown[name] = {"answers": answer, "issuers": list(issuers.get(name, ()))}
    return shown
