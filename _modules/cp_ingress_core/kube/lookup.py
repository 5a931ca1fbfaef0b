"""Reading fields of objects that may hold anything: what is missing or odd reads as empty, never fails."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Object = Mapping[str, Any]


def section(obj: object, *path: str) -> Object:
    """The mapping at ``path``, or an empty one."""
    for step in path:
        obj = obj.get(step) if isinstance(obj, Mapping) else None
    return obj if isinstance(obj, Mapping) else {}


def entries(obj: Object, key: str) -> list[Object]:
    """The mappings in the list at ``key``, or an empty list."""
    value = obj.get(key)
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def number(obj: Object, key: str, default: int = 0) -> int:
    """The whole number at ``key``, or ``default``."""
    value = obj.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else default


def text(obj: Object, key: str) -> str:
    """The string at ``key``, or an empty one."""
    value = obj.get(key)
    return value if isinstance(value, str) else ""


def condition(obj: Object, kind: str) -> Object:
    """The entry of ``status.conditions`` whose type is ``kind``, or an empty mapping."""
    found = (c for c in entries(section(obj, "status"), "conditions") if c.get("type") == kind)
    return next(found, {})


def holds(obj: Object, kind: str) -> bool:
    """Whether the condition ``kind`` is ``True``."""
    return condition(obj, kind).get("status") == "True"


def words(entry: Object, fallback: str) -> str:
    """What a condition or a container state says: ``Reason: message``, as much of it as there is."""
    said = ": ".join(part for part in (text(entry, "reason"), text(entry, "message")) if part)
    return said or fallback
