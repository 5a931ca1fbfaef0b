"""What changes between two states of an object, as paths with their old and new values.

Made to be read: bookkeeping is left out, items of lists are named by what the API server merges them by, and
values are short. Secrets are to be masked first (:mod:`.masking`): this module shows what it is given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from .lookup import section

Changes = dict[str, dict[str, Any]]

LONGEST = 200  # characters of a value
CONTEXT = 20  # characters kept before the first difference of two long values

BOOKKEEPING = frozenset(["cp-ingress.io/applied-hash"])
MARKS = "component.cp-ingress.io/"  # prefix of the annotations that say which configuration pods run with

# Fields that name an item of a list, the first that fit: present in every item and different in each.
ITEM_KEYS = (
    ("mountPath",),
    ("devicePath",),
    ("name",),
    ("containerPort", "protocol"),
    ("port", "protocol"),
    ("ip",),
    ("topologyKey", "whenUnsatisfiable"),
    ("uid",),
    ("type",),
    ("key",),
)
DEFAULTS = {"protocol": "TCP"}

_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, default=str).encode
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def diff(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Changes:
    """Compare two states of one object.

    :param before: the live object, or None where there is none
    :param after: the object as it will be (the response of a dry run), or None where it goes away
    :return: path -> ``{"old": value, "new": value}``, where None stands for an absent value; empty if nothing
        but ``status`` or bookkeeping differs. Strings, numbers and booleans are shown as they are, anything
        larger as one line of JSON, both cut after 200 characters with a count of what is left out. In a path,
        ``containers[controller]`` is an item of a list by its key, ``labels['a/b']`` a key that is no word.
    """
    changes: Changes = {}
    _compare("", shown(before or {}), shown(after or {}), changes)
    return changes


def shown(obj: Mapping[str, Any]) -> dict[str, Any]:
    """The part of an object that a diff looks at: all but identity, status and bookkeeping."""
    rest = {
        key: value for key, value in obj.items() if key not in ("apiVersion", "kind", "metadata", "status")
    }
    labels, annotations = section(obj, "metadata", "labels"), section(obj, "metadata", "annotations")
    kept = {
        key: value
        for key, value in annotations.items()
        if key not in BOOKKEEPING and not key.startswith(MARKS)
    }
    return {"metadata": {"labels": labels, "annotations": kept}, **rest}


def _compare(path: str, old: Any, new: Any, changes: Changes) -> None:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            left, right = old.get(key), new.get(key)
            # Most values are equal text: no path is made for them.
            if not (isinstance(left, str) and left == right):
                _compare(_member(path, str(key)), left, right, changes)
    elif isinstance(old, list) and isinstance(new, list):
        fields = _item_fields(old, new)
        if fields:
            _compare_keyed(path, _by_key(old, fields), _by_key(new, fields), changes)
        else:
            _compare_indexed(path, old, new, changes)
    elif _differ(old, new):
        changes[path] = _pair(old, new)


def _compare_keyed(path: str, old: dict[str, Any], new: dict[str, Any], changes: Changes) -> None:
    if [key for key in old if key in new] != [key for key in new if key in old]:
        changes[path] = _pair(list(old), list(new))  # the order may matter, as for init containers
    for key in [*old, *(key for key in new if key not in old)]:
        _compare(f"{path}[{key}]", old.get(key), new.get(key), changes)


def _compare_indexed(path: str, old: list[Any], new: list[Any], changes: Changes) -> None:
    """Compare what lies between the equal head and the equal tail, so that one insertion is one change."""
    olds, news = [_json(item) for item in old], [_json(item) for item in new]
    head = _common(olds, news)
    tail = min(_common(olds[::-1], news[::-1]), len(old) - head, len(new) - head)
    for index in range(head, max(len(old), len(new)) - tail):
        left = old[index] if index < len(old) - tail else None
        right = new[index] if index < len(new) - tail else None
        _compare(f"{path}[{index}]", left, right, changes)


def _item_fields(old: list[Any], new: list[Any]) -> tuple[str, ...]:
    """The fields that tell the items of both lists apart, or none."""
    if not all(isinstance(item, Mapping) for item in old + new):
        return ()
    for fields in ITEM_KEYS:
        if all(_tells_apart(fields, items) for items in (old, new)):
            return fields
    return ()


def _tells_apart(fields: tuple[str, ...], items: list[Mapping[str, Any]]) -> bool:
    values = [[item.get(name, DEFAULTS.get(name)) for name in fields] for item in items]
    scalars = all(isinstance(value, str | int) for row in values for value in row)
    return scalars and len({_key(row) for row in values}) == len(items)


def _by_key(items: list[Mapping[str, Any]], fields: tuple[str, ...]) -> dict[str, Any]:
    return {_key([item.get(name, DEFAULTS.get(name)) for name in fields]): item for item in items}


def _key(values: list[Any]) -> str:
    return "/".join(str(value) for value in values)


def _member(path: str, key: str) -> str:
    if not _PLAIN.fullmatch(key):
        return f"{path}['{key}']"
    return f"{path}.{key}" if path else key


def _pair(old: Any, new: Any) -> dict[str, Any]:
    old, new = _line(old), _line(new)
    start = 0
    if isinstance(old, str) and isinstance(new, str) and max(len(old), len(new)) > LONGEST:
        # Two long values often begin alike: show them from where they part.
        start = max(0, _common(old, new) - CONTEXT)
    return {"old": _cut(old, start), "new": _cut(new, start)}


def _line(value: Any) -> Any:
    return _json(value) if isinstance(value, Mapping | list) else value


def _cut(value: Any, start: int) -> Any:
    if not isinstance(value, str):
        return value
    rest = value[start : start + LONGEST]
    left = len(value) - start - len(rest)
    head = f"({start} equal characters) ... " if start else ""
    return head + rest + (f" ... ({left} more characters)" if left > 0 else "")


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    pairs = enumerate(zip(old, new, strict=False))
    return next((index for index, (left, right) in pairs if left != right), min(len(old), len(new)))


def _differ(old: Any, new: Any) -> bool:
    """Compare as JSON does: to Python, True equals 1."""
    if isinstance(old, str) and isinstance(new, str):
        return old != new
    return _json(old) != _json(new)
