"""The record of the endpoint: what is in force, what it is being changed to, and how far that is. Pure.

It lives in a ConfigMap, so that a run that was broken off is finished by the next one, on whatever machine.
"""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, get_args

from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.errors import CpIngressError

NAME = "cp-ingress-endpoint"
APPLYSET = "cp-ingress-record"
ISSUERS = "issuers."

Phase = Literal["settled", "widening", "widened", "moved"]
PHASES: tuple[Phase, ...] = get_args(Phase)


class RecordError(CpIngressError):
    """The record was changed by hand into something that cannot be read."""

    reason = "RecordUnreadable"


@dataclass(frozen=True)
class Record:
    """Where the endpoint stands.

    ``current`` is the endpoint that the last finished change left, ``previous`` the one before it,
    ``target`` the one that a change under way leads to, ``abandoned`` the targets of changes that were begun
    and then replaced by another. ``moved_at`` (ISO 8601, UTC) is when the components had followed.
    ``issuers`` maps each master to the issuers that its apiserver accepts.
    """

    current: Endpoint | None = None
    previous: Endpoint | None = None
    target: Endpoint | None = None
    abandoned: tuple[Endpoint, ...] = ()
    phase: Phase = "settled"
    moved_at: str = ""
    issuers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @classmethod
    def from_object(cls, config_map: Mapping[str, Any] | None) -> Record:
        """Read the ConfigMap; an empty record where there is none.

        Raises RecordError when it holds something else than this module writes.
        """
        data = (config_map or {}).get("data") or {}
        try:
            phase = data.get("phase", "settled")
            if phase not in PHASES:
                raise ValueError(f"phase {phase!r}")
            return cls(
                current=_endpoint(data.get("current")),
                previous=_endpoint(data.get("previous")),
                target=_endpoint(data.get("target")),
                abandoned=tuple(map(Endpoint.from_dict, json.loads(data.get("abandoned") or "[]"))),
                phase=phase,
                moved_at=_time(data.get("moved_at", "")),
                issuers={
                    key.removeprefix(ISSUERS): _urls(text)
                    for key, text in sorted(data.items())
                    if key.startswith(ISSUERS)
                },
            )
        except (ValueError, TypeError, AttributeError, CpIngressError) as err:
            raise RecordError(
                f"ConfigMap {NAME}: it cannot be read ({err}); restore it, or delete it: the next run then"
                " takes what it finds in the cluster for the earlier endpoint",
                obj=f"v1/ConfigMap {NAME}",
            ) from err

    def to_data(self) -> dict[str, str]:
        """Return the ConfigMap's data, without the masters' issuers: each master writes its own."""
        return {
            "current": _text(self.current),
            "previous": _text(self.previous),
            "target": _text(self.target),
            "abandoned": json.dumps([endpoint.to_dict() for endpoint in self.abandoned]),
            "phase": self.phase,
            "moved_at": self.moved_at,
        }

    def to_dict(self) -> dict[str, Any]:
        """Return the record as plain data, for people to read."""
        return {
            "current": str(self.current or ""),
            "previous": str(self.previous or ""),
            "target": str(self.target or ""),
            "abandoned": [str(endpoint) for endpoint in self.abandoned],
            "phase": self.phase,
            "moved_at": self.moved_at,
            "issuers": {node: list(urls) for node, urls in self.issuers.items()},
        }

    def others(self, wanted: Endpoint) -> tuple[Endpoint, ...]:
        """Return the endpoints besides `wanted` that may still be served, in a steady order."""
        known = [self.current, self.target, *self.abandoned]
        found = {endpoint for endpoint in known if endpoint is not None and endpoint != wanted}
        return tuple(sorted(found, key=str))


def reached(phase: Phase, wanted: Phase) -> bool:
    """Say whether a change that is in `phase` has come as far as `wanted`; a finished one has."""
    order = PHASES[1:]
    return phase == "settled" or (wanted != "settled" and order.index(phase) >= order.index(wanted))


def begin(record: Record, wanted: Endpoint, found: Iterable[Endpoint] = ()) -> Record:
    """Return the record of a change to `wanted` that begins, or goes on.

    found
        Endpoints that the cluster serves and the record does not know.
    """
    if record.phase != "settled" and record.target == wanted:
        return record
    if record.phase == "settled" and record.current == wanted:
        return record
    others = {*record.others(wanted), *found} - {wanted, record.current}
    return replace(
        record,
        target=wanted,
        abandoned=tuple(sorted((other for other in others if other is not None), key=str)),
        phase="widening",
        moved_at="",
    )


def advance(record: Record, phase: Phase, now: str = "") -> Record:
    """Return the record with the change under way in a later phase; earlier ones are passed over.

    now
        The time, ISO 8601 in UTC, which is kept when the phase is ``moved``.
    """
    if record.target is None or reached(record.phase, phase):
        return record
    if phase != "settled":
        return replace(record, phase=phase, moved_at=now if phase == "moved" else record.moved_at)
    previous = record.previous if record.current in (None, record.target) else record.current
    return Record(current=record.target, previous=previous, issuers=record.issuers)


def _endpoint(text: str | None) -> Endpoint | None:
    return Endpoint.from_dict(json.loads(text)) if text else None


def _time(text: str) -> str:
    """Return a time as it was found; it must be one, with its offset from UTC, or empty."""
    if text and datetime.datetime.fromisoformat(text).tzinfo is None:
        raise ValueError(f"moved_at {text!r}")
    return text


def _urls(text: str) -> tuple[str, ...]:
    found = json.loads(text)
    if not isinstance(found, list):
        raise ValueError(f"issuers {text!r}")
    return tuple(map(str, found))


def _text(endpoint: Endpoint | None) -> str:
    return json.dumps(endpoint.to_dict()) if endpoint else ""
