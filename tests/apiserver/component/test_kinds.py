"""Components of a user's own: documents that are not as expected, whole objects, and what must answer."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.apiserver.component import shapes
from tests.apiserver.component.conftest import Place
from tests.apiserver.component.front import Front
from tests.apiserver.component.shapes import NEW, OLD

SETTINGS = {"kind": "document", "secret": "settings", "key": "a.yaml", "set": {"oidc.issuer": "{issuer}"}}


def _settings(place: Place, text: str, **more: Any) -> None:
    place.install(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "settings", "namespace": place.namespace},
            "stringData": {"a.yaml": text},
            **more,
        }
    )


@pytest.mark.parametrize(
    ("text", "entry", "words"),
    [
        pytest.param("oidc: {issuer: canary", {}, "key a.yaml: not YAML", id="no YAML"),
        pytest.param("{}", {}, "oidc.issuer: what it lies in is not there", id="no place for a value"),
        pytest.param("oidc: canary", {}, "looked for in something that is no mapping", id="no mapping"),
        pytest.param("a: canary", {"key": "b"}, "no key 'b'; its keys: a.yaml", id="another key"),
        pytest.param("a: canary", {"secret": "others"}, "others: there is no such object", id="no object"),
        pytest.param("a: canary", {"format": "json"}, "not JSON (line 1, column 1)", id="another format"),
    ],
)
def test_a_document_that_is_not_as_expected(
    place: Place, testmode: bool, text: str, entry: dict[str, Any], words: str
) -> None:
    _settings(place, text)

    ret = place.configured({**SETTINGS, **entry}, test=testmode)

    assert (ret["result"], ret["changes"], place.kit.writes()) == (False, {}, [])
    assert words in ret["comment"]
    assert "component it: " in ret["comment"] or "component it expects it" in ret["comment"]
    assert "canary" not in json.dumps(ret)


def test_an_object_that_may_not_change_is_told_by_the_dry_run(place: Place, testmode: bool) -> None:
    _settings(place, "oidc: {secret: canary}", immutable=True)

    ret = place.configured(SETTINGS, test=testmode)

    assert (ret["result"], ret["changes"]) == (False, {})
    assert "immutable" in ret["comment"]
    assert "canary" not in json.dumps(ret)


def test_previous_endpoints_move_along(place: Place) -> None:
    _settings(place, f"oidc: {{}}\nlinks: ['https://10.0.0.11:8443/x', '{OLD}/y']\n")
    entry = {**SETTINGS, "move": ["links"]}

    place.configured(entry, previous=["https://10.0.0.11:8443"])

    text = place.text("Secret", "settings", "a.yaml")
    assert f"{NEW}/x" in text
    assert f"{OLD}/y" in text


def test_a_component_that_is_refused(place: Place, testmode: bool) -> None:
    ret = place.configured({**SETTINGS, "set": {"a": "{uri}"}}, test=testmode)

    assert (ret["result"], ret["changes"]) == (False, {})
    assert "component:it:set:a: " in ret["comment"]


LINK = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: link, namespace: {{ namespace }}}
data: {url: "{{ endpoint.url }}/", port: "{{ endpoint.port }}"}
"""
OBJECTS = {"kind": "objects", "template": LINK}


def test_whole_objects(place: Place, testmode: bool) -> None:
    link = f"v1/ConfigMap {place.namespace}/link"

    ret = place.configured(OBJECTS, test=testmode)

    assert ret["changes"] == {link: {"action": "created"}}
    assert ret["result"] is (None if testmode else True)
    assert (place.kit.core("configmaps", "link") is None) is testmode
    if not testmode:
        assert place.text("ConfigMap", "link", "url") == f"{NEW}/"
        again = place.configured(OBJECTS)
        assert (again["changes"], place.kit.writes()) == ({}, [])
        moved = place.configured(OBJECTS, endpoint=OLD)
        assert moved["changes"][link]["diff"] == {"data.url": {"old": f"{NEW}/", "new": f"{OLD}/"}}


def test_whole_objects_restart_what_reads_them(place: Place) -> None:
    place.install(shapes.deployment("portal", place.namespace))
    entry = {**OBJECTS, "restart": ["Deployment/portal"]}
    workload = f"apps/v1/Deployment {place.namespace}/portal"
    for endpoint in (OLD, NEW):
        predicted = place.configured(entry, endpoint=endpoint, test=True)
        done = place.configured(entry, endpoint=endpoint)
        assert predicted["changes"] == done["changes"]
        assert done["changes"][workload] == {"action": "restarted"}
        again = place.configured(entry, endpoint=endpoint)
        assert (again["result"], again["changes"], place.kit.writes()) == (True, {}, [])


def test_whole_objects_are_let_go(place: Place, testmode: bool) -> None:
    place.configured(OBJECTS)

    ret = place.released(OBJECTS, test=testmode)

    assert ret["changes"][f"v1/ConfigMap {place.namespace}/link"] == {"action": "deleted"}
    assert (place.kit.core("configmaps", "link") is None) is not testmode


def test_a_template_from_the_file_server(place: Place, testmode: bool) -> None:
    (root,) = place.salt.call("config.get", "file_roots")["base"]
    Path(root, "link.yaml.j2").write_text(LINK)

    ret = place.configured({"kind": "objects", "template": "salt://link.yaml.j2"}, test=testmode)

    assert list(ret["changes"]) == [f"v1/ConfigMap {place.namespace}/link"]


@pytest.mark.parametrize(
    ("template", "words"),
    [
        pytest.param("salt://none.yaml.j2", "the Salt file server has no such file", id="no file"),
        pytest.param("a: {{ endpoint.uri }}", "has no attribute 'uri'", id="an unknown name"),
        pytest.param("a: {% if %}", "template, line 1: ", id="no template"),
        pytest.param("a: [", "not YAML (line 2 of what it renders to)", id="no YAML"),
        pytest.param("a: 1", "an object lacks apiVersion", id="no object"),
    ],
)
def test_a_template_that_cannot_be(place: Place, testmode: bool, template: str, words: str) -> None:
    ret = place.configured({"kind": "objects", "template": template}, test=testmode)

    assert (ret["result"], ret["changes"]) == (False, {})
    assert words in ret["comment"]


@pytest.fixture
def front(tmp_path: Path) -> Iterator[Front]:
    with Front(tmp_path) as running:
        yield running


VERIFIED = {
    **OBJECTS,
    "verify": {"url": "{url}/portal.json", "status": 203, "json": {"oidc.issuer": "{issuer}"}},
}


def test_what_answers_as_it_shall(place: Place, front: Front, testmode: bool) -> None:
    front.answers["/portal.json"] = (203, {"oidc": {"issuer": f"{front.url}/oidc"}})

    ret = place.configured(VERIFIED, endpoint=front.url, ca_file=str(front.ca_file), test=testmode)

    assert ret["result"] is (None if testmode else True), ret
    assert front.requests == ([] if testmode else ["/portal.json"] * 3)
    assert ("answers as it shall" in ret["comment"]) is not testmode


@pytest.mark.parametrize(
    ("answer", "trusted", "words"),
    [
        pytest.param((200, {}), True, "status 200, not 203", id="another status"),
        pytest.param((203, {"oidc": {}}), True, "oidc.issuer is None, not 'https://", id="no such value"),
        pytest.param((203, {}), False, "certificate refused", id="a certificate nobody vouches for"),
    ],
)
def test_what_does_not_answer_as_it_shall(
    place: Place, front: Front, answer: Any, trusted: bool, words: str
) -> None:
    front.answers["/portal.json"] = answer
    authority = str(front.ca_file) if trusted else None

    ret = place.configured(VERIFIED, endpoint=front.url, ca_file=authority, timeout=1)

    assert ret["result"] is False
    assert f"{front.url}/portal.json: after 1 s: " in ret["comment"]
    assert words in ret["comment"]
    assert list(ret["changes"]) == [f"v1/ConfigMap {place.namespace}/link"]
