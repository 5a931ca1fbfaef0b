"""From what is asked for and what the record says to what a run has to do. Pure functions."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core import record as records
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.objects import ENDPOINT
from cp_ingress_core.record import Record


@dataclass(frozen=True)
class Transition:
    """A change of the endpoint, or its absence.

    ``wanted`` is what the Bootstrap file asks for, ``old`` the endpoints that are served beside it until the
    end, ``record`` where it stands, with this change begun.
    """

    wanted: Endpoint
    old: tuple[Endpoint, ...]
    record: Record

    @property
    def changing(self) -> bool:
        """Whether something is left to do until ``wanted`` alone is in force."""
        return self.record.phase != "settled"

    @property
    def handed_over(self) -> Endpoint | None:
        """The old endpoint on the very IP that is wanted: it must fall silent before the new one speaks."""
        same = [old for old in self.old if old.ip == self.wanted.ip and old.mode != self.wanted.mode]
        return same[0] if same else None

    @property
    def mode_changes(self) -> bool:
        """Whether an old endpoint is of the other mode."""
        return any(old.mode != self.wanted.mode for old in self.old)

    @property
    def served(self) -> tuple[Endpoint, ...]:
        """The endpoints whose Services stand until the end: the wanted one first, one for each name."""
        names = {endpoint.service_name: endpoint for endpoint in (*reversed(self.old), self.wanted)}
        return tuple(sorted(names.values(), key=lambda endpoint: (endpoint != self.wanted, str(endpoint))))

    @property
    def pooled(self) -> tuple[Endpoint, ...]:
        """The endpoints whose IPs MetalLB's pool holds until the end."""
        return tuple(endpoint for endpoint in self.served if endpoint.mode == "metallb")

    @property
    def sans(self) -> tuple[str, ...]:
        """The server certificate's alternative names until the end; sorted, as a swap would re-issue it."""
        return tuple(sorted({endpoint.san for endpoint in self.served}))

    @property
    def issuers(self) -> tuple[str, ...]:
        """The issuers that are valid until the end, old ones first."""
        old = [endpoint.issuer for endpoint in self.old if endpoint.issuer != self.wanted.issuer]
        return (*dict.fromkeys(old), self.wanted.issuer)

    def kept_until(self, seconds: int) -> datetime.datetime | None:
        """Return until when the old endpoints are kept, `seconds` after the components followed.

        None while these have not followed, or where there is no old endpoint.
        """
        if not self.old or not self.record.moved_at:
            return None
        moved = datetime.datetime.fromisoformat(self.record.moved_at)
        return moved + datetime.timedelta(seconds=seconds)

    def kept(self, seconds: int, now: datetime.datetime) -> bool:
        """Say whether the old endpoints are to be kept still."""
        until = self.kept_until(seconds)
        return until is not None and now < until

    def to_dict(self) -> dict[str, Any]:
        """Return the transition as plain data, for SLS files and people."""
        return {
            "changing": self.changing,
            "phase": self.record.phase,
            "wanted": self.wanted.to_dict(),
            "old": [old.to_dict() for old in self.old],
            "old_urls": [old.url for old in self.old],
            "handed_over": self.handed_over.to_dict() if self.handed_over else None,
            "mode_changes": self.mode_changes,
            "pool_narrows": any(endpoint != self.wanted for endpoint in self.pooled),
            "sans": list(self.sans),
            "issuers": list(self.issuers),
            "record": self.record.to_dict(),
        }


def derive(wanted: Endpoint, record: Record, services: Iterable[Mapping[str, Any]] = ()) -> Transition:
    """Return the transition to `wanted`.

    services
        The Services of the cluster that carry an endpoint; what they say counts where the record is empty.
    """
    found = tuple(endpoint_of(service) for service in services) if record == Record() else ()
    begun = records.begin(record, wanted, [endpoint for endpoint in found if endpoint is not None])
    return Transition(wanted, begun.others(wanted) if begun.phase != "settled" else (), begun)


def endpoint_of(service: Mapping[str, Any]) -> Endpoint | None:
    """Return the endpoint that one of our Services carries; None for any other Service."""
    annotations = service["metadata"].get("annotations") or {}
    if ENDPOINT not in annotations:
        return None
    mode, _, ip = annotations[ENDPOINT].partition(" ")
    ports = service.get("spec", {}).get("ports") or [{}]
    try:
        return Endpoint.from_dict({"mode": mode, "ip": ip, "port": ports[0].get("port")})
    except ConfigError:
        return None
