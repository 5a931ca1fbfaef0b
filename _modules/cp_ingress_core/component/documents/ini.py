"""INI files, and others of lines ``key = value`` (oauth2-proxy's): only the lines that change are touched.

Keys before the first section are at the top, the others in a mapping per section. A value is text as it
stands there, with its quotes. Comments, order and spacing stay.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

_SECTION = re.compile(r"\s*\[(?P<name>[^\[\]]+)\]\s*(?:[#;].*)?")
_LINE = re.compile(r"(?P<head>\s*(?P<key>[^\s=#;\[][^=]*?)\s*=\s*)(?P<value>.*?)(?P<tail>\s*)", re.DOTALL)


@dataclass(frozen=True)
class _Line:
    """A line with a key: where it stands, and the parts of it."""

    number: int
    section: str | None
    key: str
    head: str
    value: str
    tail: str


def read(text: str) -> dict[str, Any]:
    """Return the document's data; of a key that is given twice the last value counts."""
    data: dict[str, Any] = {}
    section: str | None = None
    for line in text.splitlines():
        if found := _SECTION.fullmatch(line):
            section = found["name"].strip()
            if not isinstance(data.get(section), dict):
                data[section] = {}
        elif found := _LINE.fullmatch(line):
            (data if section is None else data[section])[found["key"]] = found["value"]
    return data


def _lines(text: str) -> list[_Line]:
    found: list[_Line] = []
    section: str | None = None
    for number, line in enumerate(text.splitlines(keepends=True)):
        if header := _SECTION.fullmatch(line):
            section = header["name"].strip()
        elif parts := _LINE.fullmatch(line):
            found.append(_Line(number, section, parts["key"], parts["head"], parts["value"], parts["tail"]))
    return found


def write(data: dict[str, Any], before: str) -> str:
    """Return `before` with the values of `data`: changed ones in their lines, new ones after the last key of
    their section.
    """
    lines = before.splitlines(keepends=True)
    known = _lines(before)
    for line in known:
        held = data if line.section is None else data.get(line.section, {})
        value = held.get(line.key, line.value)
        if value != line.value:
            lines[line.number] = f"{line.head}{value}{line.tail}"
    for section, key, value in reversed(_new(data, known)):
        at = _end(known, lines, section)
        if at and not lines[at - 1].endswith("\n"):
            lines[at - 1] += "\n"
        lines.insert(at, f"{key} = {value}\n")
    return "".join(lines)


def _new(data: dict[str, Any], known: list[_Line]) -> list[tuple[str | None, str, Any]]:
    there = {(line.section, line.key) for line in known}
    wanted: list[tuple[str | None, str, Any]] = []
    for name, inner in data.items():
        if isinstance(inner, dict):
            wanted += [(name, key, value) for key, value in inner.items()]
        else:
            wanted.append((None, name, inner))
    return [item for item in wanted if item[:2] not in there]


def _end(known: list[_Line], lines: list[str], section: str | None) -> int:
    """Return the number of the line after the last key of a section, or after its header."""
    keys = [line.number for line in known if line.section == section]
    if keys or section is None:
        return max(keys, default=-1) + 1
    headers = [
        number
        for number, line in enumerate(lines)
        if (found := _SECTION.fullmatch(line)) and found["name"].strip() == section
    ]
    return headers[-1] + 1
