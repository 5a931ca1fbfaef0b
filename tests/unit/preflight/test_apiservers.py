"""What is said about the apiservers."""

from __future__ import annotations

import pytest

from cp_ingress_core.kube.apiservers import Apiserver, addresses
from cp_ingress_core.preflight import apiservers

MASTERS = {"a": ["10.200.0.11"], "b": ["10.200.0.12"]}


def seen(last: int, version: str = "v1.36.3", ahead: float = 0.0, problem: str = "") -> Apiserver:
    return Apiserver(f"10.200.0.{last}", 6443, version, ahead, problem)


@pytest.mark.parametrize(
    ("answers", "wanted", "words"),
    [
        pytest.param([], [], "", id="not listed: nothing is claimed"),
        pytest.param([seen(11), seen(12)], [], "", id="all answer"),
        pytest.param(
            [seen(11), seen(12, "", problem="timed out")],
            ["apiserver-unreachable"],
            "of b ",
            id="one doesn't",
        ),
        pytest.param([seen(11)], ["apiserver-unreachable"], "master b", id="one has left the endpoints"),
        pytest.param(
            [seen(11), seen(12, "v1.35.7")], ["apiserver-versions-differ"], "b v1.35.7", id="half upgraded"
        ),
        pytest.param([seen(11), seen(12, "v1.36.1")], [], "", id="patch releases may differ"),
        pytest.param(
            [seen(11, ahead=-4.0), seen(12, ahead=4.0)], ["clock-skew"], "b +4 s", id="clocks apart"
        ),
        pytest.param([seen(11, ahead=90.0), seen(12, ahead=91.5)], [], "", id="only this machine's is off"),
        pytest.param(
            [seen(21, "", problem="refused")],
            ["apiserver-unreachable", "apiserver-unreachable", "apiserver-unreachable"],
            "10.200.0.21",
            id="an address that is no master's is named as it is",
        ),
    ],
)
def test_apiservers(answers: list[Apiserver], wanted: list[str], words: str) -> None:
    found = apiservers.check(answers, MASTERS)
    assert [finding.id for finding in found] == wanted
    assert {finding.level for finding in found} <= {"warning"}
    assert words in " ".join(finding.evidence for finding in found)


@pytest.mark.parametrize(
    ("found", "wanted"),
    [
        pytest.param(None, [], id="no such object"),
        pytest.param({"endpoints": None, "ports": None}, [], id="an empty one"),
        pytest.param(
            {
                "endpoints": [{"addresses": ["10.200.0.12"]}, {"addresses": ["10.200.0.11"]}],
                "ports": [{"name": "https", "port": 7443}],
            },
            [("10.200.0.11", 7443), ("10.200.0.12", 7443)],
            id="sorted, with the port",
        ),
        pytest.param(
            {"endpoints": [{"addresses": ["fd00::1"]}]}, [("fd00::1", 6443)], id="the usual port if none"
        ),
    ],
)
def test_where_the_apiservers_are(found: dict[str, object] | None, wanted: list[tuple[str, int]]) -> None:
    assert addresses(found) == wanted
