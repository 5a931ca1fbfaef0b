from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Figure
from tests.unit.kube.cases import DOES_NOT_APPLY, NAMES, TESTED

TESTS = Path(__file__).resolve().parents[2]


PLACES = sorted({(file, function) for file, named in TESTED.items() for function in named.values()})


@pytest.mark.parametrize(("file", "function"), PLACES)
def test_the_named_test_exists(file: str, function: str) -> None:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))

    assert function in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


def test_every_behaviour_is_accounted_for(figure: Figure) -> None:
    names = [name for named in TESTED.values() for name in named]

    assert sorted([*names, *DOES_NOT_APPLY]) == sorted(NAMES)
    assert len(set(NAMES)) == len(NAMES) == 85
    figure("cases_covered", len(names), "count")


def _numbered() -> Iterator[tuple[str, int, str]]:
    """Every test whose name begins with the number of a behaviour."""
    for path in sorted(TESTS.rglob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            match = re.match(r"test_(\d+)_(.+)", node.name) if isinstance(node, ast.FunctionDef) else None
            if match:
                yield str(path.relative_to(TESTS)), int(match[1]), match[2]


def test_numbers_in_the_names_of_tests_are_those_of_the_table() -> None:
    found = list(_numbered())

    assert len(found) > 20
    assert [entry for entry in found if not 1 <= entry[1] <= len(NAMES)] == []
    mapped = {(file, function) for file, function in PLACES}
    wrong = [
        f"{file}: test_{number}_{name}"
        for file, number, name in found
        if (file, f"test_{number}_{name}") in mapped
        and TESTED[file].get(NAMES[number - 1]) != f"test_{number}_{name}"
    ]
    assert wrong == []
