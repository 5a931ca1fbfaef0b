"""YAML text to objects, read as Helm and Kubernetes read it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.chart.manifests import parse_manifests
from cp_ingress_core.errors import ChartError

OBJECT = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: %s}\n"


def data_of(value: str) -> Any:
    text = OBJECT % "x" + f"data: {{key: {value}}}\n"
    return parse_manifests(text, "chart small")[0]["data"]["key"]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", True, id="yes is a boolean when it is not quoted"),
        pytest.param("'yes'", "yes", id="quoted yes is text"),
        pytest.param("off", False, id="off is a boolean"),
        pytest.param("y", True, id="a single letter is a boolean too"),
        pytest.param("N", False, id="a single capital letter as well"),
        pytest.param("yy", "yy", id="two letters are text"),
        pytest.param("2024-01-01", "2024-01-01", id="a date is text"),
        pytest.param("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z", id="a time is text"),
        pytest.param("12:30", "12:30", id="base 60 is text"),
        pytest.param("12:30:45", "12:30:45", id="base 60 with seconds is text"),
        pytest.param("=", "=", id="an equals sign is text"),
        pytest.param("0644", 420, id="a leading zero is octal"),
        pytest.param("0o644", 420, id="0o is octal"),
        pytest.param("0x10", 16, id="hexadecimal"),
        pytest.param("1_000", 1000, id="underscores in a number"),
        pytest.param("-5", -5, id="a negative number"),
        pytest.param("1.5", 1.5, id="a fraction"),
        pytest.param("1e3", 1000, id="an exponent"),
        pytest.param("1_0.5", 10.5, id="underscores in a fraction"),
        pytest.param("1e99", 1e99, id="too large for an exact integer"),
        pytest.param("1.10", 1.1, id="an unquoted version is a number"),
        pytest.param("1.2.3", "1.2.3", id="three parts are text"),
        pytest.param("08", 8, id="no octal digit, so a decimal number"),
        pytest.param("12e4567", "12e4567", id="what no float can hold is text"),
        pytest.param("~", None, id="null"),
        pytest.param("100m", "100m", id="a quantity"),
    ],
)
def test_scalars_are_read_as_go_reads_them(text: str, value: Any) -> None:
    read = data_of(text)
    assert (read, type(read)) == (value, type(value))


def test_keys_become_text_as_in_json() -> None:
    text = OBJECT % "x" + "data: {8080: a, yes: b}\n"
    assert parse_manifests(text, "chart small")[0]["data"] == {"8080": "a", "true": "b"}


def test_empty_documents_are_dropped_and_order_is_kept() -> None:
    text = f"---\n# only a comment\n---\n{OBJECT % 'a'}---\n---\n{{}}\n---\nnull\n---\n{OBJECT % 'b'}"
    assert [obj["metadata"]["name"] for obj in parse_manifests(text, "chart small")] == ["a", "b"]


def test_nothing_renders_to_nothing() -> None:
    assert parse_manifests("", "chart small") == []


def test_three_dashes_inside_text_do_not_end_the_document() -> None:
    text = OBJECT % "x" + "data:\n  file: |\n    a\n    ---\n    b\n"
    assert parse_manifests(text, "chart small")[0]["data"] == {"file": "a\n---\nb\n"}


def test_lists_are_expanded_inside_lists_too() -> None:
    text = """\
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
  - apiVersion: rbac.authorization.k8s.io/v1
    kind: RoleList
    items:
      - metadata: {name: b}
---
apiVersion: v1
kind: List
items:
"""
    objects = parse_manifests(text, "chart small")
    assert [(obj["apiVersion"], obj["kind"], obj["metadata"]["name"]) for obj in objects] == [
        ("v1", "ConfigMap", "a"),
        ("rbac.authorization.k8s.io/v1", "Role", "b"),
    ]


def test_a_kind_that_only_ends_in_list_is_an_object() -> None:
    text = "apiVersion: x.io/v1\nkind: AllowList\nmetadata: {name: a}\nspec: {}\n"
    assert [obj["kind"] for obj in parse_manifests(text, "chart small")] == ["AllowList"]


def test_lists_without_end_are_refused() -> None:
    text = '{"apiVersion": "v1", "kind": "List", "items": [' * 20 + "]}" * 20
    with pytest.raises(ChartError, match="nested more than"):
        parse_manifests(text, "chart small")


@pytest.mark.parametrize(
    ("document", "said"),
    [
        pytest.param("just words", "rendered to a str", id="text"),
        pytest.param("- a", "rendered to a list", id="a list"),
        pytest.param("kind: ConfigMap", "without apiVersion and kind", id="no apiVersion"),
        pytest.param("apiVersion: v1\nkind: Pod", "v1 Pod without metadata.name", id="no metadata"),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: 5}", "without metadata.name", id="number as name"
        ),
        pytest.param(
            "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nx: !!binary aGk=",
            "not JSON serializable",
            id="bytes",
        ),
        pytest.param("a: b: c", "not YAML: mapping values", id="not YAML"),
        pytest.param("a: !!python/none x", "not YAML: could not determine", id="a foreign tag"),
    ],
)
def test_what_is_no_object_is_refused_with_its_template(document: str, said: str) -> None:
    before = f"# Source: small/templates/a.yaml\n{OBJECT % 'a'}"
    text = f"{before}---\n# Source: small/templates/b.yaml\n{document}\n"
    with pytest.raises(ChartError, match=said) as caught:
        parse_manifests(text, "chart small 1.2.3")
    assert "chart small 1.2.3" in str(caught.value)
    assert "small/templates/b.yaml" in str(caught.value)
    assert caught.value.info["reason"] == "ManifestInvalid"


def test_an_error_never_shows_the_text() -> None:
    text = "# Source: small/templates/secret.yaml\nstringData: {password: canary: canary}\n"
    with pytest.raises(ChartError) as caught:
        parse_manifests(text, "chart small")
    assert "canary" not in str(caught.value)


@given(st.text())
def test_no_text_raises_anything_but_its_own_error(text: str) -> None:
    try:
        objects = parse_manifests(text, "chart small")
    except ChartError:
        return
    assert all(obj["kind"] and obj["metadata"]["name"] for obj in objects)
