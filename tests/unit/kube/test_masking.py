"""No value of a Secret is left in what the masking gives back."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.kube.diff import diff
from cp_ingress_core.kube.masking import LAST_APPLIED, fold_string_data, mask, mask_pair, scrub

CANARY = "canary-7f3a"


def encoded(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def secret(data: Any = None, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data or {}, **rest}


def leaks(*shown: Any) -> list[str]:
    """The spellings of the canary found in what is shown."""
    text = json.dumps(shown) + repr(shown)
    return [form for form in (CANARY, encoded(CANARY)) if form in text]


def test_55_secret_masked_equal_changed_added_removed() -> None:
    before = secret({"equal": "AAAA", "changed": "AAAA", "removed": "AAAA"})
    after = secret({"equal": "AAAA", "changed": "BBBB", "added": "BBBB"})
    left, right = mask_pair(before, after)
    assert left is not None
    assert right is not None
    assert left["data"] == {"equal": "***", "changed": "*** (before)", "removed": "***"}
    assert right["data"] == {"equal": "***", "changed": "*** (after)", "added": "***"}
    assert diff(left, right) == {
        "data.added": {"old": None, "new": "***"},
        "data.changed": {"old": "*** (before)", "new": "*** (after)"},
        "data.removed": {"old": "***", "new": None},
    }


@pytest.mark.parametrize("pair", [(1, 0), (0, 1)], ids=["whole object removed", "whole object created"])
def test_55_secret_masked_whole(pair: tuple[int, int]) -> None:
    whole = secret({"a": encoded(CANARY)})
    before, after = (whole if present else None for present in pair)
    assert leaks(*mask_pair(before, after)) == []
    assert leaks(diff(*mask_pair(before, after))) == []


def test_56_secret_pruned_masked() -> None:
    assert mask(secret({"password": encoded(CANARY)}, stringData={"plain": CANARY})) == {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s"},
        "data": {"password": "***"},
        "stringData": {"plain": "***"},
    }


def test_54_stringdata_key_rename() -> None:
    live = secret({"old": encoded(CANARY)})
    wanted = {key: value for key, value in secret(stringData={"new": CANARY}).items() if key != "data"}
    changes = diff(*mask_pair(live, wanted))
    assert changes == {"data.old": {"old": "***", "new": None}, "data.new": {"old": None, "new": "***"}}
    assert fold_string_data(wanted)["data"] == {"new": encoded(CANARY)}
    assert "stringData" not in fold_string_data(wanted)


def test_string_data_wins_over_data_as_on_the_server() -> None:
    assert fold_string_data(secret({"a": "AAAA"}, stringData={"a": "b"}))["data"] == {"a": encoded("b")}


def test_string_data_that_is_no_text_is_left_for_the_server_to_refuse() -> None:
    folded = fold_string_data(secret(stringData={"a": "b", "number": 1}))
    assert (folded["data"], folded["stringData"]) == ({"a": encoded("b")}, {"number": 1})
    assert fold_string_data(secret(stringData="nonsense"))["stringData"] == "nonsense"


def test_the_last_applied_configuration_of_a_secret_is_masked() -> None:
    applied = json.dumps(secret({"a": encoded(CANARY)}))
    live = secret(metadata={"name": "s", "annotations": {LAST_APPLIED: applied, "kept": "yes"}})
    masked = mask(live)
    assert masked is not None
    assert masked["metadata"]["annotations"] == {LAST_APPLIED: "***", "kept": "yes"}
    assert leaks(*mask_pair(live, secret())) == []


@pytest.mark.parametrize("kind", ["List", "SecretList"])
def test_lists_of_secrets_are_masked(kind: str) -> None:
    items = [secret({"a": encoded(CANARY)}), {"kind": "ConfigMap", "data": {"a": "shown"}}]
    if kind == "SecretList":
        items = [{"metadata": {"name": "s"}, "data": {"a": encoded(CANARY)}}]
    whole = {"apiVersion": "v1", "kind": kind, "items": items}
    assert leaks(mask(whole)) == []
    assert leaks(scrub(f"{CANARY} {encoded(CANARY)}", whole)) == []


def test_other_objects_are_shown() -> None:
    config = {"kind": "ConfigMap", "data": {"a": "b"}}
    assert mask(config) == config
    assert mask_pair(config, None) == (config, None)
    assert scrub("a: b", config) == "a: b"


def test_masking_leaves_the_object_itself_alone() -> None:
    original = secret({"a": encoded(CANARY)}, stringData={"b": CANARY})
    copy = json.loads(json.dumps(original))
    mask(original)
    mask_pair(original, original)
    assert original == copy


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        pytest.param(
            f'data[a]: Invalid value: "{CANARY}": immutable',
            'data[a]: Invalid value: "***": immutable',
            id="plain",
        ),
        pytest.param(f"got {encoded(CANARY)}", "got ***", id="encoded"),
        pytest.param("first line\\nsecond \\u003cline", "***", id="quoted by JSON"),
        pytest.param("near second <line", "near ***", id="one line of several"),
        pytest.param("expected string, got {Value:4711}", "expected string, got {Value:***}", id="a number"),
        pytest.param('port "80" of 180', 'port "***" of 180', id="a short value as a word only"),
        pytest.param(f"Secret {CANARY}", "Secret ***", id="the rest stays"),
        pytest.param("field is immutable when `immutable` is set", None, id="nothing to hide"),
    ],
)
def test_57_secret_error_clean(text: str, clean: str | None) -> None:
    plain = {"lines": "first line\nsecond <line", "number": 4711, "port": "80"}
    assert scrub(text, secret({"a": encoded(CANARY), "binary": "/w=="}, stringData=plain), None) == (
        clean or text
    )


def test_57_values_that_overlap_are_both_hidden() -> None:
    assert scrub("xx abcdefgh yy", secret(stringData={"a": "abcdef", "b": "defgh"})) == "xx *** yy"


def test_57_the_last_applied_configuration_is_hidden_in_errors_too() -> None:
    annotations = {LAST_APPLIED: json.dumps(secret({"a": encoded(CANARY)}))}
    assert leaks(scrub(f"{CANARY}", secret(metadata={"annotations": annotations}))) == []


VALUES = st.text(min_size=6, max_size=20, alphabet='qxzQXZ0189<\n"\\ü ').filter(
    lambda value: len(value.strip()) > 5
)


@given(st.dictionaries(st.sampled_from("abcd"), VALUES, min_size=1), st.sampled_from(["data", "stringData"]))
def test_no_value_survives(values: dict[str, str], where: str) -> None:
    kept = {key: encoded(value) for key, value in values.items()} if where == "data" else values
    subject = {"kind": "Secret", "metadata": {}, where: kept}
    other = {"kind": "Secret", "metadata": {}, where: {"a": "b3RoZXI="}}
    shown = repr(
        [
            mask(subject),
            mask_pair(subject, other),
            mask_pair(other, subject),
            diff(*mask_pair(subject, other)),
        ]
    )
    message = " ".join(["error:", *values.values(), json.dumps(subject), *kept.values()])
    clean = scrub(message, subject)
    for value in values.values():
        for form in (value, encoded(value), json.dumps(value)[1:-1]):
            assert form not in shown
            assert form not in clean


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda v: (
            st.lists(v)
            | st.dictionaries(
                st.sampled_from(["kind", "items", "data", "metadata", "annotations", LAST_APPLIED]), v
            )
        ),
    )
)
def test_odd_objects_do_not_break_it(body: Any) -> None:
    subject = {
        "kind": "Secret",
        "data": body,
        "stringData": body,
        "items": body,
        "metadata": {"annotations": body},
    }
    mask(subject)
    mask_pair(subject, secret({"a": "AAAA"}))
    scrub(
        "text",
        subject,
        {"kind": "SecretList", "items": body},
        {"kind": "List", "metadata": body, "items": [body]},
    )
