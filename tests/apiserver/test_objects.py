"""The endpoint's objects and a real API server: accepted, kept as written, and fit for their pods."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core import objects
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.settings import Settings
from tests.formula.goldens.cases import CASES
from tests.lighttier import LightApiserver


def settings(mode: str) -> Settings:
    control_plane = {
        "cidr": ["10.200.0.0/24"],
        "metalLB": {"enabled": mode == "metallb"},
        "ingress": {"ip": "10.200.0.50"},
    }
    return Settings.from_pillar({"networks": {"controlPlane": control_plane}})


def missing(wanted: Any, found: Any, path: str = "") -> list[str]:
    """Return the paths at which `found` has lost or changed what `wanted` says."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        return [text for key in wanted for text in missing(wanted[key], found.get(key), f"{path}.{key}")]
    if isinstance(wanted, list) and isinstance(found, list) and len(wanted) == len(found):
        pairs = enumerate(zip(wanted, found, strict=True))
        return [text for index, (one, two) in pairs for text in missing(one, two, f"{path}[{index}]")]
    return [] if wanted == found else [path]


SERVICES = {
    "metallb": objects.service(Endpoint("metallb", "10.200.0.50", 8443), ""),
    "external": objects.service(Endpoint("external", "10.200.0.11", 8443), "", also=["10.200.0.12"]),
    "external, with its status": objects.service(
        Endpoint("external", "10.200.0.11", 8443), "", exposure="status"
    ),
}


@pytest.mark.parametrize("service", SERVICES.values(), ids=SERVICES)
def test_the_service_is_kept_as_it_is_written(
    apiserver: LightApiserver, namespace: str, service: dict[str, Any]
) -> None:
    service["metadata"]["namespace"] = namespace
    status, answer = apiserver.request("POST", f"/api/v1/namespaces/{namespace}/services", service)
    assert status == 201, answer
    # It is named so that one of before goes; 0 is none.
    assert missing(service, answer) in ([], [".spec.ports[0].nodePort"])
    assert "nodePort" not in answer["spec"]["ports"][0]


def test_the_tls_secret_is_kept_as_it_is_written(apiserver: LightApiserver, namespace: str) -> None:
    secret = objects.tls_secret("certificate", "key", settings("metallb"))
    secret["metadata"]["namespace"] = namespace
    status, answer = apiserver.request("POST", f"/api/v1/namespaces/{namespace}/secrets", secret)
    assert status == 201, answer
    assert missing(secret, answer) == []


# The case, and a narrower level than its namespace's at which at least one of its pods fails.
LEVELS = {"metallb": "baseline", "ingress-nginx-metallb": None, "ingress-nginx-external": None}


@pytest.mark.parametrize("name", LEVELS)
def test_pods_pass_at_their_namespaces_level_and_no_narrower_one(
    apiserver: LightApiserver, namespace: str, name: str, tmp_path: Path
) -> None:
    case = CASES[name]
    wanted = next(
        item for item in objects.namespaces(settings(case.mode)) if item["metadata"]["name"] == case.namespace
    )
    level = wanted["metadata"]["labels"]["pod-security.kubernetes.io/enforce"]
    templates = [
        item["spec"]["template"]
        for item in case.render(tmp_path)
        if item["kind"] in ("DaemonSet", "Deployment")
    ]
    assert templates
    assert set(admitted(apiserver, namespace, level, templates)) == {201}
    narrower = LEVELS[name]
    if narrower is None:
        assert level == "restricted"
    else:
        assert 403 in admitted(apiserver, namespace, narrower, templates)


def admitted(
    apiserver: LightApiserver, namespace: str, level: str, templates: list[dict[str, Any]]
) -> list[int]:
    """Return the status that each pod gets in the namespace at a Pod Security level; none is kept."""
    path = f"/api/v1/namespaces/{namespace}"
    labels = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": level}}}
    patch = {"Content-Type": "application/merge-patch+json"}
    assert apiserver.request("PATCH", path, labels, **patch)[0] == 200
    statuses = []
    for number, template in enumerate(templates):
        spec = {**template["spec"], "serviceAccountName": "default"}
        pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": f"pod-{number}"}, "spec": spec}
        statuses.append(apiserver.request("POST", f"{path}/pods?dryRun=All", pod)[0])
    return statuses
