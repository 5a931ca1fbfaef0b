"""Components of kind ``document``: values inside a YAML, JSON or INI text in a ConfigMap or Secret.

The text is read, changed as data, and written only when the data changed, onto the version that was read.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cp_ingress_core.component import documents
from cp_ingress_core.component.editing import edited
from cp_ingress_core.component.paths import PathError
from cp_ingress_core.component.run import Run
from cp_ingress_core.errors import ApiError, ObjectError
from cp_ingress_core.kube import operations
from cp_ingress_core.kube.diff import diff
from cp_ingress_core.kube.identity import describe
from cp_ingress_core.kube.lookup import section
from cp_ingress_core.kube.masking import AFTER, BEFORE, MASK

_TRIES = 5


@dataclass(frozen=True)
class Content:
    """A document as it lies in its object: the text, and what it says."""

    text: str
    data: Any


def bring(run: Run) -> str | None:
    """Change the document where that is needed; return the mark of its object, None where nothing is
    restarted.
    """
    for attempt in range(_TRIES):
        live = run.read(_identity(run))
        before = content(run.component, live)
        after = _changed(run, before)
        if after is None:
            run.report.add(describe(_identity(run)), "unchanged")
            return run.mark_of(live) if run.component.restart else None
        mark = run.new_mark([run.component.sets, run.endpoint.url], [live]) if run.component.restart else None
        try:
            _write(run, live, after.text, mark)
        except ApiError as err:
            if err.info["status"] != 409 or attempt == _TRIES - 1:
                raise
            continue
        run.report.add(describe(_identity(run)), "changed", changes(run.component, before.data, after.data))
        return mark
    raise AssertionError("unreachable: the last try raises")


def content(component: Any, live: Mapping[str, Any]) -> Content:
    """Return the component's document out of its live object; raises ObjectError saying what is wrong with
    it, and never what it holds.
    """
    where = f"component {component.name}: {component.source_kind} {component.namespace}/{component.source}"
    held = section(live, "data")
    if component.key not in held:
        keys = ", ".join(sorted(map(str, held))) or "none"
        raise ObjectError(f"{where}: it has no key {component.key!r}; its keys: {keys}", reason="NotFound")
    value = held[component.key]
    try:
        text = base64.b64decode(value, validate=True).decode() if component.source_kind == "Secret" else value
        return Content(text, documents.read(text, component.format))
    except (binascii.Error, UnicodeDecodeError):
        problem = "no text"
    except documents.DocumentError as err:
        problem = str(err)
    raise ObjectError(f"{where}, key {component.key}: {problem}", reason="InvalidDocument")


def _changed(run: Run, before: Content) -> Content | None:
    component = run.component
    try:
        data = edited(before.data, component.sets, component.moves, run.endpoint, run.previous)
    except PathError as err:
        raise ObjectError(
            f"component {component.name}: {component.source_kind} {component.namespace}/{component.source},"
            f" key {component.key}: {err}; correct the path",
            reason="InvalidDocument",
        ) from None
    if data == before.data:
        return None
    return Content(documents.write(data, component.format, before.text), data)


def changes(component: Any, before: Any, after: Any) -> dict[str, Any]:
    """Return path -> old and new of what differs; of a Secret only whether there is a value."""
    found = diff({"data": {component.key: before}}, {"data": {component.key: after}})
    if component.source_kind != "Secret":
        return found
    return {path: _masked(change) for path, change in found.items()}


def _masked(change: Mapping[str, Any]) -> dict[str, Any]:
    old, new = change["old"], change["new"]
    both = old is not None and new is not None
    return {
        "old": None if old is None else BEFORE if both else MASK,
        "new": None if new is None else AFTER if both else MASK,
    }


def _write(run: Run, live: Mapping[str, Any], text: str, mark: str | None) -> None:
    component = run.component
    manifest = run.marked(_identity(run), mark)
    value = base64.b64encode(text.encode()).decode() if component.source_kind == "Secret" else text
    patch = {
        **manifest,
        "metadata": {**manifest["metadata"], "resourceVersion": live["metadata"]["resourceVersion"]},
        "data": {component.key: value},
    }
    resource = run.cluster.discovery.resource("v1", component.source_kind)
    operations.merge_object(run.cluster.client, resource, patch, manager=component.manager, dry_run=run.test)


def _identity(run: Run) -> dict[str, Any]:
    component = run.component
    metadata = {"name": component.source, "namespace": component.namespace}
    return {"apiVersion": "v1", "kind": component.source_kind, "metadata": metadata}
