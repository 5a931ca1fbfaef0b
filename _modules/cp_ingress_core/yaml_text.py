"""YAML text into plain data, strictly: duplicate keys refused, scalars kept as the user wrote them.

Tags, dates and merge keys are not interpreted, so that they never matter in parts of a file that belong to
others. Shared nodes (aliases) are read once, however often they are referred to.
"""

from __future__ import annotations

from typing import Any

import yaml

from cp_ingress_core.findings import Findings

_NULL = "tag:yaml.org,2002:null"
_BOOL = "tag:yaml.org,2002:bool"
_MERGE = "tag:yaml.org,2002:merge"
_BOOLEANS = yaml.SafeLoader.bool_values


def read_yaml(text: str, path: str, findings: Findings) -> Any:
    """Read one YAML document.

    Parameters
    ----------
    text
        The document.
    path
        The file it came from, for messages.
    findings
        Where syntax errors, duplicate keys and self-references are refused.

    Returns
    -------
    Any
        Dictionaries with text keys, lists, text, ``True``, ``False`` and None. Numbers and dates stay text.
        None also when the text is empty or is not YAML.
    """
    try:
        # The parser in Python: the one in C recurses on the machine's stack, whose end it does not survive.
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        return None if node is None else _Reader(findings).data(node, "")
    except yaml.YAMLError as err:
        problem = _problem(err)
    except (ValueError, OverflowError, RecursionError) as err:
        # Escapes and directives with numbers out of range, and nesting without end.
        problem = "it is nested too deeply" if isinstance(err, RecursionError) else str(err)[:200]
    findings.refuse_file(
        path,
        f"this is not YAML: {problem}",
        allowed="one YAML document",
        remedy="correct the file there; quote text that holds special characters",
    )
    return None


def _problem(err: yaml.YAMLError) -> str:
    """Say what the parser stumbled over, and where."""
    if isinstance(err, yaml.MarkedYAMLError):
        mark = err.problem_mark or err.context_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        return where + str(err.problem or err.context)[:200]
    if isinstance(err, yaml.reader.ReaderError):
        return f"character {err.position + 1}: {err.reason}"[:200]
    return str(err)[:200]


class _Reader:
    """Reads nodes into data, in the document's order, so that what an alias refers to is already read."""

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._read: dict[int, Any] = {}
        self._open: set[int] = set()

    def data(self, node: yaml.Node, key: str) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return _scalar(node)
        if id(node) in self._open:
            self._refuse(
                key, node, "this refers to itself", "data without a loop", "write it without the alias"
            )
            return None
        if id(node) not in self._read:
            self._open.add(id(node))
            self._read[id(node)] = (
                self._mapping(node, key)
                if isinstance(node, yaml.MappingNode)
                else [self.data(item, key) for item in node.value]
            )
            self._open.discard(id(node))
        return self._read[id(node)]

    def _mapping(self, node: yaml.MappingNode, path: str) -> dict[str, Any]:
        found: dict[str, Any] = {}
        first: dict[tuple[str, str], int] = {}
        for key_node, value_node in node.value:
            scalar = isinstance(key_node, yaml.ScalarNode)
            name = key_node.value if scalar else f"(key in line {key_node.start_mark.line + 1})"
            key = f"{path}.{_printable(name)}" if path else _printable(name)
            if scalar and (key_node.tag, name) in first and key_node.tag != _MERGE:
                line = first[key_node.tag, name]
                self._refuse(
                    key, key_node, f"it is in line {line} already", "each key once", "remove one of them"
                )
            elif scalar:
                first[key_node.tag, name] = key_node.start_mark.line + 1
            value = self.data(value_node, key)
            if scalar and key_node.tag == _MERGE:
                # A mapping may have several; what they would bring in is not read.
                name = "<<"
            found[name] = value
        return found

    def _refuse(self, key: str, node: yaml.Node, why: str, allowed: str, remedy: str) -> None:
        where = f"line {node.start_mark.line + 1}"
        self._findings.errors.append(f"{key}: found in {where}: {why}. Allowed: {allowed}. Remedy: {remedy}.")


def _scalar(node: yaml.ScalarNode) -> Any:
    if node.tag == _NULL:
        return None
    if node.tag == _BOOL:
        return _BOOLEANS.get(node.value.lower(), node.value)
    return node.value


def _printable(name: str) -> str:
    return name if len(name) <= 80 and name.isprintable() else repr(name[:80])
