"""From YAML text to Kubernetes objects, read the way Helm and Kubernetes read it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Hashable, Iterator
from typing import Any, ClassVar

import yaml

from ..errors import ChartError

_MAX_LIST_DEPTH = 8
# Beyond this a floating-point number no longer tells one integer from the next.
_EXACT = 2**53
_SOURCE = re.compile(r"^# Source: (.+)$")


class ManifestLoader(yaml.CSafeLoader):
    """YAML as the Go parser of Helm and Kubernetes reads it.

    PyYAML would turn ``2024-01-01`` into a date and ``12:30`` into a number, and fail on a plain ``=``
    (found in the enums of some CRDs); it would leave ``y``, ``1e3`` and ``0o644`` as text.
    """

    bool_values: ClassVar[dict[str, bool]] = {**yaml.CSafeLoader.bool_values, "y": True, "n": False}

    def construct_number(self, node: yaml.ScalarNode) -> int | float | str:
        """Build a number with a point or exponent: a whole one is an integer, as JSON has it."""
        number = float(node.value.replace("_", ""))
        if math.isinf(number):
            return str(node.value)
        return int(number) if number.is_integer() and abs(number) < _EXACT else number


def _resolvers_kept() -> dict[str, list[tuple[str, re.Pattern[str]]]]:
    replaced = {f"tag:yaml.org,2002:{tag}" for tag in ("timestamp", "value", "int", "float")}
    return {
        first: [(tag, pattern) for tag, pattern in resolvers if tag not in replaced]
        for first, resolvers in yaml.CSafeLoader.yaml_implicit_resolvers.items()
    }


ManifestLoader.yaml_implicit_resolvers = _resolvers_kept()
ManifestLoader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile(r"[yYnN]\Z"), list("yYnN"))
# Tried in this order: what is no integer, 08 for one, may still be a number.
ManifestLoader.add_implicit_resolver(
    "tag:yaml.org,2002:int",
    re.compile(r"[-+]?(?:0b[01_]+|0o?[0-7_]+|0x[0-9a-fA-F_]+|0|[1-9][0-9_]*)\Z"),
    list("-+0123456789"),
)
ManifestLoader.add_implicit_resolver(
    "tag:yaml.org,2002:float",
    re.compile(r"[-+]?(?:\.[0-9][0-9_]*|[0-9][0-9_]*(?:\.[0-9_]*)?)(?:[eE][-+]?[0-9]+)?\Z"),
    list("-+.0123456789"),
)
ManifestLoader.add_constructor("tag:yaml.org,2002:float", ManifestLoader.construct_number)


class OptionLoader(ManifestLoader):
    """The same for option files, where a key written twice is a mistake to report."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Build the mapping, refusing a key that occurs twice."""
        seen: set[str] = set()
        for key, _ in node.value:
            if not isinstance(key, yaml.ScalarNode):
                continue
            if key.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"key {key.value!r} occurs twice", key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def parse_manifests(text: str, what: str) -> list[dict[str, Any]]:
    """Return the objects in ``text``, in order: documents that are empty dropped, ``List`` kinds expanded.

    ``what`` names the text in errors (``chart metallb 0.16.1``). Raises :class:`ChartError` with the template
    and line where something is not YAML or not an object; never with the text, which may hold Secrets.
    """
    lines = text.splitlines()
    objects: list[dict[str, Any]] = []
    for line, document in _documents(text, lines, what):
        if document in (None, {}, []):
            continue
        where = f"{what}, {_template(lines, line)}"
        objects.extend(_expand(_as_json(document, where), where, _MAX_LIST_DEPTH))
    return objects


def _as_json(document: Any, where: str) -> Any:
    """Hold the document to what JSON can say, as the API does: keys become text, bytes are refused."""
    try:
        return json.loads(json.dumps(document))
    except (TypeError, ValueError) as exc:
        raise ChartError(f"{where}: {exc}; put the value in quotes", reason="ManifestInvalid") from exc


def _documents(text: str, lines: list[str], what: str) -> Iterator[tuple[int, Any]]:
    """Yield the first line (from 0) and content of each document."""
    loader = ManifestLoader(text)
    try:
        while loader.check_node():
            node: Any = loader.get_node()
            yield node.start_mark.line, loader.construct_document(node)
    except yaml.YAMLError as exc:
        mark = getattr(exc, "problem_mark", None)
        line = mark.line if mark else 0
        raise ChartError(
            f"{what} rendered to something that is not YAML: "
            f"{getattr(exc, 'problem', None) or type(exc).__name__} in line {line + 1} "
            f"({_template(lines, line)}); check the values that the template uses",
            reason="ManifestInvalid",
        ) from exc
    finally:
        loader.dispose()


def _template(lines: list[str], line: int) -> str:
    """Name the chart template a line came from, by the comment that Helm writes above each."""
    for candidate in reversed(lines[: line + 1]):
        if match := _SOURCE.match(candidate):
            return f"template {match.group(1)}"
    return "template unknown"


def _expand(document: Any, where: str, depth: int) -> list[dict[str, Any]]:
    if not isinstance(document, dict):
        raise ChartError(
            f"{where}: rendered to a {type(document).__name__}, must be a Kubernetes object",
            reason="ManifestInvalid",
        )
    kind, api_version = document.get("kind"), document.get("apiVersion")
    if not isinstance(kind, str) or not kind or not isinstance(api_version, str) or not api_version:
        raise ChartError(
            f"{where}: an object without apiVersion and kind (apiVersion {api_version!r}, kind {kind!r})",
            reason="ManifestInvalid",
        )
    items = document.get("items")
    if kind.endswith("List") and (kind == "List" or isinstance(items, list)):
        return _expand_list(document, where, depth)
    metadata = document.get("metadata")
    if not isinstance(metadata, dict) or not isinstance(metadata.get("name"), str) or not metadata["name"]:
        raise ChartError(f"{where}: {api_version} {kind} without metadata.name", reason="ManifestInvalid")
    return [document]


def _expand_list(document: dict[str, Any], where: str, depth: int) -> list[dict[str, Any]]:
    if depth == 0:
        raise ChartError(f"{where}: lists nested more than {_MAX_LIST_DEPTH} deep", reason="ManifestInvalid")
    objects: list[dict[str, Any]] = []
    for item in document.get("items") or []:
        typed = item
        if document["kind"] != "List" and isinstance(item, dict):
            # Items of a typed list may leave out what the list says for all of them.
            typed = {"apiVersion": document["apiVersion"], "kind": document["kind"][: -len("List")], **item}
        objects.extend(_expand(typed, where, depth - 1))
    return objects
