"""Who has the IP on the network, judged by what it is meant for."""

from __future__ import annotations

import pytest

from cp_ingress_core.preflight import wire
from cp_ingress_core.preflight.wire import Wire
from tests.unit.preflight.objects import IP

ONE = Wire(("02:00:00:00:00:01",))
TWO = Wire(("02:00:00:00:00:01", "02:00:00:00:00:02"))
HERE = Wire(local=True)
SILENT = Wire()


@pytest.mark.parametrize(
    ("mode", "found", "earlier", "wanted"),
    [
        pytest.param("metallb", None, None, [], id="not asked, since it serves"),
        pytest.param("metallb", SILENT, None, [], id="free"),
        pytest.param("metallb", ONE, None, [("ip-taken", "error")], id="another machine has it"),
        pytest.param("metallb", HERE, None, [("ip-taken", "error")], id="this machine has it"),
        pytest.param(
            "metallb", ONE, "external", [("ip-held-by-user", "warning")], id="handed over by the user, soon"
        ),
        pytest.param("metallb", ONE, "metallb", [], id="it is our speaker"),
        pytest.param(
            "metallb", Wire(problem="no interface"), None, [("ip-not-probed", "warning")], id="can't be asked"
        ),
        pytest.param("external", ONE, None, [], id="the user moves it"),
        pytest.param("external", SILENT, None, [("ip-silent", "warning")], id="nobody has it yet"),
        pytest.param("external", SILENT, "metallb", [], id="it is MetalLB's still, wherever"),
        pytest.param("external", TWO, None, [("two-holders", "warning")], id="two masters have it"),
        pytest.param(
            "external",
            Wire(ONE.macs, local=True),
            "external",
            [("two-holders", "warning")],
            id="this one and another",
        ),
    ],
)
def test_who_answers(
    mode: str, found: Wire | None, earlier: str | None, wanted: list[tuple[str, str]]
) -> None:
    findings = wire.check(mode, IP, found, earlier=earlier, node_address=False)
    assert [(finding.id, finding.level) for finding in findings] == wanted


def test_a_nodes_own_address_need_not_answer_before() -> None:
    assert wire.check("external", IP, SILENT, earlier=None, node_address=True) == []


def test_the_holders_are_named() -> None:
    (finding,) = wire.check("external", IP, TWO, earlier=None, node_address=False)
    assert all(mac in finding.evidence for mac in TWO.macs)
