"""The steps of the orchestration: which files go to which minions, and that each waits for the one before."""

import pytest

from tests.formula.salt_caller import masterless
from tests.formula.test_sls import BOOTSTRAP

WIDEN, APISERVER, MOVE, FOLLOW, NARROW = (
    f"cp_ingress.{name}" for name in ("widen", "apiserver", "move", "follow", "narrow")
)
FOLLOWING = {"client_id": "console"}

# bootstrap, masters, pillar `cp_ingress:apiserver` -> the steps: name, minions, files
CASES = {
    "the bootstrap node is the first master and tries the issuer at once": (
        ["a", ["a", "b", "c"], FOLLOWING],
        [
            ("widen", ["a"], [WIDEN, APISERVER]),
            ("accept", ["b", "c"], [APISERVER]),
            ("move", ["a"], [MOVE]),
            ("follow", ["a", "b", "c"], [FOLLOW]),
            ("narrow", ["a"], [NARROW]),
        ],
    ),
    "another master is named first and tries it alone": (
        ["a", ["b", "a", "c"], FOLLOWING],
        [
            ("widen", ["a"], [WIDEN]),
            ("accept-first", ["b"], [APISERVER]),
            ("accept", ["a", "c"], [APISERVER]),
            ("move", ["a"], [MOVE]),
            ("follow", ["b", "a", "c"], [FOLLOW]),
            ("narrow", ["a"], [NARROW]),
        ],
    ),
    "the only master is the bootstrap node": (
        ["a", ["a"], FOLLOWING],
        [
            ("widen", ["a"], [WIDEN, APISERVER]),
            ("move", ["a"], [MOVE]),
            ("follow", ["a"], [FOLLOW]),
            ("narrow", ["a"], [NARROW]),
        ],
    ),
    "the apiservers are left alone": (
        ["a", ["a", "b"], None],
        [("widen", ["a"], [WIDEN]), ("move", ["a"], [MOVE]), ("narrow", ["a"], [NARROW])],
    ),
}


@pytest.mark.parametrize(("given", "steps"), CASES.values(), ids=CASES)
def test_the_steps_of_a_change(tmp_path, given, steps):
    bootstrap, masters, apiserver = given
    minion = masterless(tmp_path)
    tuning = {"orchestrate": {"bootstrap": bootstrap, "masters": masters}}
    minion.write(
        BOOTSTRAP.format(metallb="true", ip="10.200.0.50"),
        {**tuning, "apiserver": apiserver} if apiserver else tuning,
    )
    (found,) = minion.call(["state.show_low_sls", "cp_ingress.orchestrate.change"])
    assert all(isinstance(chunk, dict) for chunk in found), found
    first, *rest = sorted(found, key=lambda chunk: chunk["order"])
    assert (first["fun"], sorted(first["tgt"])) == ("function", sorted({bootstrap, *masters}))
    names = [chunk["__id__"].removeprefix("cp_ingress-orchestrate-change-") for chunk in rest]
    assert [(name, chunk["tgt"], chunk["sls"]) for name, chunk in zip(names, rest, strict=True)] == steps
    before = first["__id__"]
    for chunk in rest:
        assert chunk["require"] == [{"salt": before}]
        assert (chunk["failhard"], chunk["expect_minions"]) == (True, True)
        before = chunk["__id__"]
