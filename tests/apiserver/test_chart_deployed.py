"""The state kube_chart.deployed, through Salt's own loader, on a real API server and with the real helm."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.formula.goldens.cases import CASES, CHARTS
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.sandbox.build import binary, charts
from tests.unit.chart.support import chart_archive

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {greeting: {{ .Values.greeting | quote }}, version: {{ .Capabilities.KubeVersion.Version | quote }}}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: hidden}
stringData: {password: {{ .Values.password | quote }}}
"""
States = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def salt(tmp_path: Path) -> Masterless:
    minion = masterless(tmp_path / "salt")
    minion.write("")
    return minion


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    """A chart folder with its archive beside it."""
    content = chart_archive(
        {
            "small/Chart.yaml": "apiVersion: v2\nname: small\nversion: 1.2.3\n",
            "small/values.yaml": "greeting: hello\npassword: canary\n",
            "small/templates/config.yaml": CONFIG,
            "small/templates/secret.yaml": SECRET,
        }
    )
    (tmp_path / "small-1.2.3.tgz").write_bytes(content)
    folder = tmp_path / "small"
    folder.mkdir()
    digest = hashlib.sha256(content).hexdigest()
    (folder / "chart.yaml").write_text(
        f"name: small\nversion: 1.2.3\nurl: http://127.0.0.1:1/{{version}}.tgz\nsha256: {digest}\n",
        encoding="utf-8",
    )
    (folder / "options.yaml.j2").write_text("greeting: {{ word }}\n", encoding="utf-8")
    return folder


@pytest.fixture
def deployed(salt: Masterless, chart: Path, namespace: str, apiserver: LightApiserver) -> States:
    """Run the state for the small chart once per argument, which replaces some of its arguments."""
    usual = {
        "name": "small",
        "chart": str(chart),
        "namespace": namespace,
        "source": "directory",
        "directory": str(chart.parent),
        "options": "options.yaml.j2",
        "context": {"word": "hello"},
        "applyset": "small",
        "applyset_namespace": namespace,
        "helm": str(binary("helm")),
        "cache_dir": str(chart.parent / "cache"),
        "kubeconfig": str(apiserver.kubeconfig),
    }

    def run(*runs: dict[str, Any]) -> list[dict[str, Any]]:
        functions = [
            ["state.single", "kube_chart.deployed", {"__kwarg__": True, **usual, **changed}]
            for changed in runs
        ]
        return [next(iter(result.values())) for result in salt.call(*functions)]

    return run


def writes(apiserver: LightApiserver, mark: int) -> list[str]:
    """Return the requests since `mark` that change something."""
    return [event.uri for event in apiserver.since(mark) if event.is_write]


def test_first_run_creates_second_changes_nothing_and_test_mode_foretells_both(
    deployed: States, apiserver: LightApiserver, namespace: str
) -> None:
    mark = apiserver.mark()
    (foretold,) = deployed({"test": True})
    assert writes(apiserver, mark) == []
    assert foretold["result"] is None, foretold
    (first,) = deployed({})
    assert first["result"] is True, first
    assert first["changes"] == foretold["changes"]
    assert set(first["changes"]) == {f"v1/ConfigMap {namespace}/settings", f"v1/Secret {namespace}/hidden"}
    mark = apiserver.mark()
    for again in deployed({"test": True}, {}):
        assert (again["result"], again["changes"]) == (True, {}), again
    assert writes(apiserver, mark) == []


def test_the_clusters_own_version_reaches_the_chart(
    deployed: States, apiserver: LightApiserver, namespace: str
) -> None:
    deployed({})
    _, served = apiserver.request("GET", "/version")
    _, config = apiserver.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/settings")
    assert config["data"] == {"greeting": "hello", "version": served["gitVersion"]}
    assert config["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Salt"


@pytest.fixture(params=[False, True], ids=["for real", "test=True"])
def testmode(request: pytest.FixtureRequest) -> bool:
    return request.param


def test_values_from_pillar_change_what_runs_and_secrets_stay_hidden(
    deployed: States, apiserver: LightApiserver, namespace: str, testmode: bool
) -> None:
    values = {"greeting": "good morning", "password": "second-canary"}
    _, changed = deployed({}, {"values": values, "test": testmode})
    assert changed["result"] is (None if testmode else True)
    assert set(changed["changes"]) == {f"v1/ConfigMap {namespace}/settings", f"v1/Secret {namespace}/hidden"}
    assert "good morning" in str(changed["changes"])
    assert "canary" not in str(changed)
    _, config = apiserver.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/settings")
    assert config["data"]["greeting"] == ("hello" if testmode else "good morning")


def test_extra_objects_belong_to_the_same_set(
    deployed: States, apiserver: LightApiserver, namespace: str
) -> None:
    extra = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "extra", "namespace": namespace}}
    added, removed = deployed({"extra_objects": [extra]}, {})
    assert f"v1/ConfigMap {namespace}/extra" in added["changes"]
    assert list(removed["changes"]) == [f"v1/ConfigMap {namespace}/extra"]
    status, _ = apiserver.request("GET", f"/api/v1/namespaces/{namespace}/configmaps/extra")
    assert status == 404


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        pytest.param({"version": "1.2.3", "sha256": "0" * 64}, "pinned for small 1.2.3", id="another digest"),
        pytest.param({"helm": "/nowhere/helm"}, "helm is set to '/nowhere/helm'", id="helm is missing"),
        pytest.param({"context": {}}, "'word' is undefined", id="the context lacks a name"),
        pytest.param(
            {"chart": "salt://charts/none"}, "the Salt file server has no chart.yaml", id="no such chart"
        ),
        pytest.param(
            {"chart": "charts/small"}, "must be an absolute path or a salt:// URL", id="a relative path"
        ),
        pytest.param({"source": "mirror"}, "mirror must be", id="a mirror without its address"),
    ],
)
def test_what_cannot_be_rendered_is_a_clean_failure(
    deployed: States, apiserver: LightApiserver, changed: dict[str, Any], said: str
) -> None:
    mark = apiserver.mark()
    for result in deployed({**changed, "test": True}, changed):
        assert result["result"] is False
        assert said in result["comment"]
        assert "Traceback" not in result["comment"]
        assert result["changes"] == {}
    assert writes(apiserver, mark) == []


def test_the_shipped_metallb_chart_is_accepted_and_a_second_run_is_silent(
    deployed: States, apiserver: LightApiserver, namespace: str
) -> None:
    packaged = charts()["metallb"]
    settings = {
        "name": "metallb",
        "chart": "salt://charts/metallb",
        "context": CASES["metallb"].context(),
        "directory": str(packaged.path.parent),
        "version": packaged.version,
        "sha256": packaged.sha256,
        # Nothing runs pods here.
        "wait": False,
    }
    (first,) = deployed(settings)
    assert first["result"] is True, first
    assert f"apps/v1/DaemonSet {namespace}/metallb-speaker" in first["changes"]
    mark = apiserver.mark()
    (again,) = deployed(settings)
    assert (again["result"], again["changes"]) == (True, {}), again
    assert writes(apiserver, mark) == []
    asked = [event.uri.partition("?")[0] for event in apiserver.since(mark)]
    # The server's version, its discovery, the set's parent, and a list per kind: nothing twice.
    assert {"/version", "/api", "/apis"} <= set(asked)
    assert len(asked) == len(set(asked)), sorted(asked)


def test_the_face_reads_a_chart_from_the_salt_file_server(salt: Masterless) -> None:
    case = CASES["ingress-nginx-external"]
    options = {"__kwarg__": True, "options": case.options, "context": case.context()}
    pinned, values, by_path = salt.call(
        ["kube_chart.pin", "salt://charts/ingress-nginx"],
        ["kube_chart.values", "salt://charts/ingress-nginx", options],
        ["kube_chart.pin", str(CHARTS / "metallb")],
    )
    assert pinned["archive"] == f"ingress-nginx-{pinned['version']}.tgz"
    assert values == case.values()
    assert by_path["name"] == "metallb"
