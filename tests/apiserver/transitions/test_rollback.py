"""`cp_ingress.rollback`: half-way through a change, after it, predicted, and where nothing was before."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from tests.apiserver.transitions.world import Wish, World

A, C = Wish("10.200.0.50", True), Wish("10.200.0.70", False)
TO_A = {"mode": "metallb", "ip": A.ip, "port": 8443}


def files(there: World) -> dict[str, str]:
    """Return the Bootstrap file, and what stands beside it, by name."""
    place = there.minion.bootstrap_file
    return {path.name: path.read_text(encoding="utf-8") for path in Path(place.parent).glob("bootstrap*")}


def wanted(text: str) -> tuple[bool, str]:
    """Return mode and IP in a Bootstrap file."""
    found = yaml.safe_load(text)["networks"]["controlPlane"]
    return found["metalLB"]["enabled"], found["ingress"]["ip"]


def back_at_a(there: World) -> None:
    """Hold the cluster to the first endpoint."""
    assert there.services() == [A.service]
    assert there.pool() == ["10.200.0.50/32"]
    assert there.certificate_names() == [A.ip]
    record = there.record()
    assert (record["phase"], record["target"]) == ("settled", "")
    assert "//10.200.0.50:8443 " in record["current"]


def test_a_first_deployment_has_nothing_to_go_back_to(there: World) -> None:
    there.wish(A)
    there.apply()
    before = files(there)
    with pytest.raises(AssertionError, match="there is no earlier endpoint to go back to"):
        there.call("cp_ingress.rollback")
    assert files(there) == before


def set_back(there: World) -> None:
    """Roll back, predicted and for real."""
    before, picture = files(there), there.picture()
    predicted = there.call("cp_ingress.rollback", test=True)
    assert predicted["endpoint"] == TO_A
    assert (files(there), there.picture()) == (before, picture)
    answer = there.call("cp_ingress.rollback")
    assert answer["endpoint"] == TO_A
    assert answer["done"]
    after = files(there)
    assert wanted(after["bootstrap.yaml"]) == (True, A.ip)
    assert after["bootstrap.yaml.before-rollback"] == before["bootstrap.yaml"]
    back_at_a(there)


def test_half_way_it_leads_back_to_what_is_in_force(there: World) -> None:
    there.wish(A)
    there.apply()
    there.wish(C)
    steps = there.steps()
    names = [step["__id__"] for step in steps]
    there.run(steps[: names.index("cp_ingress-verify-recorded") + 1])
    assert there.services() == [C.service, A.service]
    set_back(there)


def test_after_a_finished_change_it_leads_back_to_the_one_before(there: World) -> None:
    there.wish(A)
    there.apply()
    there.wish(C)
    there.apply()
    assert there.services() == [C.service]
    set_back(there)
