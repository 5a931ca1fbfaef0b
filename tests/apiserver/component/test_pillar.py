"""Components that the pillar names, and the documented permissions of a user who configures them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.component.front import Front
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.permissions import DOCUMENT, USER
from tests.unit.bootstrap_files import GOOD

PREVIOUS = [shapes.OLD]


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    """What answers for Dex at the endpoint, which is reached at another address."""
    with Front(tmp_path, names=["10.200.0.60"]) as running:
        running.answers["/oidc/.well-known/openid-configuration"] = (200, {"issuer": f"{shapes.NEW}/oidc"})
        yield running


@pytest.fixture
def minion(tmp_path: Path, place: Place, front: Front) -> Masterless:
    """A minion whose pillar names Dex, Grafana and something that is not there, at 10.200.0.60."""
    place.install(*shapes.dex(place.namespace), *shapes.grafana(place.namespace))
    common = {"namespace": place.namespace, "verify": {}}
    components = {
        "grafana": {"preset": "grafana", **common},
        "dex": {"preset": "dex", "namespace": place.namespace},
        "ui": {"preset": "metalk8s-ui", **common},
    }
    found = masterless(tmp_path / "salt")
    kubeconfig = str(place.kit.server.kubeconfig)
    charts = {name: {"source": "directory", "directory": "/nowhere"} for name in ("metallb", "ingress-nginx")}
    tuning = {"kubeconfig": kubeconfig, "components": components, "charts": charts}
    tuning["verify"] = {"connect_to": f"127.0.0.1:{front.port}"}
    found.write(GOOD.replace("10.200.0.50", "10.200.0.60"), tuning)
    return found


def test_components_of_the_pillar(minion: Masterless, place: Place, front: Front) -> None:
    def state(name: str, **more: Any) -> list[Any]:
        return ["state.single", "kube_component.configured", name, {"__kwarg__": True, **more}]

    listed, warned, told, predicted, done, missing, absent = minion.call(
        ["kube_component.list"],
        ["cp_ingress.preflight"],
        ["kube_component.findings", {"__kwarg__": True, "previous": PREVIOUS}],
        state("dex", test=True),
        state("dex", ca_file=str(front.ca_file)),
        state("ui", test=True),
        state("nothing"),
    )

    assert [component["name"] for component in listed] == ["dex", "grafana", "ui"]
    assert listed[0]["restart"] == ["Deployment/dex"]
    assert [finding["id"] for finding in told] == ["dex-connector-redirect", "component-unreadable"]
    assert [finding for finding in warned if finding["id"] in ("dex-connector-redirect", "no-masters")] == [
        next(finding for finding in warned if finding["id"] == "no-masters"),
        told[0],
    ]
    assert "canary" not in json.dumps([told, warned])
    results = [next(iter(answer.values())) for answer in (predicted, done, missing, absent)]
    assert [result["result"] for result in results] == [None, True, False, False], results
    assert results[0]["changes"] == results[1]["changes"]
    assert "https://10.200.0.60:8443/oidc/.well-known/openid-configuration answers" in results[1]["comment"]
    assert "https://10.200.0.60:8443/oidc" in place.text("Secret", "dex", "config.yaml")
    assert "shell-ui: there is no such object" in results[2]["comment"]
    assert "there is no nothing. Allowed: dex, grafana, ui" in results[3]["comment"]


@pytest.fixture
def user(apiserver: LightApiserver, place: Place) -> Iterator[str]:
    """The kubeconfig of the documented user, with the Roles that docs/rbac.yaml has in comments."""
    text = DOCUMENT.read_text(encoding="utf-8")
    roles = text[text.index("# ---\n") :].replace("# ", "", 1)
    roles = "\n".join(line.removeprefix("# ") for line in roles.splitlines())
    for namespace in ("dex", "grafana"):
        apiserver.kubectl("create", "namespace", namespace)
    apiserver.kubectl("apply", "-f", "-", stdin=roles)
    yield str(apiserver.kubeconfig_for(USER))
    apiserver.kubectl("delete", "secrets,deployments,roles,rolebindings", "--all", "--namespace=dex")
    apiserver.kubectl("delete", "deployments,roles,rolebindings", "--all", "--namespace=grafana")


def test_the_documented_permissions_suffice(place: Place, user: str) -> None:
    for preset, manifests in (("dex", shapes.dex("dex")), ("grafana", shapes.grafana("grafana"))):
        for manifest in manifests:
            place.kit.server.kubectl("create", "-f", "-", stdin=json.dumps(manifest))
        entry = {"preset": preset, "namespace": preset}
        predicted = place.configured(entry, test=True, kubeconfig=user)
        done = place.configured(entry, kubeconfig=user)
        assert (predicted["result"], done["result"]) == (None, True), done
        assert predicted["changes"] == done["changes"]
