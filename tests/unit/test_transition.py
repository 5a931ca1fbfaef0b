"""From what is wanted and what is recorded to what a run has to do."""

from __future__ import annotations

import datetime
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core import objects
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.record import Record
from cp_ingress_core.transition import derive, endpoint_of

A = Endpoint("metallb", "10.200.0.50", 8443)
B = Endpoint("metallb", "10.200.0.60", 8443)
C = Endpoint("external", "10.200.0.11", 8443)
HANDED = Endpoint("external", A.ip, 8443)
PORT = Endpoint("metallb", A.ip, 443)
NOW = datetime.datetime(2030, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)

# What is wanted, the record, and what follows from them.
CASES: dict[str, tuple[Endpoint, Record, dict[str, Any]]] = {
    "nothing changes": (
        A,
        Record(A, C),
        {
            "changing": False,
            "old": (),
            "served": (A,),
            "pooled": (A,),
            "sans": ("IP:10.200.0.50",),
            "issuers": (A.issuer,),
            "handed_over": None,
            "mode_changes": False,
        },
    ),
    "a first deployment": (
        A,
        Record(),
        {"changing": True, "old": (), "served": (A,), "issuers": (A.issuer,), "mode_changes": False},
    ),
    "another IP": (
        B,
        Record(A),
        {
            "changing": True,
            "old": (A,),
            "served": (B, A),
            "pooled": (B, A),
            "sans": ("IP:10.200.0.50", "IP:10.200.0.60"),
            "issuers": (A.issuer, B.issuer),
            "handed_over": None,
            "mode_changes": False,
        },
    ),
    "another mode and IP": (
        C,
        Record(A),
        {"served": (C, A), "pooled": (A,), "handed_over": None, "mode_changes": True},
    ),
    "another mode on the same IP": (
        HANDED,
        Record(A),
        {
            "served": (HANDED, A),
            "pooled": (A,),
            "sans": ("IP:10.200.0.50",),
            "issuers": (A.issuer,),
            "handed_over": A,
            "mode_changes": True,
        },
    ),
    "another port on the same IP: one Service, two issuers": (
        PORT,
        Record(A),
        {
            "old": (A,),
            "served": (PORT,),
            "pooled": (PORT,),
            "sans": ("IP:10.200.0.50",),
            "issuers": (A.issuer, PORT.issuer),
            "handed_over": None,
            "mode_changes": False,
        },
    ),
    "set back half-way": (
        A,
        Record(A, target=B, phase="moved", moved_at=NOW.isoformat()),
        {"old": (B,), "served": (A, B), "issuers": (B.issuer, A.issuer), "sans": (A.san, B.san)},
    ),
    "a third endpoint before the second was done": (
        C,
        Record(A, target=B, phase="widened"),
        {"old": (A, B), "served": (C, A, B), "pooled": (A, B), "mode_changes": True},
    ),
    "from a port that was abandoned too": (
        B,
        Record(A, target=PORT, phase="widened"),
        {"old": (PORT, A), "issuers": (PORT.issuer, A.issuer, B.issuer)},
    ),
}


@pytest.mark.parametrize(("wanted", "record", "expected"), CASES.values(), ids=CASES)
def test_derive(wanted: Endpoint, record: Record, expected: dict[str, Any]) -> None:
    found = derive(wanted, record)
    assert {name: getattr(found, name) for name in expected} == expected
    data = found.to_dict()
    assert json.loads(json.dumps(data)) == data
    assert data["pool_narrows"] is (set(found.pooled) - {wanted} != set())


def test_one_service_of_each_name_is_left_when_two_old_ports_shared_it() -> None:
    names = [endpoint.service_name for endpoint in derive(B, Record(A, target=PORT, phase="widened")).served]
    assert names == [B.service_name, A.service_name]


def test_the_certificates_names_keep_their_order_when_a_change_is_set_back() -> None:
    """Swapped names would be another certificate, issued for nothing."""
    there = derive(B, Record(A))
    back = derive(A, there.record)
    assert there.sans == back.sans


def live(endpoint: Endpoint, **options: Any) -> dict[str, Any]:
    return objects.service(endpoint, "cp-ingress", **options)


def test_without_a_record_the_services_tell_what_is_served() -> None:
    other = {"metadata": {"name": "theirs"}, "spec": {"ports": [{"port": 80}]}}
    found = derive(B, Record(), [live(A), other, live(C), live(B)])
    assert set(found.old) == {A, C}
    assert found.record == Record(target=B, abandoned=found.old, phase="widening")


def test_with_a_record_the_services_tell_nothing() -> None:
    assert derive(A, Record(A), [live(B)]).old == ()


@pytest.mark.parametrize("endpoint", [A, B, C, HANDED, PORT, Endpoint("metallb", "fd00::50", 8443)], ids=str)
@pytest.mark.parametrize("exposure", ["externalIPs", "status"])
def test_a_service_of_ours_says_which_endpoint_it_carries(endpoint: Endpoint, exposure: str) -> None:
    assert endpoint_of(live(endpoint, exposure=exposure, also=["10.200.0.12"])) == endpoint


@pytest.mark.parametrize(
    "service",
    [
        pytest.param({"metadata": {"name": "x"}}, id="no annotations"),
        pytest.param({"metadata": {"annotations": None}}, id="empty annotations"),
        pytest.param({"metadata": {"annotations": {objects.ENDPOINT: "metallb"}}}, id="half an annotation"),
        pytest.param({"metadata": {"annotations": {objects.ENDPOINT: "bgp 10.0.0.1"}}}, id="another mode"),
        pytest.param({"metadata": {"annotations": {objects.ENDPOINT: f"metallb {A.ip}"}}}, id="no port"),
        pytest.param(
            {"metadata": {"annotations": {objects.ENDPOINT: f"metallb {A.ip}"}}, "spec": {"ports": []}},
            id="an empty list of ports",
        ),
    ],
)
def test_any_other_service_carries_none(service: dict[str, Any]) -> None:
    assert endpoint_of(service) is None


SECOND = datetime.timedelta(seconds=1)
MOVED = Record(A, target=B, phase="moved", moved_at=NOW.isoformat(timespec="seconds"))
KEPT = [
    pytest.param(MOVED, 0, NOW, False, id="not at all"),
    pytest.param(MOVED, 60, NOW, True, id="from the moment when all has followed"),
    pytest.param(MOVED, 60, NOW + 59 * SECOND, True, id="until a second before the end"),
    pytest.param(MOVED, 60, NOW + 60 * SECOND, False, id="no longer at the end"),
    pytest.param(Record(A, target=B, phase="widened"), 60, NOW, False, id="not before all has followed"),
    pytest.param(Record(B, A), 60, NOW, False, id="not when it is over"),
    pytest.param(replace(MOVED, current=None), 60, NOW, False, id="not where there is no old one"),
]


@pytest.mark.parametrize(("record", "seconds", "now", "kept"), KEPT)
def test_old_endpoints_are_kept_for_a_while(
    record: Record, seconds: int, now: datetime.datetime, kept: bool
) -> None:
    found = derive(B, record)
    assert found.kept(seconds, now) is kept
    if kept:
        assert found.kept_until(seconds) == NOW + seconds * SECOND


ENDPOINTS = st.sampled_from([A, B, C, HANDED, PORT])


@given(current=st.none() | ENDPOINTS, target=ENDPOINTS, abandoned=st.lists(ENDPOINTS), wanted=ENDPOINTS)
def test_what_is_served_is_in_the_certificate_and_the_pool(
    current: Endpoint | None, target: Endpoint, abandoned: list[Endpoint], wanted: Endpoint
) -> None:
    found = derive(wanted, Record(current, None, target, tuple(abandoned), "widened"))
    names = {current, target, wanted, *abandoned} - {None}
    assert {endpoint.service_name for endpoint in found.served} == {
        endpoint.service_name for endpoint in names if endpoint
    }
    assert found.served[0] == wanted
    assert set(found.sans) == {endpoint.san for endpoint in names if endpoint}
    assert set(found.issuers) == {endpoint.issuer for endpoint in names if endpoint}
    assert {endpoint.ip for endpoint in found.pooled} == {
        endpoint.ip for endpoint in names if endpoint and endpoint.mode == "metallb"
    }
