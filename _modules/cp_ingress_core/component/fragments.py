"""Components of kind ``fragment``: fields of an object that carry the endpoint, owned and no others."""

from __future__ import annotations

from typing import Any

from cp_ingress_core.component.run import Run
from cp_ingress_core.component.values import filled
from cp_ingress_core.errors import ApiError, ObjectError
from cp_ingress_core.kube import fragment
from cp_ingress_core.kube.lookup import entries, section
from cp_ingress_core.kube.report import Report


def bring(run: Run) -> str | None:
    """Apply the component's fields; return the mark of the object, None where nothing is restarted."""
    part = filled(run.component.part, run.endpoint)
    try:
        return _apply(run, part)
    except ApiError as err:
        if err.info["status"] == 422 and run.component.container:
            _check_container(run, part)
        raise


def _apply(run: Run, part: dict[str, Any]) -> str | None:
    manager = run.component.manager
    if not run.component.restart:
        fragment.add(run.report, run.cluster, part, manager, run.fragment_options())
        return None
    live = run.read(part)
    mark = run.mark_of(live)
    preview = Report()
    fragment.add(preview, run.cluster, run.marked(part, mark), manager, run.fragment_options(test=True))
    if any(change["action"] == "changed" for change in preview.changes.values()):
        mark = run.new_mark(part, [live])
    fragment.add(run.report, run.cluster, run.marked(part, mark), manager, run.fragment_options())
    return mark


def _check_container(run: Run, part: dict[str, Any]) -> None:
    """Say so when the server's refusal comes from a container that the workload does not have."""
    pod = section(run.read(part), "spec", "template", "spec")
    names = [str(container.get("name")) for container in entries(pod, "containers")]
    if run.component.container not in names:
        raise ObjectError(
            f"component {run.component.name}: {part['kind']} {part['metadata']['name']} has no container"
            f" {run.component.container!r}; it has {', '.join(names)}: correct the key container",
            reason="NotFound",
        )
