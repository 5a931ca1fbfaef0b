"""Every change of the endpoint: predicted, made, repeated, broken off after each of its steps, set back.

A change is broken off by running its states one by one and stopping. Left out are the stops after states that
changed nothing, since they leave what the stop before them left.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.apiserver.transitions.world import Wish, World

A, B = Wish("10.200.0.50", True), Wish("10.200.0.60", True)
C, D = Wish("10.200.0.70", False), Wish("10.200.0.80", False)

# There and back, so that each pair is two changes.
PAIRS = {
    "the IP, in metallb mode": (A, B),
    "the IP, in external mode": (C, D),
    "mode and IP": (A, C),
}
# What external mode does about another IP is a part of what metallb mode does.
BROKEN_OFF = ("the IP, in metallb mode", "mode and IP")


@pytest.fixture(scope="module")
def fresh(there: World) -> dict[Wish, dict[str, Any]]:
    """What a fresh deployment of each endpoint leaves in the cluster."""
    pictures = {}
    for wish in (A, B, C, D):
        there.wish(wish)
        there.apply()
        pictures[wish] = there.picture()
        there.apply("cp_ingress.clean")
    return pictures


def settled(there: World, wish: Wish, fresh: dict[Wish, dict[str, Any]]) -> None:
    """Hold the cluster to a fresh deployment of the endpoint."""
    assert there.services() == [wish.service]
    assert there.pool() == ([f"{wish.ip}/32"] if wish.metallb else [])
    assert there.certificate_names() == [wish.ip]
    found = there.record()
    assert (found["phase"], found["target"]) == ("settled", "")
    assert f"//{wish.ip}:8443 " in found["current"]
    assert there.picture() == fresh[wish]


def arrive(there: World, wish: Wish) -> None:
    """Bring the endpoint about, from wherever the cluster is."""
    there.wish(wish)
    there.apply()


def changes(results: dict[str, dict[str, Any]]) -> dict[str, dict[str, str]]:
    """Return what each state did to which object, without values."""
    return {
        name: {key: value["action"] if "action" in (value or {}) else "" for key, value in found.items()}
        for name, result in results.items()
        if (found := result["changes"]) and "certs" not in name and "certificate" not in name
    }


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_change_does_what_test_mode_says_and_leaves_what_a_fresh_deployment_leaves(
    there: World, fresh: dict[Wish, dict[str, Any]], pair: tuple[Wish, Wish]
) -> None:
    first, second = pair
    arrive(there, first)
    for wish in (second, first):
        there.wish(wish)
        before = there.picture()
        predicted = there.apply(test=True)
        assert there.picture() == before
        assert changes(there.apply()) == changes(predicted)
        settled(there, wish, fresh)
        again = there.apply()
        assert {name: result["changes"] for name, result in again.items() if result["changes"]} == {}


@dataclass
class Way:
    """One direction of a pair: its steps, and after how many of them it is still to be broken off."""

    wish: Wish
    steps: list[dict[str, Any]]
    left: list[int]

    @classmethod
    def of(cls, there: World, wish: Wish) -> Way:
        """Make the change step by step, and see which steps change something."""
        there.wish(wish)
        steps = there.steps()
        did = [number for number, result in enumerate(there.run(steps), 1) if result["changes"]]
        return cls(wish, steps, did[:-1])


@pytest.mark.slow
@pytest.mark.parametrize("pair", [PAIRS[kind] for kind in BROKEN_OFF], ids=BROKEN_OFF)
def test_a_change_broken_off_after_any_step_is_finished_by_the_next_run(
    there: World, fresh: dict[Wish, dict[str, Any]], pair: tuple[Wish, Wish]
) -> None:
    first, second = pair
    arrive(there, first)
    ways = [Way.of(there, second), Way.of(there, first)]
    if first.metallb == second.metallb:
        # There and back are one kind of change: every second stop on either way is every stop of it.
        ways[0].left, ways[1].left = ways[0].left[::2], ways[1].left[1::2]
    while any(way.left for way in ways):
        for way in ways:
            after = way.left.pop(0) if way.left else 0
            there.wish(way.wish)
            there.finish(way.steps[:after])
            try:
                settled(there, way.wish, fresh)
            except AssertionError as err:
                err.add_note(f"broken off after step {after}, {way.steps[after - 1]['__id__']}")
                raise


@pytest.mark.slow
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_a_change_set_back_half_way_leaves_nothing_of_the_other_endpoint(
    there: World, fresh: dict[Wish, dict[str, Any]], pair: tuple[Wish, Wish]
) -> None:
    first, second = pair
    arrive(there, first)
    there.wish(second)
    steps = there.steps()
    names = [step["__id__"] for step in steps]
    for last in ("cp_ingress-begin-begun", "cp_ingress-endpoint-service-applied", "cp_ingress-move-recorded"):
        there.wish(second)
        there.run(steps[: names.index(last) + 1])
        arrive(there, first)
        settled(there, first, fresh)


def test_an_abandoned_target_is_removed_with_the_rest(
    there: World, fresh: dict[Wish, dict[str, Any]]
) -> None:
    arrive(there, A)
    there.wish(B)
    steps = there.steps()
    names = [step["__id__"] for step in steps]
    there.run(steps[: names.index("cp_ingress-verify-recorded") + 1])
    assert there.pool() == ["10.200.0.50/32", "10.200.0.60/32"]
    arrive(there, C)
    settled(there, C, fresh)
    assert there.record()["previous"] == "https://10.200.0.50:8443 (metallb)"


def test_a_lost_record_is_made_again_from_the_services(
    there: World, fresh: dict[Wish, dict[str, Any]]
) -> None:
    arrive(there, A)
    path = "/api/v1/namespaces/cp-ingress/configmaps/cp-ingress-endpoint"
    assert there.server.request("DELETE", path)[0] == 200
    arrive(there, B)
    settled(there, B, fresh)


def test_the_old_endpoint_is_kept_as_long_as_it_is_asked_for(
    there: World, fresh: dict[Wish, dict[str, Any]]
) -> None:
    arrive(there, A)
    there.wish(B, change={"keep_old_for": 3600})
    results = there.apply()
    assert "kept until" in results["cp_ingress-narrow-services-pruned"]["comment"]
    assert there.services() == [A.service, B.service]
    assert there.pool() == ["10.200.0.50/32", "10.200.0.60/32"]
    config = there.get("/api/v1/namespaces/cp-ingress/configmaps/ingress-nginx-controller")
    assert "https://10.200.0.60:8443" in config["data"]["http-snippet"]
    assert changes(there.apply()) == {}
    arrive(there, B)
    settled(there, B, fresh)
