"""What a manifest may hold: any text arrives as it is, and a field that its kind lacks is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cp_ingress_core.errors import ApiError
from tests.apiserver.engine.kit import Kit
from tests.apiserver.engine.objects import Manifest, config_map, custom, definition, deployment

TEXTS = {
    "an emoji": "\N{GRINNING FACE}",
    "accents": "caf\u00e9",
    "line ends of other worlds": "a\u0085b\u2028c\u2029d\re\r\nf",
    "control characters": "\x00\x07\x1b[0m\x7f\x9f",
    "a byte order mark": "\ufeffa",
    "no characters": "\ufffe\uffff",
    "what looks like YAML": "- a: b\n# c\n<<: *d\n...\n---\n",
    "what looks like an escape": '\\u0041 \\ud83d\\ude00 \\\\ "',
    "indented lines": "  a\n\tb\n\n",
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_text_arrives_as_it_is(kit: Kit, text: str) -> None:
    kit.apply([config_map("one", kit.namespace, key=text)])

    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["data"] == {"key": text}
    assert kit.apply([config_map("one", kit.namespace, key=text)])["changes"] == {}


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_any_text_arrives_as_it_is(kit: Kit, texts: list[str]) -> None:
    data = {f"key-{number}": text for number, text in enumerate(texts)}

    kit.apply([config_map("one", kit.namespace, **data)])

    live = kit.core("configmaps", "one")
    assert live is not None
    assert live["data"] == data


def _closed_definition(group: str) -> Manifest:
    """A definition whose objects may have ``spec.size`` and nothing else."""
    manifest = definition("Box", group)
    fields = {"spec": {"type": "object", "properties": {"size": {"type": "integer"}}}}
    manifest["spec"]["versions"][0]["schema"] = {"openAPIV3Schema": {"type": "object", "properties": fields}}
    return manifest


def _at_the_top(kit: Kit, group: str) -> Manifest:
    return {**config_map("one", kit.namespace), "dat": {"a": "b"}}


def _in_metadata(kit: Kit, group: str) -> Manifest:
    manifest = config_map("one", kit.namespace)
    manifest["metadata"]["label"] = {"a": "b"}
    return manifest


def _deep_inside(kit: Kit, group: str) -> Manifest:
    manifest = deployment("one", kit.namespace)
    manifest["spec"]["template"]["spec"]["containers"][0]["imagePullPolice"] = "Always"
    return manifest


def _in_a_custom_resource(kit: Kit, group: str) -> Manifest:
    return custom("Box", group, "one", kit.namespace, siez=1)


@pytest.mark.parametrize(
    ("broken", "field"),
    [
        (_at_the_top, r"\.dat"),
        (_in_metadata, r"\.metadata\.label"),
        (_deep_inside, r"imagePullPolice"),
        (_in_a_custom_resource, r"\.spec\.siez"),
    ],
    ids=["at the top", "in metadata", "deep inside", "in a custom resource"],
)
@pytest.mark.parametrize("test", [False, True], ids=["run", "test"])
def test_an_unknown_field_is_refused_by_name(kit: Kit, broken: Any, field: str, test: bool) -> None:
    group = f"{kit.namespace}.example.com"
    kit.apply([_closed_definition(group)])

    with pytest.raises(ApiError, match=f"{field}: field not declared in schema"):
        kit.apply([_closed_definition(group), broken(kit, group)], test=test)
