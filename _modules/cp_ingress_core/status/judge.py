"""Do the facts agree with what is asked for, and with each other? Pure functions."""

from __future__ import annotations

import datetime

from cp_ingress_core import certificates
from cp_ingress_core.settings import Settings
from cp_ingress_core.status.facts import Facts


def disagreements(settings: Settings, facts: Facts, now: datetime.datetime) -> list[str]:
    """Return a sentence for each fact that is not as it should be; empty when all of them agree."""
    return [
        *(f"could not be read: {text}" for text in facts.unread),
        *_configuration(settings, facts),
        *(_cluster(settings, facts) if facts.cluster_read else []),
        *_holders(settings, facts),
        *_certificate(settings, facts, now),
        *_answers(settings, facts),
    ]


def _cluster(settings: Settings, facts: Facts) -> list[str]:
    return [
        *_record(settings, facts),
        *_services(settings, facts),
        *(_metallb(settings, facts) if settings.mode == "metallb" else []),
        *_workload(facts),
        *_apiservers(settings, facts),
    ]


def _configuration(settings: Settings, facts: Facts) -> list[str]:
    if facts.file in ("", str(settings.endpoint)):
        return []
    return [f"the Bootstrap file says {facts.file}, the pillar {settings.endpoint}: refresh the pillar"]


def _record(settings: Settings, facts: Facts) -> list[str]:
    found = facts.record
    if found is None:
        return []
    if found.phase != "settled":
        return [f"a change to {found.target} is under way (phase {found.phase}): run it to its end"]
    if found.current != settings.endpoint:
        current = found.current or "nothing"
        return [f"the record says {current}, the pillar {settings.endpoint}: apply cp_ingress"]
    return []


def _services(settings: Settings, facts: Facts) -> list[str]:
    found = {service["name"]: service["addresses"] for service in facts.services}
    name = settings.endpoint.service_name
    texts = []
    if name not in found:
        texts.append(f"there is no Service {name}")
    elif settings.ip not in found[name]:
        texts.append(f"Service {name} has no address {settings.ip}")
    others = sorted(other for other in found if other != name)
    return texts + [f"Service {other} of another endpoint is still there" for other in others]


def _metallb(settings: Settings, facts: Facts) -> list[str]:
    texts = []
    if settings.endpoint.pool_cidr not in facts.pool:
        texts.append(f"MetalLB's pool lacks {settings.endpoint.pool_cidr}")
    if not facts.announced_by:
        texts.append("no node announces the IP")
    return texts


def _holders(settings: Settings, facts: Facts) -> list[str]:
    """Tell of two holders: by what speakers report, or by what answers on the network."""
    answering = facts.wire.holders if facts.wire else []
    for holders, what in ((facts.announced_by, "announce"), (answering, "answer for")):
        if len(holders) > 1:
            return [f"two holders: {' and '.join(holders)} {what} {settings.ip}, which splits its clients"]
    return []


def _workload(facts: Facts) -> list[str]:
    texts = [] if facts.workload else ["NGINX is not there"]
    if len(facts.workload) > 1:
        texts.append("NGINX is there in both modes' forms")
    return texts + [
        f"{found['kind']} {found['name']} has {found['ready']} of {found['wanted']} pods ready"
        for found in facts.workload
        if not found["ready"] == found["wanted"] > 0
    ]


def _certificate(settings: Settings, facts: Facts, now: datetime.datetime) -> list[str]:
    if facts.certificate is None:
        return []
    return [f"the certificate: {text}" for text in certificates.problems(facts.certificate, settings.ip, now)]


def _answers(settings: Settings, facts: Facts) -> list[str]:
    texts = []
    if not isinstance(facts.answer, int):
        texts.append(f"{settings.endpoint.url} does not answer: {facts.answer}")
    issuer = facts.issuer
    if issuer is None:
        return texts
    if issuer.problem:
        texts.append(f"{settings.endpoint.issuer} gives no discovery document: {issuer.problem}")
    elif issuer.url != settings.endpoint.issuer:
        texts.append(f"Dex calls itself {issuer.url}, not {settings.endpoint.issuer}")
    return texts


def _apiservers(settings: Settings, facts: Facts) -> list[str]:
    texts = []
    asked = {answer.address: answer for answer in facts.apiservers}
    for name, addresses in facts.masters.items():
        found = [asked[address] for address in addresses if address in asked]
        if asked and addresses and not found:
            texts.append(f"the apiserver of {name} is not among the cluster's endpoints")
        texts += [f"the apiserver of {name} does not answer: {one.problem}" for one in found if one.problem]
    if settings.apiserver is None or facts.record is None:
        return texts
    for name in facts.masters:
        accepted = facts.record.issuers.get(name, ())
        if settings.endpoint.issuer not in accepted:
            listed = ", ".join(accepted) or "none that is recorded"
            texts.append(f"the apiserver of {name} accepts {listed}, not {settings.endpoint.issuer}")
    return texts
