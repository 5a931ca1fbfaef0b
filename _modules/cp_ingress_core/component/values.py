"""The endpoint as components see it, and the values that name it. Pure.

A value is a text in which ``{url}``, ``{issuer}``, ``{ip}``, ``{host}`` and ``{port}`` stand for the
endpoint's; ``{{`` and ``}}`` are braces. Nothing is evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from cp_ingress_core.addresses import parse_address
from cp_ingress_core.component.urls import origin_of
from cp_ingress_core.errors import ConfigError

NAMES = ("url", "issuer", "ip", "host", "port")

_BRACES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


@dataclass(frozen=True)
class Endpoint:
    """`url` without a slash at its end, `issuer` as tokens carry it, `host` as in a URL, `ip` bare."""

    url: str
    issuer: str
    ip: str
    host: str
    port: str

    @classmethod
    def of(cls, url: str, issuer: str | None = None) -> Endpoint:
        """Return the endpoint at `url`, an https:// URL of an IP or name and its port; the issuer is below
        ``/oidc`` where none is given.
        """
        base = url.rstrip("/") if isinstance(url, str) else ""
        origin = origin_of(base)
        if origin is None or origin.scheme != "https" or base != origin.text(base):
            raise ConfigError(
                [
                    f"endpoint: found {url!r}: this is not an endpoint."
                    " Allowed: https://, an IP or a name, and a port. Remedy: write https://10.200.0.50:8443."
                ]
            )
        host = origin.host
        bracketed = f"[{host}]" if ":" in host else host
        return cls(base, issuer or f"{base}/oidc", host, bracketed, str(origin.port))

    @property
    def values(self) -> Mapping[str, str]:
        """What each name in a value stands for."""
        return asdict(self)

    @property
    def is_address(self) -> bool:
        """Whether the endpoint is named by an IP address."""
        return parse_address(self.ip) is not None


def unknown_names(value: Any) -> list[str]:
    """Return what no value may hold: other names in braces, and single braces; mappings are searched."""
    if isinstance(value, str):
        return [
            found.group(0)
            for found in _BRACES.finditer(value)
            if found.group(0) not in ("{{", "}}") and found.group(1) not in NAMES
        ]
    if isinstance(value, Mapping):
        return [name for inner in value.values() for name in unknown_names(inner)]
    if isinstance(value, (list, tuple)):
        return [name for inner in value for name in unknown_names(inner)]
    return []


def filled(value: Any, endpoint: Endpoint) -> Any:
    """Return a value, or all texts in a mapping or list, with the endpoint's values in it.

    The value was searched with :func:`unknown_names` before.
    """
    if isinstance(value, str):
        return _BRACES.sub(lambda found: _one(found, endpoint.values), value)
    if isinstance(value, Mapping):
        return {key: filled(inner, endpoint) for key, inner in value.items()}
    if isinstance(value, (list, tuple)):
        return [filled(inner, endpoint) for inner in value]
    return value


def _one(found: re.Match[str], values: Mapping[str, str]) -> str:
    text = found.group(0)
    return text[0] if text in ("{{", "}}") else values.get(found.group(1) or "", text)
