"""Bootstrap file and pillar are held to each other."""

from __future__ import annotations

from dataclasses import replace

import pytest

from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.networks import Networks
from cp_ingress_core.preflight import configuration
from cp_ingress_core.record import Record

PILLAR = Networks(("10.200.0.0/24",), True, "10.200.0.50")


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        pytest.param(PILLAR, [], id="equal"),
        pytest.param(None, [], id="no file on this machine"),
        pytest.param(
            replace(PILLAR, notes=("a",), pods=("10.1.0.0/16",)), [], id="notes and ranges don't count"
        ),
        pytest.param(replace(PILLAR, ip="10.200.0.60"), ["stale-pillar"], id="another IP"),
        pytest.param(replace(PILLAR, metallb=False), ["stale-pillar"], id="another mode"),
        pytest.param(replace(PILLAR, cidrs=("10.200.0.0/16",)), ["stale-pillar"], id="another network"),
        pytest.param(replace(PILLAR, ip=None), [], id="an IP that is left out is this machine's"),
    ],
)
def test_a_stale_pillar_is_refused(file: Networks | None, ids: list[str]) -> None:
    found = configuration.check("/etc/b.yaml", file, (), PILLAR)
    assert [finding.id for finding in found] == ids
    assert all("/etc/b.yaml says" in finding.evidence and finding.level == "error" for finding in found)


def test_a_file_that_is_refused_is_told() -> None:
    (finding,) = configuration.check("/etc/b.yaml", None, ("/etc/b.yaml: networks is missing",), PILLAR)
    assert (finding.id, finding.level) == ("bootstrap-refused", "error")
    assert "networks is missing" in finding.evidence


WANTED = Endpoint("metallb", "10.200.0.50", 8443)
OTHER = Endpoint("metallb", "10.200.0.51", 8443)


@pytest.mark.parametrize(
    ("found", "ids"),
    [
        pytest.param(None, [], id="no record yet"),
        pytest.param(Record(), [], id="an empty one"),
        pytest.param(Record(current=WANTED), [], id="settled"),
        pytest.param(Record(current=OTHER), [], id="a change that begins"),
        pytest.param(Record(target=WANTED, phase="widened"), [], id="one that is finished now"),
        pytest.param(Record(target=OTHER, phase="moved"), ["change-unfinished"], id="one to somewhere else"),
    ],
)
def test_the_record_is_looked_at(found: Record | None, ids: list[str]) -> None:
    findings = configuration.check_record(found, "", WANTED)
    assert [finding.id for finding in findings] == ids
    assert {finding.level for finding in findings} <= {"warning"}


def test_a_record_that_is_none_is_an_error() -> None:
    (finding,) = configuration.check_record(None, "it cannot be read", WANTED)
    assert (finding.id, finding.level) == ("record-unreadable", "error")
