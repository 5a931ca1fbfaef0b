from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.unit.kube.cases import DOES_NOT_APPLY, TESTED

TESTS = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("place", sorted(set(TESTED.values())))
def test_the_named_test_exists(place: str) -> None:
    file, _, function = place.partition("::")
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_behaviour_is_accounted_for() -> None:
    assert set(TESTED).isdisjoint(DOES_NOT_APPLY)
    assert len(TESTED) + len(DOES_NOT_APPLY) == 85
    print(f"figure cases_covered {len(TESTED)} count")
