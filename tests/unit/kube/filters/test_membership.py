from __future__ import annotations

import pytest

from cp_ingress_core.kube.filters import Context, membership
from tests.unit.kube.filters.support import member

PART_OF = "applyset.kubernetes.io/part-of"


@pytest.mark.parametrize(
    ("labels", "set_id", "kept"),
    [
        pytest.param({PART_OF: "ours"}, "ours", False, id="the set's label, may go"),
        pytest.param({}, "ours", True, id="label removed by hand, kept"),
        pytest.param(None, "ours", True, id="no labels at all, kept"),
        pytest.param({PART_OF: "other"}, "ours", True, id="another set's, kept"),
        pytest.param({}, "", False, id="deleted by name, the label does not count"),
    ],
)
def test_membership(labels: dict[str, str] | None, set_id: str, kept: bool) -> None:
    found = membership.check(member(labels=labels), Context(set_id=set_id))

    assert (found is not None and found.silent) is kept
