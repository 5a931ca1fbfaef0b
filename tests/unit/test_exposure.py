"""How external mode carries the IP: the decision for every kind of cluster."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.exposure import Facts, decide, external_ips_obstacle, knows_same_node, version_of


@pytest.mark.parametrize(
    ("facts", "kind", "words"),
    [
        pytest.param({}, "externalIPs", "nothing in the cluster", id="nothing is known: what works today"),
        pytest.param({"gate": True}, "externalIPs", "nothing in the cluster", id="the gate is on"),
        pytest.param({"gate": False}, "status", "on this node", id="kube-proxy itself says off"),
        pytest.param({"configured_gate": False}, "status", "configuration", id="the configuration says off"),
        pytest.param(
            {"gate": True, "configured_gate": False}, "status", "configuration", id="off at its next restart"
        ),
        pytest.param({"denied": True}, "status", "DenyServiceExternalIPs", id="the apiserver refuses them"),
        pytest.param({"denied": False}, "externalIPs", "nothing in the cluster", id="it doesn't"),
        pytest.param({"version": "v1.40.0"}, "status", "v1.40.0", id="off by default from 1.40"),
        pytest.param({"version": "v1.40.0", "gate": True}, "externalIPs", "nothing", id="switched on there"),
        pytest.param(
            {"version": "v1.40.0", "configured_gate": True}, "externalIPs", "nothing", id="by configuration"
        ),
        pytest.param({"current": "status"}, "status", "already", id="what works is not changed"),
        pytest.param({"current": "externalIPs"}, "externalIPs", "already", id="nor this"),
        pytest.param({"current": "externalIPs", "gate": False}, "status", "on this node", id="unless broken"),
        pytest.param(
            {"current": "externalIPs", "version": "v1.40.1"},
            "externalIPs",
            "already",
            id="kube-proxy that does not answer for a moment changes nothing",
        ),
    ],
)
def test_auto_chooses_what_works(facts: dict[str, Any], kind: str, words: str) -> None:
    chosen = decide("auto", Facts(**{"version": "v1.36.3", **facts}))
    assert chosen.kind == kind
    assert words in chosen.reason


@pytest.mark.parametrize("setting", ["externalIPs", "status"])
def test_what_the_pillar_asks_for_is_taken_unseen(setting: str) -> None:
    other = "status" if setting == "externalIPs" else "externalIPs"
    chosen = decide(setting, Facts("v1.40.0", denied=setting == "externalIPs", current=other))  # type: ignore[arg-type]
    assert (chosen.kind, "the pillar" in chosen.reason) == (setting, True)


def test_an_obstacle_is_named_only_when_it_is_known() -> None:
    assert external_ips_obstacle(Facts("v1.36.3")) == ""
    assert "DenyServiceExternalIPs" in external_ips_obstacle(Facts("v1.36.3", denied=True))


@pytest.mark.parametrize(
    ("text", "version"),
    [("v1.36.3", (1, 36)), ("1.40.0-rc.1+k3s1", (1, 40)), ("v1.9.0", (1, 9)), ("", (0, 0)), ("x", (0, 0))],
)
def test_versions(text: str, version: tuple[int, int]) -> None:
    assert version_of(text) == version


@pytest.mark.parametrize(
    ("text", "known"), [("v1.34.4", False), ("v1.35.0", True), ("v2.0.1", True), ("", False)]
)
def test_which_kubernetes_knows_the_same_node(text: str, known: bool) -> None:
    assert knows_same_node(text) is known
