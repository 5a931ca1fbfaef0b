"""Components from end to end: what a face calls."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cp_ingress_core.component import document, fragments, objects
from cp_ingress_core.component.run import Run
from cp_ingress_core.component.run import configure as go
from cp_ingress_core.kube import fragment, remove
from cp_ingress_core.kube.applyset import Parent
from cp_ingress_core.kube.options import Options

_BRING: dict[str, Callable[[Run], str | None]] = {
    "fragment": fragments.bring,
    "document": document.bring,
    "objects": objects.bring,
}


def configure(run: Run, verify: Callable[[], str] | None = None) -> dict[str, Any]:
    """Configure a component and return the report of :func:`cp_ingress_core.kube.engine.apply`.

    `verify` is called at the end of a run that is no test; it raises when the component does not answer as
    it shall, and returns the URL that did. Errors carry what was done by then in ``info["changes"]``.
    """
    with run.report.in_errors():
        go(run, _BRING[run.component.kind])
        verified = verify() if verify and not run.test else ""
    report = run.report.as_dict(run.test)
    if verified:
        report["comment"] += f" {verified} answers as it shall."
    return report


def release(run: Run) -> dict[str, Any]:
    """Give up what a component owns: a fragment's fields, which vanish unless others own them too, or its
    own objects. Values in a document stay.
    """
    component = run.component
    if component.kind == "fragment":
        return fragment.release(run.cluster, component.part, component.manager, run.fragment_options())
    if component.kind == "objects":
        parent = Parent(component.applyset, run.component.namespace)
        return remove.remove(run.cluster, None, parent, Options(test=run.test, timeout=run.timeout))
    report = run.report.as_dict(run.test)
    report["comment"] = (
        f"{component.source_kind} {component.namespace}/{component.source} stays as it is:"
        " values in a document are nobody's own."
    )
    return report
