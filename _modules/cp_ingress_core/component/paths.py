r"""Places inside a document: ``staticClients[id=console].redirectURIs[0]``, ``"a.b".c``, ``servers[*].url``.

A key stands in double quotes when it holds a dot or a bracket; an item of a list is chosen by its number, by
a key and its value, or all are with ``[*]``. Pure.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_STEP = re.compile(
    r"""(?P<dot>\.)?(?:"(?P<quoted>[^"]+)"|(?P<key>[^\s."\[\]=*]+))
      | \[(?:(?P<every>\*)|(?P<index>[0-9]+)|(?P<name>[^\s."\[\]=*]+)=(?P<value>[^\[\]]+))\]""",
    re.VERBOSE,
)


@dataclass(frozen=True)
class Step:
    """One step down: to a key, or to items of a list (all, by number, or by a key's value)."""

    key: str | None = None
    index: int | None = None
    name: str = ""
    value: str = ""


class PathError(ValueError):
    """A path that cannot be read, or that leads nowhere in a document."""


def parse(path: str) -> tuple[Step, ...]:
    """Return the steps of a path; raises PathError saying where it is wrong."""
    steps: list[Step] = []
    at = 0
    while at < len(path):
        found = _STEP.match(path, at)
        is_key = found is not None and (found["key"] is not None or found["quoted"] is not None)
        if found is None or (is_key and bool(found["dot"]) != bool(steps)):
            raise PathError(f"not understood from {path[at:]!r} on")
        at = found.end()
        if is_key:
            steps.append(Step(key=found["quoted"] or found["key"]))
        else:
            index = int(found["index"]) if found["index"] else None
            steps.append(Step(index=index, name=found["name"] or "", value=found["value"] or ""))
    if not steps:
        raise PathError("empty")
    return tuple(steps)


def places(data: Any, path: str, *, new: bool = False) -> list[tuple[Any, Any]]:
    """Return where a path leads: pairs of a mapping or list and the key or index in it.

    With `new` the last key need not be there yet. Otherwise what is not there gives no place. Raises
    PathError where a step does not fit what is there.
    """
    steps = parse(path)
    found: list[Any] = [data]
    for number, step in enumerate(steps):
        last = number == len(steps) - 1
        pairs = [pair for node in found for pair in _down(node, step, path, new and last)]
        if last:
            return pairs
        found = [node[key] for node, key in pairs]
    return []


def _down(node: Any, step: Step, path: str, new: bool) -> Iterator[tuple[Any, Any]]:
    if node is None:
        return
    if step.key is not None:
        if not isinstance(node, dict):
            raise PathError(f"{path}: {step.key!r} is looked for in something that is no mapping")
        if step.key in node or new:
            yield node, step.key
        return
    if not isinstance(node, list):
        raise PathError(f"{path}: items are looked for in something that is no list")
    for index, item in enumerate(node):
        if _chosen(step, index, item):
            yield node, index


def _chosen(step: Step, index: int, item: Any) -> bool:
    if step.name:
        return isinstance(item, dict) and str(item.get(step.name)) == step.value
    return step.index in (None, index)
