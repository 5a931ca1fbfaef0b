"""Flags of a command line: read and changed, in every spelling."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.apiserver import flags

SPELLINGS = [
    (["kube-apiserver", "--a=1"], {"a": ["1"]}, "with an equals sign"),
    (["kube-apiserver", "--a", "1", "--b=2"], {"a": ["1"], "b": ["2"]}, "as two arguments"),
    (["--a", "--b=2"], {"a": ["true"], "b": ["2"]}, "a switch before another flag"),
    (["--a"], {"a": ["true"]}, "a switch at the end"),
    (["--oidc_issuer_url=x"], {"oidc-issuer-url": ["x"]}, "underscores for dashes"),
    (["--a=1", "--a=2"], {"a": ["1", "2"]}, "given twice"),
    (["--a=x=y"], {"a": ["x=y"]}, "an equals sign in the value"),
    (["--a="], {"a": [""]}, "an empty value"),
    (["kube-apiserver", "serve"], {}, "no flags at all"),
]


@pytest.mark.parametrize(("arguments", "expected", "_"), SPELLINGS, ids=[row[2] for row in SPELLINGS])
def test_flags_are_read(arguments: list[str], expected: dict[str, list[str]], _: str) -> None:
    assert flags.read(arguments) == expected


CHANGES = [
    (["k", "--a=1", "--b=2"], {"a": ["3"]}, ["k", "--a=3", "--b=2"], "a value changes in its place"),
    (["k", "--a", "1", "--b=2"], {"a": ["3"]}, ["k", "--a=3", "--b=2"], "one of two arguments too"),
    (["k", "--a", "1"], {"a": ["1"]}, ["k", "--a", "1"], "a value that is right keeps its spelling"),
    (["k", "--a=1", "--b=2"], {"a": []}, ["k", "--b=2"], "a flag goes"),
    (["k", "--a=1"], {"c": ["1", "2"]}, ["k", "--a=1", "--c=1", "--c=2"], "new ones come last"),
    (["k", "--a=1", "--b=2", "--a=3"], {"a": ["4"]}, ["k", "--a=4", "--b=2"], "a second one goes"),
]


@pytest.mark.parametrize(("arguments", "wanted", "expected", "_"), CHANGES, ids=[row[3] for row in CHANGES])
def test_flags_are_changed(
    arguments: list[str], wanted: dict[str, list[str]], expected: list[str], _: str
) -> None:
    assert flags.changed(arguments, wanted) == expected


NAMES = st.sampled_from(["a", "b", "oidc-issuer-url", "oidc-client-id"])
VALUES = st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), max_size=5)
LINES = st.lists(st.tuples(NAMES, VALUES).map(lambda pair: f"--{pair[0]}={pair[1]}"))


@given(LINES, st.dictionaries(NAMES, st.lists(VALUES, max_size=2)))
def test_after_a_change_the_flags_are_the_wanted_ones_and_the_others(
    arguments: list[str], wanted: dict[str, list[str]]
) -> None:
    before, after = flags.read(arguments), flags.read(flags.changed(arguments, wanted))
    assert after == {name: values for name, values in {**before, **wanted}.items() if values}
    assert flags.changed(flags.changed(arguments, wanted), wanted) == flags.changed(arguments, wanted)
