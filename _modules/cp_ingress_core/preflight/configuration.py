"""Do the Bootstrap file, the pillar and the record of the endpoint say the same?"""

from __future__ import annotations

from collections.abc import Sequence

from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.networks import Networks
from cp_ingress_core.preflight.model import Finding, error, warning
from cp_ingress_core.record import NAME, Record


def check(path: str, file: Networks | None, errors: Sequence[str], pillar: Networks) -> list[Finding]:
    """Refuse a pillar that says something else than the Bootstrap file on this machine.

    file
        What the file says; None where it is refused, for `errors`, or where there is none.
    """
    if errors:
        return [
            error(
                "bootstrap-refused",
                f"the Bootstrap file of this machine is not accepted: {text}",
                "correct the file, or put back the one that the pillar was made from",
            )
            for text in errors
        ]
    if file is None:
        return []
    said, known = _summary(file, pillar), _summary(pillar, pillar)
    if said == known:
        return []
    return [
        error(
            "stale-pillar",
            f"{path} says {said}, the pillar says {known}",
            "run saltutil.refresh_pillar wait=True for this minion and start again; where a master makes the"
            " pillar"
            " from a file of its own, make both files equal, or remove the one that is not read",
        )
    ]


def check_record(record: Record | None, problem: str, wanted: Endpoint) -> list[Finding]:
    """Tell of a change to another endpoint that was begun and not finished, and of a damaged record.

    problem
        Why the record cannot be read, "" where it can.
    wanted
        The endpoint that the pillar asks for.
    """
    if problem:
        return [
            error(
                "record-unreadable",
                problem,
                f"restore ConfigMap cp-ingress/{NAME}, or delete it: the next run then takes what it finds in"
                " the"
                " cluster for the earlier endpoint",
            )
        ]
    if record is None or record.phase == "settled" or record.target in (None, wanted):
        return []
    return [
        warning(
            "change-unfinished",
            f"a change to {record.target} was begun (phase {record.phase}) and not finished; the pillar asks"
            " for"
            f" {wanted}",
            "nothing, if that is meant: this run leads to what the pillar asks for, and takes the other back"
            " at its"
            " end; else put the former IP and mode back into the Bootstrap file",
        )
    ]


def _summary(networks: Networks, default: Networks) -> str:
    """Say the mode, IP and CIDRs in one line; an IP that is left out is the one that the pillar found."""
    mode = "metallb" if networks.metallb else "external"
    cidrs = ", ".join(sorted(map(str, networks.cidrs)))
    return f"{mode} {networks.ip or default.ip} in {cidrs}"
