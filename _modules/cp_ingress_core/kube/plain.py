"""From what YAML and Salt make of a manifest to what JSON can say. Pure."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import Any


def plain(value: Any, path: str = "") -> Any:
    """Return a deep copy of `value` made of dict, list and JSON's scalars.

    Unquoted dates, which YAML reads as such, become text again as RFC 3339 writes it. Raises ValueError,
    naming the path, for a key that is no string (an unquoted ``on`` or ``1``) and for values JSON has no
    word for.
    """
    if isinstance(value, Mapping):
        # Most values are text: no path is made for them.
        return {
            _key(key, path): inner if isinstance(inner, str) else plain(inner, f"{path}.{key}".lstrip("."))
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [plain(inner, f"{path}[{index}]") for index, inner in enumerate(value)]
    if isinstance(value, datetime.date):
        return value.isoformat().replace("+00:00", "Z")
    if value is None or isinstance(value, str | bool | int | float):
        return value
    raise ValueError(f"{path}: {type(value).__name__} is no value of a manifest; write it as text")


def _key(key: Any, path: str) -> str:
    if isinstance(key, str):
        return key
    raise ValueError(f"{path or 'the manifest'}: the key {key!r} is no string; quote it")
