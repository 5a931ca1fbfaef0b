"""`cp_ingress.plan` before each kind of change, held to golden files (`make goldens` rewrites them)."""

from __future__ import annotations

import pytest

from tests.apiserver.transitions.plans import PLANS, golden, texts
from tests.apiserver.transitions.world import World


def test_each_change_is_planned_as_its_golden_file_says(there: World) -> None:
    found = dict(texts(there))
    assert list(found) == list(PLANS)
    for name, text in found.items():
        assert text == golden(name).read_text(encoding="utf-8"), name


@pytest.mark.parametrize("name", PLANS)
def test_no_plan_deletes_an_object_twice(name: str) -> None:
    """The Service of an IP that passes to the user goes ahead of the others, and not once more with them."""
    lines = golden(name).read_text(encoding="utf-8").splitlines()
    deleted = [line for line in lines if line.startswith("  deleted ")]
    assert len(deleted) == len(set(deleted))
