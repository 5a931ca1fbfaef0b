"""Every function a user can call says how, and every state is tested in both modes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.contracts import (
    Public,
    covers_both_modes,
    missing_in_face,
    missing_in_state,
    public_functions,
)

PROJECT = Path(__file__).resolve().parents[2]
FACES = public_functions(PROJECT / "_modules")
STATES = public_functions(PROJECT / "_states")


def by_name(function: Public) -> str:
    return function.name


def test_faces_and_states_are_found() -> None:
    assert {"kube_chart.pin", "cp_ingress.settings"} <= {face.name for face in FACES}
    assert "kube_chart.deployed" in {state.name for state in STATES}


@pytest.mark.parametrize("function", FACES, ids=by_name)
def test_a_function_says_how_to_call_it(function: Public) -> None:
    assert missing_in_face(function) == []


@pytest.mark.parametrize("function", STATES, ids=by_name)
def test_a_state_says_how_to_use_it(function: Public) -> None:
    assert missing_in_state(function) == []


@pytest.mark.parametrize("function", STATES, ids=by_name)
def test_a_state_is_tested_with_and_without_test_mode(function: Public) -> None:
    assert covers_both_modes(PROJECT / "tests", function.name)


FACE = '''
__virtualname__ = "beds"
__func_alias__ = {"list_": "list"}

def _hidden(): ...

def list_(colour, size=None):
    """
    List beds.

    CLI Example:

    .. code-block:: bash

        salt-call beds.list blue

    colour
        What colour.
    """
'''


def one(folder: Path, code: str) -> Public:
    (folder / "garden.py").write_text(code)
    (function,) = public_functions(folder)
    return function


@pytest.mark.parametrize(
    ("old", "new", "lacks"),
    [
        pytest.param("size=None", "", [], id="complete"),
        pytest.param("x", "x", ["the parameter size"], id="a parameter is not described"),
        pytest.param(
            "beds.list", "beds.rows", ["a CLI example that calls beds.list", "the parameter size"], id="other"
        ),
        pytest.param(
            "CLI Example:", "", ["a 'CLI Example:' with a bash block", "the parameter size"], id="no example"
        ),
    ],
)
def test_what_a_docstring_lacks_is_found(tmp_path: Path, old: str, new: str, lacks: list[str]) -> None:
    assert missing_in_face(one(tmp_path, FACE.replace(old, new))) == lacks


def test_a_state_without_an_example_is_found(tmp_path: Path) -> None:
    block = "\n\n    .. code-block:: yaml\n\n        a:\n          garden.%s: []\n    "
    state = f'def grown(name):\n    """Keep it.{block}"""'
    assert missing_in_state(one(tmp_path, state % "grown")) == []
    assert missing_in_state(one(tmp_path, state % "mown")) == ["a yaml block that uses garden.grown"]


@pytest.mark.parametrize(
    ("code", "tested"),
    [
        ("def test_a(testmode):\n    run('garden.grown')", True),
        ("def test_a(testmode):\n    run('garden.mown')", False),
        ("def test_a():\n    run('garden.grown', test=True)", True),
        ("def test_a():\n    run({'state': 'garden.grown', 'test': True})", True),
        ("def test_a():\n    run('garden.grown', test=False)", False),
        ("def test_a():\n    run('garden.grown')", False),
    ],
    ids=["both modes", "another state", "by keyword", "by dictionary", "test mode off", "one mode"],
)
def test_a_state_without_test_mode_is_found(tmp_path: Path, code: str, tested: bool) -> None:
    (tmp_path / "test_garden.py").write_text(code)
    assert covers_both_modes(tmp_path, "garden.grown") is tested
