"""Components of kind ``objects``: whole objects from a template of the user's own, as a set of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import yaml
from jinja2.sandbox import SandboxedEnvironment

from cp_ingress_core.component.run import Run
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.errors import ObjectError
from cp_ingress_core.kube import engine, operations
from cp_ingress_core.kube.applyset import Parent
from cp_ingress_core.kube.options import Options

_FAULTS = (jinja2.TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError)


def rendered(template: str, where: str, endpoint: Endpoint, namespace: str) -> tuple[Any, ...]:
    """Return the manifests that a Jinja template gives with ``endpoint`` (url, issuer, ip, host, port) and
    ``namespace``; `where` names it in errors.
    """
    environment = SandboxedEnvironment(undefined=jinja2.StrictUndefined, autoescape=False)
    try:
        text = environment.from_string(template).render(endpoint=endpoint.values, namespace=namespace)
    except _FAULTS as err:
        line = getattr(err, "lineno", None)
        at = f", line {line}" if line else ""
        raise ObjectError(f"{where}{at}: {err}", reason="InvalidTemplate") from None
    try:
        found = list(yaml.load_all(text, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except yaml.YAMLError as err:
        mark = getattr(err, "problem_mark", None)
        at = f" (line {mark.line + 1} of what it renders to)" if mark else ""
        raise ObjectError(f"{where}: not YAML{at}", reason="InvalidTemplate") from None
    return tuple(document for document in found if document is not None)


def bring(run: Run) -> str | None:
    """Apply the objects as one set; return their mark, None where nothing is restarted."""
    if not run.component.restart:
        run.report.merge(_apply(run, run.objects, test=run.test))
        return None
    lives = [live for document in run.objects if (live := _live(run, document)) is not None]
    mark = next((mark for live in lives if (mark := run.mark_of(live))), None)
    preview = _apply(run, _marked(run, mark), test=True)
    if preview["changes"]:
        mark = run.new_mark(run.objects, lives)
    if preview["changes"] or not run.test:
        preview = _apply(run, _marked(run, mark), test=run.test)
    run.report.merge(preview)
    return mark


def _marked(run: Run, mark: str | None) -> list[Any]:
    return [run.marked(document, mark) if _is_object(document) else document for document in run.objects]


def _is_object(document: Any) -> bool:
    return isinstance(document, Mapping) and isinstance(document.get("metadata"), Mapping)


def _live(run: Run, document: Any) -> dict[str, Any] | None:
    """Return the live object; of what the engine is going to refuse, None."""
    if not _is_object(document) or not document["metadata"].get("name"):
        return None
    resource = run.cluster.discovery.find(str(document.get("apiVersion")), str(document.get("kind")))
    metadata = document["metadata"]
    namespace = metadata.get("namespace") or ""
    if resource is None or (resource.namespaced and not namespace):
        return None
    return operations.get_object(
        run.cluster.client, resource, namespace if resource.namespaced else "", metadata["name"]
    )


def _apply(run: Run, documents: Any, *, test: bool) -> dict[str, Any]:
    parent = Parent(run.component.applyset, run.component.namespace)
    options = Options(test=test, timeout=run.timeout, force_conflicts=run.component.force_conflicts)
    return engine.apply(run.cluster, documents, parent, options)
