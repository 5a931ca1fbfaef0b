"""How the figures of power losses are made from what was seen."""

from __future__ import annotations

import pytest

from tests.bench.failover import changes_of_holder
from tests.e2e.failover import percentile
from tests.sandbox.watch import Holders, Seen

TEN = [1.9, 1.1, 1.2, 1.3, 1.4, 1.5, 1.6, 1.7, 1.8, 1.0]


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [(TEN, 95, 1.9), (TEN, 90, 1.8), (TEN, 50, 1.4), (TEN, 0, 1.0), ([2.0], 95, 2.0), ([1.0, 3.0], 95, 3.0)],
)
def test_percentile(values: list[float], percent: int, expected: float) -> None:
    assert percentile(values, percent) == expected


@pytest.mark.parametrize(
    ("samples", "expected"),
    [
        (["a", "a", "a"], 0),
        (["a", "", "a"], 0),
        (["a", "b"], 1),
        (["a", "ab", "b"], 1),
        (["a", "ab", "a"], 2),
        (["a", "", "b", "b", "a"], 2),
        ([], 0),
    ],
)
def test_changes_of_holder(samples: list[str], expected: int) -> None:
    holders = tuple(Holders("10.200.0.50", start, frozenset(macs)) for start, macs in enumerate(samples))
    assert changes_of_holder(Seen(0, 10, holders=holders)) == expected
