"""What is said about MetalLB: somebody else's, its pools, and the exclude label."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any

import pytest

from cp_ingress_core.nodes import EXCLUDE_LABEL
from cp_ingress_core.preflight import metallb
from tests.unit.preflight.objects import IP, OURS, SPACES, node, pool, workload

CONTROLLER = workload("controller", "metallb", kind="Deployment", image="quay.io/metallb/controller:v0.14.9")
SPEAKER = workload("speaker", "metallb", image="quay.io/metallb/speaker:v0.14.9", args=["--port=7472"])
MINE = workload(
    "metallb-controller",
    "metallb-system",
    kind="Deployment",
    image="quay.io/metallb/controller:v0.16.2",
    labels=OURS,
)


@pytest.mark.parametrize(
    ("mode", "found", "ids"),
    [
        pytest.param("metallb", [MINE], [], id="ours alone"),
        pytest.param("metallb", [MINE, CONTROLLER, SPEAKER], ["metallb-of-others"], id="a second one"),
        pytest.param("external", [CONTROLLER], [], id="outside it may stay"),
        pytest.param(
            "metallb",
            [workload("c", "metallb", image="metallb/controller:1", args=["--lb-class=theirs"])],
            [],
            id="one that serves a class of its own",
        ),
        pytest.param(
            "metallb",
            [
                workload(
                    "c", "metallb", image="mirror/x:1", labels={"app": "metallb", "component": "controller"}
                )
            ],
            ["metallb-of-others"],
            id="known by its labels where a mirror renames images",
        ),
    ],
)
def test_a_second_metallb(mode: str, found: list[Any], ids: list[str]) -> None:
    assert [finding.id for finding in metallb.check_others(mode, SPACES, found)] == ids


def labelled(name: str = "a") -> dict[str, Any]:
    found = node(name, "10.200.0.11")
    found["metadata"]["labels"][EXCLUDE_LABEL] = ""
    return found


IGNORING = workload("speaker", "metallb", image="quay.io/metallb/speaker:1", args=["--ignore-exclude-lb"])
OFF = {"speaker": {"ignoreExcludeLB": False}}


@pytest.mark.parametrize(
    ("mode", "values", "found", "nodes", "levels"),
    [
        pytest.param("metallb", {}, [], [labelled()], [], id="ours ignores the label"),
        pytest.param("metallb", OFF, [], [labelled()], ["error"], id="unless the pillar has it honour it"),
        pytest.param(
            "metallb", OFF, [], [node("a", "10.200.0.11")], [], id="without the label it's no matter"
        ),
        pytest.param("metallb", {}, [SPEAKER], [labelled()], ["warning"], id="somebody else's honours it"),
        pytest.param("metallb", {}, [IGNORING], [labelled()], [], id="somebody else's ignores it"),
        pytest.param("external", OFF, [SPEAKER], [labelled()], [], id="outside no speaker is needed"),
    ],
)
def test_speakers(mode: str, values: Any, found: list[Any], nodes: list[Any], levels: list[str]) -> None:
    findings = metallb.check_speakers(mode, values, SPACES, found, nodes)
    assert [(finding.id, finding.level) for finding in findings] == [
        ("speakers-excluded", level) for level in levels
    ]


@pytest.mark.parametrize(
    ("mode", "found", "overlaps"),
    [
        pytest.param("metallb", pool("theirs", "10.200.0.0/24"), True, id="a network around it"),
        pytest.param("metallb", pool("theirs", "10.200.0.40-10.200.0.60"), True, id="a range around it"),
        pytest.param("metallb", pool("theirs", "10.200.0.51 - 10.200.0.60"), False, id="a range beside it"),
        pytest.param("metallb", pool("theirs", "fd00::/64", "nonsense", "b-a"), False, id="something else"),
        pytest.param("metallb", pool("theirs", "10.200.0.60-10.200.0.40"), False, id="a range turned round"),
        pytest.param(
            "metallb", pool("theirs", f"{IP}/32", namespace="metallb"), True, id="in their namespace"
        ),
        pytest.param("metallb", pool("earlier", f"{IP}/32", **OURS), False, id="ours under another name"),
        pytest.param("external", pool("theirs", "10.200.0.0/24"), False, id="outside there is no pool"),
    ],
)
def test_overlapping_pools(mode: str, found: dict[str, Any], overlaps: bool) -> None:
    findings = metallb.check_pools(mode, ip_address(IP), SPACES, [found])
    assert [(finding.id, finding.level) for finding in findings] == [("pools-overlap", "error")] * overlaps


def test_it_is_known_whether_metallb_is_there() -> None:
    assert metallb.deployed([SPEAKER, CONTROLLER])
    assert not metallb.deployed([SPEAKER, workload("x")])
