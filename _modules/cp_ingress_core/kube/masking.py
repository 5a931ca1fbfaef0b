"""Keeping the values of Secrets out of whatever is shown: returns, diffs, logs and error texts."""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .lookup import section

Object = Mapping[str, Any]

MASK = "***"
BEFORE, AFTER = f"{MASK} (before)", f"{MASK} (after)"

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"

_FIELDS = ("data", "stringData")
_SHORT = 4  # shorter values are replaced where they stand alone, or they would tear up every other word
_GO_ESCAPES = str.maketrans(
    {char: f"\\u{ord(char):04x}" for char in "<>&"}
)  # as Go's JSON encoder writes them
_LINE = 8  # lines of a value are secrets of their own from this length on


def mask(obj: Object | None) -> dict[str, Any] | None:
    """Copy an object with ``***`` for every Secret value in it.

    :param obj: any object; a Secret, a SecretList, or a List that holds Secrets
    :return: the copy (objects without Secrets as they are), or None for None
    """
    if obj is None:
        return None
    if obj.get("kind") == "Secret":
        return _mask_secret(obj, None, MASK)
    if isinstance(obj.get("items"), list):
        return {**obj, "items": [_mask_item(obj, item) for item in obj["items"]]}
    return dict(obj)


def mask_pair(
    before: Object | None, after: Object | None
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """Mask two states of one object so that a diff of them still tells which values differ.

    :param before: the live object, or None
    :param after: the object as it will be, or None
    :return: copies with ``***`` for equal, added and removed values, ``*** (before)`` and ``*** (after)`` for
        changed ones; ``stringData`` is folded into ``data`` first, so that both sides compare
    """
    if not any(obj is not None and obj.get("kind") == "Secret" for obj in (before, after)):
        return mask(before), mask(after)
    left = fold_string_data(before) if before is not None else None
    right = fold_string_data(after) if after is not None else None
    return (
        _mask_secret(left, right, BEFORE) if left is not None else None,
        _mask_secret(right, left, AFTER) if right is not None else None,
    )


def fold_string_data(secret: Object) -> dict[str, Any]:
    """Copy a Secret with its ``stringData`` moved, encoded, into ``data``.

    Applied as ``stringData``, a key would stay in the live Secret after it was renamed or removed.

    :param secret: a Secret; values that are no strings stay where they are, for the API server to refuse
    :return: the copy, without ``stringData`` where all of it could be moved
    """
    plain, data = secret.get("stringData"), secret.get("data") or {}
    if not isinstance(plain, Mapping) or not isinstance(data, Mapping):
        return dict(secret)
    moved = {key: _encode(value) for key, value in plain.items() if isinstance(value, str)}
    odd = {key: value for key, value in plain.items() if not isinstance(value, str)}
    folded = {key: value for key, value in secret.items() if key not in _FIELDS}
    folded.update(
        {name: values for name, values in (("data", {**data, **moved}), ("stringData", odd)) if values}
    )
    return folded


def scrub(text: str, *objects: Object | None) -> str:
    """Remove every value of the given Secrets from a text, be it plain, encoded or quoted.

    :param text: for example the message of an API error
    :param objects: what it may quote: the object sent, the live one; objects without Secrets are ignored
    :return: the text with ``***`` in place of each value
    """
    forms = {form for obj in objects for value in _values(obj) for form in _forms(value)}
    # A pattern is dear to make, and of the many lines of a large Secret hardly one is ever quoted.
    forms = {form for form in forms if form.strip() and form in text}
    spans = sorted(match.span(1) for form in forms for match in _pattern(form).finditer(text))
    pieces: list[str] = []
    done = 0
    for start, end in spans:
        if start >= done:  # else it begins inside the one before, and is covered by its mask
            pieces += [text[done:start], MASK]
        done = max(done, end)
    return "".join([*pieces, text[done:]])


def _mask_secret(secret: Object, other: Object | None, changed: str) -> dict[str, Any]:
    masked = dict(secret)
    for name in _FIELDS:
        if secret.get(name) is not None:
            masked[name] = _mask_values(secret[name], (other or {}).get(name), changed)
    annotations = section(secret, "metadata", "annotations")
    if LAST_APPLIED in annotations:
        theirs = section(other, "metadata", "annotations")
        hidden = _mask_values({LAST_APPLIED: annotations[LAST_APPLIED]}, theirs, changed)
        masked["metadata"] = {**secret["metadata"], "annotations": {**annotations, **hidden}}
    return masked


def _mask_values(values: object, others: object, changed: str) -> Any:
    if not isinstance(values, Mapping):
        return MASK
    known = others if isinstance(others, Mapping) else {}
    return {
        key: MASK if key not in known or known[key] == value else changed for key, value in values.items()
    }


def _mask_item(parent: Object, item: object) -> Any:
    if not isinstance(item, Mapping):
        return item
    if parent.get("kind") == "SecretList":  # its items carry no kind
        return _mask_secret(item, None, MASK)
    return mask(item)


def _values(obj: object) -> Iterator[object]:
    """Every scalar that a Secret, or a list with Secrets in it, keeps secret."""
    if not isinstance(obj, Mapping):
        return
    for item in obj["items"] if isinstance(obj.get("items"), list) else []:
        is_bare = obj.get("kind") == "SecretList" and isinstance(item, Mapping)
        yield from _values({**item, "kind": "Secret"} if is_bare else item)
    if obj.get("kind") != "Secret":
        return
    for name in _FIELDS:
        for value in _scalars(obj.get(name)):
            yield value
            if name == "data" and isinstance(value, str):
                yield from _decoded(value)
    applied = section(obj, "metadata", "annotations").get(LAST_APPLIED)
    if isinstance(applied, str):
        yield from _last_applied(applied)


def _last_applied(annotation: str) -> Iterator[object]:
    try:
        yield from _values(json.loads(annotation))
    except ValueError:
        yield annotation


def _scalars(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for item in value.values():
            yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif value is not None:
        yield value


def _decoded(value: str) -> Iterator[str]:
    try:
        yield base64.b64decode(value).decode()
    except (binascii.Error, ValueError):
        return


def _forms(value: object) -> Iterator[str]:
    """The spellings in which a value may stand in a message."""
    if not isinstance(value, str):
        yield from (str(value), json.dumps(value, default=str))
        return
    for part in (value, value.strip(), *(line for line in value.splitlines() if len(line) >= _LINE)):
        quoted = json.dumps(part, ensure_ascii=False)[1:-1]
        yield from (part, _encode(part), quoted, quoted.translate(_GO_ESCAPES), json.dumps(part)[1:-1])


def _pattern(form: str) -> re.Pattern[str]:
    literal = f"({re.escape(form)})"
    # A lookahead finds overlapping places too.
    return re.compile(f"(?={literal})" if len(form) >= _SHORT else rf"(?<!\w){literal}(?!\w)")


def _encode(value: str) -> str:
    return base64.b64encode(value.encode()).decode()
