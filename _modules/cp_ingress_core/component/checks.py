"""Reading what the findings about a component are made from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cp_ingress_core.component import findings
from cp_ingress_core.component.document import content
from cp_ingress_core.component.model import WORKLOADS
from cp_ingress_core.component.run import Run, workload_manifest
from cp_ingress_core.errors import ApiError, ObjectError
from cp_ingress_core.preflight import Finding


def check(run: Run) -> list[Finding]:
    """Return the findings about a component; one whose objects cannot be read is a finding itself."""
    component = run.component
    try:
        if component.kind == "document":
            return _check_document(run)
        if component.kind == "fragment":
            live = run.read(component.part)
            return findings.check_flags(component, live if live.get("kind") in WORKLOADS else None)
    except (ObjectError, ApiError) as err:
        return [
            Finding(
                "component-unreadable",
                "warning",
                str(err),
                f"correct cp_ingress:components:{component.name}, or deploy first what it names; where it is"
                " forbidden, grant the right to read it",
            )
        ]
    return []


def _check_document(run: Run) -> list[Finding]:
    component = run.component
    manifest = {
        "apiVersion": "v1",
        "kind": component.source_kind,
        "metadata": {"name": component.source, "namespace": component.namespace},
    }
    data = content(component, run.read(manifest)).data
    former = findings.earlier(component, data, run.previous, run.endpoint)
    found = findings.check_document(component, data, run.endpoint, former)
    if component.preset == "dex" and isinstance(data, Mapping):
        found = [*findings.check_dex(data, _workload(run), run.endpoint, former), *found]
    return found


def _workload(run: Run) -> dict[str, Any] | None:
    if not run.component.restart:
        return None
    return run.read(workload_manifest(run.component, run.component.restart[0]))
