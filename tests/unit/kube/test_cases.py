from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.unit.kube.cases import DOES_NOT_APPLY, TESTED

TESTS = Path(__file__).resolve().parents[2]


PLACES = sorted({(file, function) for file, named in TESTED.items() for function in named.values()})


@pytest.mark.parametrize(("file", "function"), PLACES)
def test_the_named_test_exists(file: str, function: str) -> None:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_behaviour_is_accounted_for() -> None:
    names = [name for named in TESTED.values() for name in named]

    assert len(set(names)) == len(names)
    assert set(names).isdisjoint(DOES_NOT_APPLY)
    assert len(names) + len(DOES_NOT_APPLY) == 85
    print(f"figure cases_covered {len(names)} count")
