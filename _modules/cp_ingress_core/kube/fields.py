"""Sets of fields in the ``fieldsV1`` form of managedFields: nested mappings whose keys start with f:, k:,
v: or i:.

``f:name`` is a field, ``k:{json}`` an item of a list by its keys, ``v:json`` an item of a set, ``i:n`` an
item by index, and ``.`` the thing itself. Pure.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

Fields = dict[str, Any]


def union(sets: Iterable[Mapping[str, Any]]) -> Fields:
    """Return all fields that are in any of the sets."""
    found: Fields = {}
    for fields in sets:
        for key, inner in fields.items():
            found[key] = union([found.get(key, {}), inner])
    return found


def remove(value: Any, fields: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
    """Return `value` without the fields in `fields`, except those that are in `kept`.

    A mapping or list that becomes empty by it is dropped too, as the server does; such a value comes back
    as None.
    """
    if isinstance(value, Mapping):
        return _remove_from_mapping(value, fields, kept)
    if isinstance(value, list):
        return _remove_from_list(value, fields, kept)
    return value


def _remove_from_mapping(value: Mapping[str, Any], fields: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
    result = dict(value)
    for key, inner in fields.items():
        name = key.removeprefix("f:")
        if key.startswith("f:") and name in result:
            left = _left(result[name], inner, kept.get(key))
            if left is None:
                del result[name]
            else:
                result[name] = left
    return result or None


def _remove_from_list(value: list[Any], fields: Mapping[str, Any], kept: Mapping[str, Any]) -> Any:
    result = list(value)
    for key, inner in fields.items():
        for item in [item for item in result if _matches(key, item)]:
            left = _left(item, inner, kept.get(key))
            at = result.index(item)
            if left is None:
                del result[at]
            else:
                result[at] = left
    return result or None


def _left(value: Any, fields: Mapping[str, Any], kept: Mapping[str, Any] | None) -> Any:
    """Return what stays of a value that `fields` covers: all of it where somebody else owns it as a leaf."""
    children = [key for key in fields if key != "."]
    if kept is None:
        # Nobody else owns anything here; what nobody owns at all (a default) stays only inside what stays.
        return remove(value, fields, {}) if children and "." not in fields else None
    return remove(value, {key: fields[key] for key in children}, kept) if children else value


def _matches(key: str, item: Any) -> bool:
    if key.startswith("k:") and isinstance(item, Mapping):
        return all(item.get(name) == wanted for name, wanted in json.loads(key[2:]).items())
    return key.startswith("v:") and bool(json.loads(key[2:]) == item)


def extract(value: Any, fields: Mapping[str, Any]) -> Any:
    """Return the part of `value` that `fields` cover: what a manager sent, as far as it still stands there.

    What is owned and no longer there is left out.
    """
    children = {key: inner for key, inner in fields.items() if key != "."}
    if not children:
        return value
    if isinstance(value, Mapping):
        names = {key.removeprefix("f:"): inner for key, inner in children.items() if key.startswith("f:")}
        return {name: extract(value[name], inner) for name, inner in names.items() if name in value}
    if isinstance(value, list):
        return [
            extract(item, inner) for item in value for key, inner in children.items() if _matches(key, item)
        ]
    return value


def owned(managed: Iterable[Mapping[str, Any]], manager: str) -> Mapping[str, Any] | None:
    """Return the managedFields entry of a manager's own Apply, or None."""
    for entry in managed:
        if (
            entry.get("manager") == manager
            and entry.get("operation") == "Apply"
            and not entry.get("subresource")
        ):
            return entry
    return None


def digest(entry: Mapping[str, Any]) -> str:
    """Return a short digest of what an entry owns, and in which apiVersion (16 hexadecimal digits)."""
    content = json.dumps(
        [entry.get("apiVersion"), entry.get("fieldsV1")], sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(content.encode()).hexdigest()[:16]
