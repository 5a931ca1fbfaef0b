"""JSON, written again with the indentation it had."""

from __future__ import annotations

import json
import re
from typing import Any

from cp_ingress_core.component.documents.model import DocumentError


def read(text: str) -> Any:
    """Return the data of a JSON document."""
    try:
        return json.loads(text, object_pairs_hook=_mapping, parse_constant=_refuse)
    except json.JSONDecodeError as err:
        raise DocumentError(f"not JSON (line {err.lineno}, column {err.colno})") from None
    except RecursionError:
        raise DocumentError("not JSON") from None


def _refuse(_: str) -> Any:
    raise DocumentError("a number that JSON does not have")


def _mapping(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise DocumentError("the same key twice")
    return found


def write(data: Any, before: str) -> str:
    """Return the document, indented as `before` is, or on one line."""
    indent = re.search(r"\n([ \t]+)\S", before)
    text = json.dumps(data, indent=indent[1] if indent else None, ensure_ascii=False)
    return text + "\n" if before.endswith("\n") else text
