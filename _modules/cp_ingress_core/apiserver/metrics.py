"""An apiserver's metrics in Prometheus' text format: the few that tell about its issuers."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

_LINE = re.compile(r"^(?P<name>[a-zA-Z_:][\w:]*)(?:\{(?P<labels>.*)\})? (?P<value>\S+)")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')

_CONTROLLER = "apiserver_authentication_config_controller"
_JWT = "apiserver_authentication_jwt_authenticator"


LINES = (b"process_start_time_seconds", b"apiserver_authentication_")
"""How the lines of these metrics begin; a busy apiserver's others are tens of megabytes."""


class Metrics:
    """One reading."""

    def __init__(self, text: str) -> None:
        self._text = text

    def samples(self, name: str) -> Iterator[tuple[dict[str, str], float]]:
        """Yield labels and value of every sample of a metric."""
        for line in self._text.splitlines():
            if not line.startswith(name):
                continue
            found = _LINE.match(line)
            if found and found["name"] == name:
                yield dict(_LABEL.findall(found["labels"] or "")), float(found["value"])

    def value(self, name: str, **labels: str) -> float | None:
        """Return the sum of the samples that have these labels; None where there is none."""
        found = [
            value for given, value in self.samples(name) if all(given.get(k) == v for k, v in labels.items())
        ]
        return sum(found) if found else None

    @property
    def started(self) -> float | None:
        """When the process started, in seconds since 1970."""
        return self.value("process_start_time_seconds")

    @property
    def config_hash(self) -> str | None:
        """The digest of the structured file in use (1.34 and later); None where it is not told."""
        hashes = [labels.get("hash") for labels, _ in self.samples(f"{_CONTROLLER}_last_config_info")]
        return hashes[0] if hashes else None

    def reloads(self, status: str) -> float:
        """How often the structured file was read again with ``success`` or ``failure``."""
        return self.value(f"{_CONTROLLER}_automatic_reloads_total", status=status) or 0.0

    def reloaded(self, status: str) -> float:
        """When that happened last; 0 for never."""
        return self.value(f"{_CONTROLLER}_automatic_reload_last_timestamp_seconds", status=status) or 0.0

    def keys_fetched(self, issuer: str) -> float | None:
        """When an issuer's keys were last fetched with success; None for never, and before 1.35."""
        name = f"{_JWT}_jwks_fetch_last_timestamp_seconds"
        return self.value(name, result="success", jwt_issuer_hash=digest(issuer))

    def keys_missed(self, issuer: str) -> float:
        """When an issuer's keys could last not be fetched; 0 for never, and before 1.35."""
        name = f"{_JWT}_jwks_fetch_last_timestamp_seconds"
        return self.value(name, result="failure", jwt_issuer_hash=digest(issuer)) or 0.0

    def judged(self, issuer: str) -> float:
        """How many tokens of an issuer were refused by its authenticator."""
        name = f"{_JWT}_latency_seconds_count"
        return self.value(name, result="failure", jwt_issuer_hash=digest(issuer)) or 0.0


def digest(text: str) -> str:
    """Return a digest as the apiserver writes it."""
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"
