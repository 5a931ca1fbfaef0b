"""Option files: a Jinja template of Helm values, and the pillar's changes merged in key by key."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.chart.options import load_values, merge, settle_nulls
from cp_ingress_core.errors import ChartError

SCALARS = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
MAPPINGS = st.recursive(
    st.dictionaries(st.sampled_from("abc"), SCALARS | st.lists(SCALARS, max_size=2), max_size=3),
    lambda below: st.dictionaries(st.sampled_from("abc"), SCALARS | below, max_size=3),
    max_leaves=8,
)


def load(folder: Path, text: str, overrides: Any = None, **context: Any) -> dict[str, Any]:
    (folder / "options.yaml.j2").write_text(text, encoding="utf-8")
    return load_values(folder, "options.yaml.j2", context, overrides)


def test_the_context_is_filled_in(tmp_path: Path) -> None:
    text = "{% if replicas > 1 %}\nreplicas: {{ replicas }}\n{% endif %}\nclass: {{ name }}\n"
    assert load(tmp_path, text, replicas=2, name="x") == {"replicas": 2, "class": "x"}
    assert load(tmp_path, text, replicas=1, name="x") == {"class": "x"}


def test_no_option_file_means_the_charts_own_values(tmp_path: Path) -> None:
    assert load_values(tmp_path) == {}
    assert load_values(tmp_path, overrides={"a": {"b": 1}}) == {"a": {"b": 1}}


def test_an_empty_option_file_means_no_values(tmp_path: Path) -> None:
    assert load(tmp_path, "# nothing\n") == {}


@pytest.mark.parametrize(
    ("base", "override", "merged"),
    [
        pytest.param({"a": {"b": 1, "c": 2}}, {"a": {"b": 3}}, {"a": {"b": 3, "c": 2}}, id="key by key"),
        pytest.param({"a": [1, 2]}, {"a": [3]}, {"a": [3]}, id="a list is replaced"),
        pytest.param({"a": {"b": 1}}, {"a": 2}, {"a": 2}, id="a mapping gives way to a scalar"),
        pytest.param({"a": 2}, {"a": {"b": 1}}, {"a": {"b": 1}}, id="a scalar gives way to a mapping"),
        pytest.param(
            {"a": 1}, {"a": None}, {"a": None}, id="null is left for helm, which takes the key away"
        ),
        pytest.param({}, {"a": {"b": None}}, {"a": {"b": None}}, id="null for a default of the chart"),
    ],
)
def test_overrides_are_merged(base: dict, override: dict, merged: dict) -> None:
    assert merge(base, override) == merged


@given(MAPPINGS, MAPPINGS)
def test_merging_changes_neither_side_and_repeats_to_the_same(base: dict, override: dict) -> None:
    before = (repr(base), repr(override))
    merged = merge(base, override)
    assert (repr(base), repr(override)) == before
    assert merge(merged, override) == merged
    assert merge(base, {}) == base


@pytest.mark.parametrize(
    ("values", "settled"),
    [
        pytest.param({"tag": None}, {"tag": None}, id="a default of the chart: helm takes it away"),
        pytest.param({"image": {"digest": None}}, {"image": {"digest": None}}, id="a default further down"),
        pytest.param({"image": {"other": None}}, {"image": {}}, id="no default: the key goes"),
        pytest.param({"labels": {"a": None, "b": ""}}, {"labels": {"b": ""}}, id="a map without defaults"),
        pytest.param({"labels": {"a": {"b": None}}}, {"labels": {"a": {}}}, id="below what has no default"),
        pytest.param({"tag": {"a": None}}, {"tag": {}}, id="a mapping where the default is text"),
        pytest.param(
            {"subchart": {"a": None}}, {"subchart": {"a": None}}, id="a subchart's default is its own"
        ),
        pytest.param({"items": [None]}, {"items": [None]}, id="lists are left alone"),
    ],
)
def test_null_is_kept_only_where_helm_acts_on_it(values: dict, settled: dict) -> None:
    defaults = {"tag": "1", "image": {"digest": "sha256:1"}, "labels": {}, "items": []}
    assert settle_nulls(values, defaults) == settled


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "a: {{ unknown }}", "'unknown' is undefined; the context holds given", id="unknown name"
        ),
        pytest.param("a: {{ given.below }}", "no attribute 'below'", id="unknown attribute"),
        pytest.param("a: 1\nb: {% if %}", "line 2", id="not a template"),
        pytest.param("a: {{ given / 0 }}", "ZeroDivisionError", id="a fault while rendering"),
        pytest.param("a: {{ given.__class__.__mro__ }}", "unsafe", id="reaching out of the sandbox"),
        pytest.param("a: [", "not YAML once rendered", id="not YAML"),
        pytest.param("a: 1\na: 2\n", "key 'a' occurs twice", id="a key twice"),
        pytest.param("- a", "not a list", id="a list"),
        pytest.param("a: !!binary aGk=", "Helm cannot read", id="bytes"),
    ],
)
def test_a_bad_option_file_is_refused_by_name(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ChartError, match=said) as caught:
        load(tmp_path, text, given=1)
    assert caught.value.info["reason"] == "OptionsInvalid"


def test_values_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="must be a mapping of Helm values, not a list"):
        load_values(tmp_path, overrides=["a"])  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["missing.yaml.j2", "../secret.yaml.j2", "/etc/hostname"])
def test_only_files_of_the_charts_folder_are_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / "chart"
    folder.mkdir()
    (tmp_path / "secret.yaml.j2").write_text("a: 1", encoding="utf-8")
    (folder / "options.yaml.j2").write_text("a: 1", encoding="utf-8")
    with pytest.raises(ChartError, match=r"there is: options\.yaml\.j2"):
        load_values(folder, name)
