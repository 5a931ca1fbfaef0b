"""The ready-made components, on objects in the shape of their charts'.

The states are ``kube_component.configured`` and ``kube_component.released``.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.component.shapes import NEW, OLD

ALL = pytest.mark.parametrize(
    ("preset", "kind"), [pytest.param(*key, id=" ".join(key)) for key in shapes.PRESETS]
)
OURS = {
    "GF_SERVER_ROOT_URL": f"{NEW}/grafana/",
    "GF_AUTH_GENERIC_OAUTH_AUTH_URL": f"{NEW}/oidc/auth",
    "GF_AUTH_GENERIC_OAUTH_TOKEN_URL": f"{NEW}/oidc/token",
    "GF_AUTH_GENERIC_OAUTH_API_URL": f"{NEW}/oidc/userinfo",
}


@ALL
def test_prediction_equals_the_run_and_a_second_run_writes_nothing(
    place: Place, preset: str, kind: str
) -> None:
    place.install(*shapes.PRESETS[preset, kind](place.namespace))
    entry = {"preset": preset, "kind": kind}

    predicted = place.configured(entry, test=True)
    assert place.kit.writes() == []
    done = place.configured(entry)
    assert (predicted["result"], done["result"]) == (None, True), done
    assert predicted["changes"] == done["changes"] != {}
    assert "canary" not in json.dumps([predicted, done])

    for test in (True, False):
        again = place.configured(entry, test=test)
        assert (again["result"], again["changes"], place.kit.writes()) == (True, {}, []), again


@ALL
def test_a_change_of_the_endpoint_replaces_the_pods_once(place: Place, preset: str, kind: str) -> None:
    manifests = shapes.PRESETS[preset, kind](place.namespace)
    place.install(*manifests)
    workload = manifests[-1]["metadata"]["name"]
    entry = {"preset": preset, "kind": kind}
    seen = [place.pods(workload)]
    for endpoint in (OLD, NEW, OLD):
        ret = place.configured(entry, endpoint=endpoint)
        assert ret["result"] is True, ret
        seen.append(place.pods(workload))
    assert (seen[0] == seen[1]) is (kind == "document")  # its document is at that endpoint already
    assert seen[1] != seen[2] != seen[3]


def test_dex_keeps_everything_but_the_endpoint(place: Place) -> None:
    place.install(*shapes.dex(place.namespace))

    ret = place.configured({"preset": "dex"})

    text = place.text("Secret", "dex", "config.yaml")
    expected = json.loads(json.dumps(shapes.DEX_CONFIG).replace(OLD, NEW))
    assert yaml.safe_load(text) == expected
    assert list(yaml.safe_load(text)) == list(expected)
    secret, workload = (f"v1/Secret {place.namespace}/dex", f"apps/v1/Deployment {place.namespace}/dex")
    assert ret["changes"][workload] == {"action": "restarted"}
    assert set(ret["changes"][secret]["diff"]) == {
        "data['config.yaml'].issuer",
        "data['config.yaml'].connectors[Corp].config.redirectURI",
        "data['config.yaml'].staticClients[UI].redirectURIs[0]",
        "data['config.yaml'].staticClients[Grafana].redirectURIs[0]",
    }
    shown = list(ret["changes"][secret]["diff"].values())
    assert all(change == {"old": "*** (before)", "new": "*** (after)"} for change in shown)


def test_dex_in_a_configmap_shows_what_changes(place: Place) -> None:
    secret, workload = shapes.dex(place.namespace)
    data = {"settings": secret["stringData"]["config.yaml"]}
    metadata = secret["metadata"]
    place.install({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, workload)

    ret = place.configured({"preset": "dex", "configmap": "dex", "key": "settings"})

    assert ret["changes"][f"v1/ConfigMap {place.namespace}/dex"]["diff"]["data.settings.issuer"] == {
        "old": f"{OLD}/oidc",
        "new": f"{NEW}/oidc",
    }


def test_of_grafanas_deployment_only_the_four_variables_are_ours(place: Place, testmode: bool) -> None:
    place.install(*shapes.grafana(place.namespace))
    before = place.variables("grafana")

    ret = place.configured({"preset": "grafana"}, test=testmode)

    assert ret["result"] is (None if testmode else True), ret
    assert place.variables("grafana") == before | ({} if testmode else OURS)
    entries = {e["manager"]: e for e in place.deployment("grafana")["metadata"]["managedFields"]}
    ours = entries.get("salt-cp-ingress-component-it")
    assert (ours is None) is testmode
    if ours:
        (containers,) = ours["fieldsV1"]["f:spec"]["f:template"]["f:spec"].values()
        ((key, fields),) = containers.items()
        assert key == 'k:{"name":"grafana"}'
        assert sorted(fields["f:env"]) == sorted(f'k:{{"name":"{name}"}}' for name in OURS)
        assert set(fields) == {".", "f:name", "f:env"}


def test_grafanas_variables_are_given_up_again(place: Place, testmode: bool) -> None:
    place.install(*shapes.grafana(place.namespace))
    before = place.deployment("grafana")["spec"]
    place.configured({"preset": "grafana"})

    ret = place.released({"preset": "grafana"}, test=testmode)

    assert ret["result"] is (None if testmode else True)
    assert list(ret["changes"]) == [f"apps/v1/Deployment {place.namespace}/grafana"]
    assert (place.deployment("grafana")["spec"] == before) is not testmode
    if not testmode:
        again = place.released({"preset": "grafana"})
        assert (again["result"], again["changes"], place.kit.writes()) == (True, {}, [])


@pytest.mark.parametrize("force", [False, True], ids=["refused", "forced"])
def test_a_variable_of_the_charts_own_is_a_conflict(place: Place, testmode: bool, force: bool) -> None:
    (manifest,) = shapes.grafana(place.namespace)
    env: list[Any] = manifest["spec"]["template"]["spec"]["containers"][0]["env"]
    env.append({"name": "GF_SERVER_ROOT_URL", "value": "https://grafana.example/"})
    place.install(manifest)

    ret = place.configured({"preset": "grafana", "force_conflicts": force}, test=testmode)

    assert ret["result"] is ((None if testmode else True) if force else False)
    if not force:
        assert "GF_SERVER_ROOT_URL" in ret["comment"]
        assert '"helm"' in ret["comment"]
        assert (ret["changes"], place.kit.writes()) == ({}, [])


def test_the_ui_moves_urls_that_are_keys(place: Place) -> None:
    place.install(*shapes.metalk8s_ui(place.namespace))

    place.configured({"preset": "metalk8s-ui"})

    text = place.text("ConfigMap", "shell-ui", "config.json")
    assert text == json.dumps(shapes.SHELL_UI, indent=2).replace(OLD, NEW) + "\n"


def test_of_oauth2_proxys_file_only_two_lines_change(place: Place) -> None:
    place.install(*shapes.oauth2_proxy(place.namespace))

    place.configured({"preset": "oauth2-proxy", "kind": "document"})

    expected = shapes.OAUTH2_PROXY_CFG.replace(OLD, NEW)
    assert place.text("ConfigMap", "oauth2-proxy", "oauth2_proxy.cfg") == expected


def test_a_container_that_is_not_there_is_named(place: Place, testmode: bool) -> None:
    place.install(*shapes.grafana(place.namespace))

    ret = place.configured({"preset": "grafana", "container": "graphana"}, test=testmode)

    assert (ret["result"], ret["changes"], place.kit.writes()) == (False, {}, [])
    assert "has no container 'graphana'; it has grafana, sidecar" in ret["comment"]
