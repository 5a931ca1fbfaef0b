"""URLs by their origin, that is scheme, host and port: finding those at an earlier endpoint and moving them
to the new one. Pure.
"""

from __future__ import annotations

import contextlib
import ipaddress
import re
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

_DEFAULT_PORTS = {"http": 80, "https": 443}

# A text that begins with an origin, in quotes perhaps, as INI files have it.
_URL = re.compile(
    r"""(?P<quote>["']?)(?P<origin>(?P<scheme>https?)://"""
    r"""(?P<host>\[[0-9a-f:.]+\]|[^\s/:?\#\[\]"'@]+)(?::(?P<port>[0-9]{1,5}))?)(?=[/?\#"']|\Z)""",
    re.IGNORECASE,
)


class Origin(NamedTuple):
    """Scheme, host (addresses in their short form, names in lower case) and port."""

    scheme: str
    host: str
    port: int

    def text(self, like: str) -> str:
        """Return the origin as it is written at the start of `like`."""
        found = _URL.match(like)
        return found["origin"] if found else ""


def origin_of(text: Any) -> Origin | None:
    """Return the origin of the http or https URL that a text is, None for anything else."""
    found = _URL.match(text) if isinstance(text, str) else None
    return _origin(found) if found else None


def _origin(found: re.Match[str]) -> Origin:
    scheme = found["scheme"].lower()
    host = found["host"].strip("[]").lower()
    with contextlib.suppress(ValueError):
        host = str(ipaddress.ip_address(host))
    return Origin(scheme, host, int(found["port"] or _DEFAULT_PORTS[scheme]))


def moved(value: Any, former: Collection[Origin], url: str) -> Any:
    """Return `value` with each URL in it that is at one of the `former` origins at `url` instead.

    Texts, lists and mappings are searched, keys of mappings included; what follows the origin stays.
    """
    if isinstance(value, str):
        found = _URL.match(value)
        if found is None or _origin(found) not in former:
            return value
        text = f"{found['quote']}{url}{value[found.end() :]}"
        return value if text == value else text
    if isinstance(value, Mapping):
        return _moved_mapping(value, former, url)
    if isinstance(value, list):
        return [moved(item, former, url) for item in value]
    return value


def _moved_mapping(value: Mapping[Any, Any], former: Collection[Origin], url: str) -> dict[Any, Any]:
    result: dict[Any, Any] = {}
    for key, inner in value.items():
        name = moved(key, former, url)
        # Where there is an entry for the new URL already, that one counts.
        if name == key or name not in value:
            result[name] = moved(inner, former, url)
    return result
