"""Documents are read as data and written again with the rest as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml

from cp_ingress_core.component import documents

YAML = """\
# a comment
issuer: https://old/oidc
mode: 0644
version: 1.10
on: yes
date: 2026-01-02
empty:
quoted: "yes"
text: |
  line one
  line two
base: &base {a: 1, b: [x, y]}
derived:
  <<: *base
  c: ünï
"""
JSON = (
    '{\n    "url": "https://old/",\n    "n": 1.10, "big": 12345678901234567890, "l": ["ü", null, true]\n}\n'
)
INI = """\
; Grafana
app_mode = production
root_url= https://old/  \n
[server]
# kept
root_url = https://old/grafana/
domain=old

[auth.generic_oauth]
enabled = true
"""


def changed(text: str, kind: str, change: Any) -> str:
    data = documents.read(text, kind)
    change(data)
    return documents.write(data, kind, text)


@pytest.mark.parametrize("kind", documents.FORMATS)
def test_read_and_written_it_says_the_same(kind: str) -> None:
    text = {"yaml": YAML, "json": JSON, "ini": INI}[kind]
    data = documents.read(text, kind)
    written = documents.write(data, kind, text)
    assert documents.read(written, kind) == data
    assert documents.write(documents.read(written, kind), kind, written) == written


def test_yaml_keeps_every_other_value_as_it_is_written() -> None:
    written = changed(YAML, "yaml", lambda data: data.__setitem__("issuer", "https://new/oidc"))
    for line in ("mode: 0644", "version: 1.10", "on: yes", "date: 2026-01-02", 'quoted: "yes"', "c: ünï"):
        assert line in written.splitlines() or f"  {line}" in written.splitlines(), written
    before, after = yaml.safe_load(YAML), yaml.safe_load(written)
    assert after == {**before, "issuer": "https://new/oidc"}
    assert "# a comment" not in written


def test_yaml_text_that_looks_like_something_else_is_quoted() -> None:
    written = changed(YAML, "yaml", lambda data: data.__setitem__("issuer", "8443"))
    assert yaml.safe_load(written)["issuer"] == "8443"


@pytest.mark.parametrize("end", ["", "\n"], ids=["without", "with"])
def test_the_last_newline_stays_as_it_was(end: str) -> None:
    for text, kind in (("a: 1", "yaml"), ('{"a": 1}', "json"), ("a = 1", "ini")):
        data = documents.read(text + end, kind)
        assert documents.write(data, kind, text + end) == text + end


def test_json_keeps_its_indentation_and_large_numbers() -> None:
    written = changed(JSON, "json", lambda data: data.__setitem__("url", "https://new/"))
    assert '\n    "url": "https://new/",\n' in written
    assert "12345678901234567890" in written
    assert json.loads(written) == {**json.loads(JSON), "url": "https://new/"}
    assert changed('{"a":1}', "json", lambda data: None) == '{"a": 1}'


def test_ini_touches_only_the_lines_that_change() -> None:
    def change(data: Any) -> None:
        data["server"]["root_url"] = "https://new/grafana/"
        data["root_url"] = "https://new/"
        data["auth.generic_oauth"]["auth_url"] = "https://new/oidc/auth"

    expected = (
        INI.replace("root_url = https://old/grafana/", "root_url = https://new/grafana/")
        .replace("root_url= https://old/  \n", "root_url= https://new/  \n")
        .replace("enabled = true\n", "enabled = true\nauth_url = https://new/oidc/auth\n")
    )
    assert changed(INI, "ini", change) == expected


def test_ini_takes_new_keys_at_the_top_in_a_bare_section_and_without_a_last_newline() -> None:
    assert changed("[a]\nb = 1", "ini", lambda data: data.__setitem__("x", "1")) == "x = 1\n[a]\nb = 1"
    assert changed("[a]", "ini", lambda data: data["a"].__setitem__("x", "1")) == "[a]\nx = 1\n"
    assert changed("", "ini", lambda data: data.__setitem__("x", "1")) == "x = 1\n"


@pytest.mark.parametrize(
    ("kind", "text", "words"),
    [
        pytest.param("yaml", "a: [hunter2\nb: c", "not YAML (line 2)", id="broken YAML"),
        pytest.param("yaml", "a: hunter2\n---\nb: 1", "not YAML", id="two documents"),
        pytest.param("yaml", "a: hunter2\na: 2", "the same key twice (line 2)", id="YAML key twice"),
        pytest.param("yaml", "a: !x [hunter2]", "a tag that is not understood (line 1)", id="a tag"),
        pytest.param("yaml", "[hunter2, x]: 1", "a key that is no text (line 1)", id="an odd key"),
        pytest.param("yaml", "a: &a [*a]", "refers to itself (line 1)", id="a loop"),
        pytest.param("json", '{"a": hunter2}', "not JSON (line 1, column 7)", id="broken JSON"),
        pytest.param("json", '{"a": 1, "a": "hunter2"}', "the same key twice", id="JSON key twice"),
        pytest.param("json", '{"a": NaN}', "a number that JSON does not have", id="not a number"),
    ],
)
def test_what_cannot_be_read_is_refused_without_being_quoted(kind: str, text: str, words: str) -> None:
    with pytest.raises(documents.DocumentError) as caught:
        documents.read(text, kind)
    assert words in str(caught.value)
    assert "hunter2" not in str(caught.value)
