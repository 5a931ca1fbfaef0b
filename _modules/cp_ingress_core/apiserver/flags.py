"""Flags of a command line, read and changed in its list of arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence


def _split(arguments: Sequence[str]) -> Iterator[tuple[str, str, Sequence[str]]]:
    """Yield each argument's flag name ("" for none), its value, and the arguments that it is made of."""
    position = 0
    while position < len(arguments):
        text = arguments[position]
        if not text.startswith("--") or text == "--":
            yield "", text, [text]
            position += 1
            continue
        name, equals, value = text[2:].partition("=")
        used = 1
        # `--name value` is one flag; a flag that another one follows is a switch.
        if not equals:
            follower = arguments[position + 1] if position + 1 < len(arguments) else "--"
            used, value = (1, "true") if follower.startswith("-") else (2, follower)
        # The apiserver reads underscores in names as dashes.
        yield name.replace("_", "-"), value, arguments[position : position + used]
        position += used


def read(arguments: Sequence[str]) -> dict[str, list[str]]:
    """Return the values of each flag, in the order in which they are given."""
    found: dict[str, list[str]] = {}
    for name, value, _ in _split(arguments):
        if name:
            found.setdefault(name, []).append(value)
    return found


def last(flags: Mapping[str, Sequence[str]], name: str, default: str = "") -> str:
    """Return the value of a flag that counts: the last one, as the apiserver reads it."""
    values = flags.get(name)
    return values[-1] if values else default


def changed(arguments: Sequence[str], wanted: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the arguments with other values for some flags.

    arguments
        The list as it is.
    wanted
        Values by name; a name without values is removed. A flag that is there keeps its place, one that has
        its values already keeps its spelling, new ones come last.
    """
    present = read(arguments)
    differs = {name for name, values in wanted.items() if list(values) != present.get(name, [])}
    result: list[str] = []
    placed: set[str] = set()
    for name, _, spelled in _split(arguments):
        if name not in differs:
            result += spelled
        elif name not in placed:
            placed.add(name)
            result += _written(name, wanted[name])
    for name, values in wanted.items():
        if name in differs and name not in placed:
            result += _written(name, values)
    return result


def _written(name: str, values: Sequence[str]) -> list[str]:
    return [f"--{name}={value}" for value in values]
