"""Documents inside a ConfigMap or a Secret: read as data, changed, written again with the rest kept."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.component.documents import ini, json_text, yaml_text
from cp_ingress_core.component.documents.model import DocumentError

__all__ = ["FORMATS", "DocumentError", "read", "write"]

_MODULES: dict[str, Any] = {"yaml": yaml_text, "json": json_text, "ini": ini}
FORMATS = tuple(_MODULES)


def read(text: str, kind: str) -> Any:
    """Return the data of a document (`kind` is one of ``FORMATS``): dictionaries, lists and text.

    Raises DocumentError, which never quotes the document.
    """
    return _MODULES[kind].read(text)


def write(data: Any, kind: str, before: str) -> str:
    """Return the document for changed data; `before` is the text it was read from, whose form is kept."""
    return str(_MODULES[kind].write(data, before))
