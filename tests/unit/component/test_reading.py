"""Components in the pillar: presets, what wins over them, and every refusal by its key."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.component.model import Component, Verify, Workload, ordered
from cp_ingress_core.component.presets import PRESETS
from cp_ingress_core.component.reading import read_component, read_components
from cp_ingress_core.errors import ConfigError
from cp_ingress_core.findings import Findings
from cp_ingress_core.settings import Settings
from tests.unit.test_pillar_example import NETWORKS

PATH = "cp_ingress:components:x"


def read(entry: Any, name: Any = "x") -> Component:
    findings = Findings()
    found = read_component(name, entry, PATH, findings)
    findings.raise_errors()
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("preset", "kind"), [(preset, kind) for preset, kinds in PRESETS.items() for kind in kinds]
)
def test_every_preset_is_accepted_as_it_is(preset: str, kind: str) -> None:
    component = read({"preset": preset, "kind": kind})
    assert (component.preset, component.kind) == (preset, kind)
    assert component.verify is not None


def test_dex() -> None:
    component = read({"preset": "dex", "namespace": "auth"}, "dex")
    assert (component.source_kind, component.source, component.key) == ("Secret", "dex", "config.yaml")
    assert component.sets == {"issuer": "{issuer}"}
    assert component.restart == (Workload("Deployment", "dex"),)
    assert component.verify == Verify(
        "{issuer}/.well-known/openid-configuration", 200, {"issuer": "{issuer}"}
    )
    assert component.namespace == "auth"


def test_grafana_owns_nothing_but_its_variables() -> None:
    component = read({"preset": "grafana", "env": {"GF_SERVER_ROOT_URL": None, "GF_X": "{ip}"}})
    ((container),) = component.part["spec"]["template"]["spec"]["containers"]
    assert component.part["metadata"] == {"name": "grafana", "namespace": "grafana"}
    assert container["name"] == "grafana"
    assert [entry["name"] for entry in container["env"]] == [
        "GF_AUTH_GENERIC_OAUTH_AUTH_URL",
        "GF_AUTH_GENERIC_OAUTH_TOKEN_URL",
        "GF_AUTH_GENERIC_OAUTH_API_URL",
        "GF_X",
    ]
    assert component.container == "grafana"


def test_a_configmap_replaces_the_secret_of_a_preset() -> None:
    component = read({"preset": "dex", "configmap": "dex-config"})
    assert (component.source_kind, component.source) == ("ConfigMap", "dex-config")


def test_a_part_replaces_the_variables_of_a_preset() -> None:
    part = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"u": "{url}"}}
    component = read({"preset": "grafana", "part": part})
    assert component.part["metadata"] == {"name": "a", "namespace": "grafana"}


def test_a_request_may_be_switched_off() -> None:
    assert read({"preset": "dex", "verify": {}}).verify is None


def test_the_issuer_comes_first_then_the_names_in_their_order() -> None:
    findings = Findings()
    found = read_components(
        {"b": {"preset": "grafana"}, "zz": {"preset": "dex"}, "a": {"preset": "grafana"}},
        "cp_ingress:components",
        findings,
    )
    assert list(found) == ordered(found) == ["zz", "a", "b"]


DOCUMENT = {"kind": "document", "namespace": "a", "configmap": "b", "key": "c", "set": {"d": "{url}"}}
FRAGMENT = {
    "kind": "fragment",
    "namespace": "a",
    "workload": "Deployment/b",
    "container": "c",
    "env": {"D": "{url}"},
}
OBJECTS = {"kind": "objects", "namespace": "a", "template": "salt://x.yaml.j2"}


@pytest.mark.parametrize("entry", [DOCUMENT, FRAGMENT, OBJECTS], ids=["document", "fragment", "objects"])
def test_a_component_of_ones_own(entry: dict[str, Any]) -> None:
    assert read(entry).kind == entry["kind"]


@pytest.mark.parametrize(
    ("entry", "key", "words"),
    [
        pytest.param({}, "kind", "there is none", id="neither kind nor preset"),
        pytest.param(None, "kind", "an empty component", id="nothing at all"),
        pytest.param([], "", "this is not a mapping", id="a list"),
        pytest.param({"preset": "dexx"}, "preset", "write dex, if that is meant", id="no such preset"),
        pytest.param({"preset": "dex", "kind": "objects"}, "kind", "one of the choices", id="no such form"),
        pytest.param({"kind": "documents"}, "kind", "write document", id="no such kind"),
        pytest.param({**DOCUMENT, "env": {}}, "env", "there is no such key", id="a key of another kind"),
        pytest.param({**DOCUMENT, "namespace": None}, "namespace", "there is none", id="no namespace"),
        pytest.param({**DOCUMENT, "secret": "x"}, "configmap", "lies in one object", id="two objects"),
        pytest.param({**DOCUMENT, "configmap": None}, "configmap", "lies in one object", id="no object"),
        pytest.param({**DOCUMENT, "key": None}, "key", "there is none", id="no key"),
        pytest.param({**DOCUMENT, "set": None}, "set", "nothing would ever change", id="nothing to do"),
        pytest.param({**DOCUMENT, "set": {"d": "{uri}"}}, "set:d", "{uri} stands for nothing", id="a name"),
        pytest.param({**DOCUMENT, "set": {"d": {}}}, "set:d", "this is no single value", id="no leaf"),
        pytest.param({**DOCUMENT, "set": {"d[": "x"}}, "set", "the path 'd['", id="a path to set"),
        pytest.param({**DOCUMENT, "move": ["a..b"]}, "move", "the path 'a..b'", id="a path to move"),
        pytest.param({**DOCUMENT, "move": "a"}, "move", "not a list of texts", id="no list"),
        pytest.param({**DOCUMENT, "format": "toml"}, "format", "one of the choices", id="no such format"),
        pytest.param({**DOCUMENT, "restart": ["dex"]}, "restart", "dex names no workload", id="a workload"),
        pytest.param({**DOCUMENT, "restart": ["Pod/x"]}, "restart", "Pod/x names no workload", id="a pod"),
        pytest.param({**DOCUMENT, "order": "first"}, "order", "not such a number", id="order"),
        pytest.param({**DOCUMENT, "timeout": 0}, "timeout", "not such a number", id="timeout"),
        pytest.param(
            {**DOCUMENT, "verify": {"url": "http://x"}}, "verify:url", "right form", id="plain HTTP"
        ),
        pytest.param({**DOCUMENT, "verify": {"status": 200}}, "verify:url", "there is none", id="no URL"),
        pytest.param(
            {**DOCUMENT, "verify": {"url": "{url}", "json": {"a": "{x}"}}},
            "verify:json:a",
            "{x} stands for nothing",
            id="a name in an answer",
        ),
        pytest.param(
            {**FRAGMENT, "env": {"D": 1}}, "env:D", "this is no variable with a text", id="a number"
        ),
        pytest.param({**FRAGMENT, "env": None}, "env", "there is none", id="no variables"),
        pytest.param({**FRAGMENT, "container": None}, "container", "there is none", id="no container"),
        pytest.param({**FRAGMENT, "workload": "b"}, "workload", "names no workload", id="a bare name"),
        pytest.param(
            {**FRAGMENT, "part": {}}, "part", "does not say which object", id="part and nothing in it"
        ),
        pytest.param({**FRAGMENT, "force_conflicts": "yes"}, "force_conflicts", "neither true", id="force"),
        pytest.param({**OBJECTS, "template": None}, "template", "there is none", id="no template"),
        pytest.param({**OBJECTS, "template": {}}, "template", "this is no text", id="a mapping"),
    ],
)
def test_what_is_refused(entry: Any, key: str, words: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(entry)
    named = f"{PATH}:{key}" if key else PATH
    assert any(line.startswith(f"{named}: ") and words in line for line in caught.value.info["errors"]), str(
        caught.value
    )


@pytest.mark.parametrize("name", ["", "Dex", "a/b", "x" * 41, 5, "-a"], ids=str)
def test_a_name_that_cannot_be(name: Any) -> None:
    with pytest.raises(ConfigError, match="this is no name of a component"):
        read(DOCUMENT, name)


def test_settings_carry_the_components() -> None:
    pillar = {"networks": NETWORKS, "cp_ingress": {"components": {"dex": {"preset": "dex"}}}}
    settings = Settings.from_pillar(pillar)
    assert list(settings.components) == ["dex"]
    assert settings.to_dict()["components"]["dex"]["kind"] == "document"
    with pytest.raises(ConfigError, match="cp_ingress:components: found"):
        Settings.from_pillar({"networks": NETWORKS, "cp_ingress": {"components": ["dex"]}})
