"""YAML with its scalars kept as they are written, so that nothing changes its meaning on the way.

``0644``, ``yes`` and ``1e3`` mean one thing to one program and another to the next; a scalar is therefore
kept as text with its tag and style. Comments and line breaks are not kept.
"""

from __future__ import annotations

from typing import Any

import yaml

from cp_ingress_core.component.documents.model import DocumentError

_TEXT = "tag:yaml.org,2002:str"
_NULL = "tag:yaml.org,2002:null"
_MAP, _SEQ = "tag:yaml.org,2002:map", "tag:yaml.org,2002:seq"
_WIDTH = 1 << 20  # no line is ever folded


class Scalar(str):
    """A scalar as it was written: its text, its tag, and how it was quoted."""

    tag: str
    style: str | None

    @classmethod
    def of(cls, node: yaml.ScalarNode) -> Scalar:
        """Keep a node's text, tag and style."""
        scalar = cls(node.value)
        scalar.tag, scalar.style = node.tag, node.style
        return scalar


def read(text: str) -> Any:
    """Return the data of one YAML document: scalars other than null and true or false are text."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        raise DocumentError(f"not YAML{_at(mark)}") from None
    except (ValueError, RecursionError):
        raise DocumentError("not YAML") from None
    return None if node is None else _Reader().data(node)


def _at(mark: Any) -> str:
    return f" (line {mark.line + 1})" if mark else ""


class _Reader:
    """Turns nodes into data; what an alias refers to is the same object, and is written as one again."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}
        self._open: set[int] = set()

    def data(self, node: yaml.Node) -> Any:
        if isinstance(node, yaml.ScalarNode):
            return None if node.tag == _NULL else Scalar.of(node)
        if id(node) in self._open:
            raise DocumentError(f"refers to itself{_at(node.start_mark)}")
        if node.tag not in (_MAP, _SEQ):
            raise DocumentError(f"a tag that is not understood{_at(node.start_mark)}")
        if id(node) not in self._done:
            self._open.add(id(node))
            is_list = isinstance(node, yaml.SequenceNode)
            self._done[id(node)] = (
                [self.data(item) for item in node.value] if is_list else self._mapping(node)
            )
            self._open.discard(id(node))
        return self._done[id(node)]

    def _mapping(self, node: yaml.Node) -> dict[Any, Any]:
        found: dict[Any, Any] = {}
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise DocumentError(f"a key that is no text{_at(key.start_mark)}")
            if key.value in found:
                raise DocumentError(f"the same key twice{_at(key.start_mark)}")
            found[Scalar.of(key)] = self.data(value)
        return found


class _Dumper(yaml.SafeDumper):
    """Writes scalars as they were read."""

    def ignore_aliases(self, data: Any) -> bool:
        return not isinstance(data, (dict, list)) or not data


def _represent(dumper: yaml.SafeDumper, data: Scalar) -> yaml.ScalarNode:
    return yaml.ScalarNode(tag=data.tag, value=str(data), style=data.style)


_Dumper.add_representer(Scalar, _represent)


def write(data: Any, before: str) -> str:
    """Return the document; `before` says whether it ends with a newline."""
    text = yaml.dump(data, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=_WIDTH)
    return text if before.endswith("\n") or not before else text.rstrip("\n")
