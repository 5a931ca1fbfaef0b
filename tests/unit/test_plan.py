"""A run in test mode, condensed: what is shown of each step, in the run's order."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.plan import condense


def state(step: str, number: int = 0, **result: Any) -> dict[str, Any]:
    """Return a state's result, as `state.apply` has it."""
    return {
        "__id__": f"cp_ingress-{step}",
        "__run_num__": number,
        "name": "it",
        "result": None,
        "changes": {},
        **result,
    }


SHOWN = {
    "an object": ({"changes": {"v1/Service a/b": {"action": "created"}}}, ["created v1/Service a/b"]),
    "from what to what": ({"changes": {"endpoint": {"old": "A", "new": "B"}}}, ["endpoint: A -> B"]),
    "from nothing": ({"changes": {"endpoint": {"old": "", "new": "B"}}}, ["endpoint: nothing -> B"]),
    "a phase": ({"changes": {"phase": "moved"}}, ["phase moved"]),
    "a file, by its path": ({"name": "/pki/ca.key", "changes": {"newfile": "x"}}, ["makes /pki/ca.key"]),
    "a failure, with what it says": ({"result": False, "comment": "no CA"}, ["FAILS: no CA"]),
    "what it would wait for": ({"comment": "it would have to end"}, ["waits: it would have to end"]),
}


@pytest.mark.parametrize(("result", "lines"), SHOWN.values(), ids=SHOWN)
def test_what_a_step_shows(result: dict[str, Any], lines: list[str]) -> None:
    assert condense({"key": state("step", **result)}) == {"step": lines}


def test_steps_without_changes_are_left_out_and_the_rest_is_in_the_order_of_the_run() -> None:
    change = {"phase": "moved"}
    results = {
        "one": state("last", 3, changes=change),
        "two": state("idle", 1, result=True),
        "three": state("first", 2, changes=change),
    }
    assert list(condense(results)) == ["first", "last"]
