"""A whole run in test mode, short enough to read: which step would do what to which object. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_PREFIX = "cp_ingress-"

# What Salt's own states call what they would do to a file.
_FILES = ("newfile", "created", "replaced", "directory", "removed")


def condense(results: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return what each step would do, in the run's order: ``{step: ["created v1/Service ns/name", ...]}``.

    results
        What ``state.apply`` returned. Steps that would neither do nor wait for anything are left out.
    """
    ordered = sorted(results.values(), key=lambda state: state.get("__run_num__", 0))
    found: dict[str, list[str]] = {}
    for state in ordered:
        step = str(state["__id__"]).removeprefix(_PREFIX)
        lines = [_line(key, value, state) for key, value in (state.get("changes") or {}).items()]
        if state.get("result") is False:
            lines = [f"FAILS: {state.get('comment', '')}"]
        elif state.get("result", True) is None and not lines:
            lines = [f"waits: {state.get('comment', '')}"]
        if lines:
            found[step] = list(dict.fromkeys([*found.get(step, []), *lines]))
    return found


def _line(key: str, value: Any, state: Mapping[str, Any]) -> str:
    if isinstance(value, Mapping) and "action" in value:
        return f"{value['action']} {key}"
    if isinstance(value, Mapping) and set(value) == {"old", "new"}:
        old = value["old"] or "nothing"
        return f"{key}: {old} -> {value['new']}"
    if key == "subject_alternative_name" or isinstance(value, Mapping):
        return f"changes {state['name']}"
    return f"{'makes' if key in _FILES else key} {state['name'] if key in _FILES else value}"
