"""The record of the endpoint: what goes in comes back, and no endpoint that is served is ever forgotten."""

from __future__ import annotations

import json
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from cp_ingress_core import objects
from cp_ingress_core.endpoint import Endpoint
from cp_ingress_core.record import PHASES, Phase, Record, RecordError, advance, begin, reached

A = Endpoint("metallb", "10.200.0.50", 8443)
B = Endpoint("metallb", "10.200.0.60", 8443)
C = Endpoint("external", "10.200.0.11", 8443)
NOW = "2030-01-02T03:04:05+00:00"
EARLIER = "2030-01-02T03:00:00+00:00"
ISSUERS = {"master-1": ("https://10.200.0.50:8443/oidc",), "master-2": ()}

FULL = Record(A, C, B, (C,), "moved", NOW, ISSUERS)
RECORDS = {
    "none yet": Record(),
    "the first endpoint on its way": Record(target=A, phase="widening"),
    "settled": Record(current=A, issuers=ISSUERS),
    "everything at once": FULL,
    "IPv6": Record(current=Endpoint("metallb", "fd00::50", 443), target=A, phase="widened"),
}


def written(record: Record) -> dict[str, Any]:
    """Return the ConfigMap as the cluster has it: our data, and each master's own entry."""
    config_map = objects.record(record.to_data(), "cp-ingress")
    for node, urls in record.issuers.items():
        config_map["data"] |= objects.issuers_entry(node, urls, "cp-ingress")["data"]
    return config_map


@pytest.mark.parametrize("record", RECORDS.values(), ids=RECORDS)
def test_what_is_written_is_read_back(record: Record) -> None:
    config_map = written(record)
    assert all(isinstance(value, str) for value in config_map["data"].values())
    assert Record.from_object(config_map) == record


@pytest.mark.parametrize("config_map", [None, {}, {"data": None}, {"data": {}}])
def test_where_there_is_no_record_it_is_empty(config_map: dict[str, Any] | None) -> None:
    assert Record.from_object(config_map) == Record()


def test_what_is_written_leaves_the_masters_entries_to_the_masters() -> None:
    assert set(FULL.to_data()) == {"current", "previous", "target", "abandoned", "phase", "moved_at"}


def test_people_read_urls() -> None:
    found = FULL.to_dict()
    assert json.loads(json.dumps(found)) == found
    assert found["current"] == "https://10.200.0.50:8443 (metallb)"
    assert found["abandoned"] == ["https://10.200.0.11:8443 (external)"]
    assert found["issuers"]["master-1"] == ["https://10.200.0.50:8443/oidc"]
    assert Record().to_dict()["current"] == ""


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"phase": "narrowing"}, id="a phase that there is not"),
        pytest.param({"current": "10.200.0.50"}, id="an IP instead of an endpoint"),
        pytest.param({"current": "[]"}, id="a list instead of an endpoint"),
        pytest.param({"current": "{"}, id="half a JSON text"),
        pytest.param({"target": '{"mode": "metallb", "ip": "10.200.0", "port": 8443}'}, id="half an IP"),
        pytest.param({"abandoned": "{}x"}, id="rubbish behind the list"),
        pytest.param({"abandoned": "[1]"}, id="a number in the list"),
        pytest.param({"abandoned": "7"}, id="a number instead of the list"),
        pytest.param({"moved_at": "yesterday"}, id="a time that is none"),
        pytest.param({"moved_at": "2030-01-02T03:04:05"}, id="a time of nobody knows which zone"),
        pytest.param({"issuers.master-1": "https://"}, id="issuers that are no list"),
        pytest.param({"issuers.master-1": "3"}, id="a number of issuers"),
        pytest.param({"issuers.master-1": '"https://x/oidc"'}, id="an issuer instead of a list"),
    ],
)
def test_an_unreadable_record_is_refused_with_what_to_do(data: dict[str, str]) -> None:
    with pytest.raises(RecordError, match="ConfigMap cp-ingress-endpoint: it cannot be read") as caught:
        Record.from_object({"data": data})
    assert "delete it" in str(caught.value)
    assert caught.value.info["reason"] == "RecordUnreadable"


@given(
    data=st.dictionaries(
        st.sampled_from(["current", "previous", "target", "abandoned", "phase", "moved_at", "issuers.m"]),
        st.one_of(st.text(max_size=8), st.sampled_from(["{}", "[]", "[{}]", "null", '"x"', "1", *PHASES])),
    )
)
def test_any_record_is_read_or_refused(data: dict[str, str]) -> None:
    try:
        Record.from_object({"data": data}).to_dict()
    except RecordError:
        return


ORDER = [
    ("widening", "widening", True),
    ("widening", "widened", False),
    ("widened", "widening", True),
    ("widened", "moved", False),
    ("moved", "widened", True),
    ("moved", "settled", False),
    ("settled", "widening", True),
    ("settled", "settled", True),
]


@pytest.mark.parametrize(("phase", "wanted", "come"), ORDER)
def test_how_far_a_change_has_come(phase: Phase, wanted: Phase, come: bool) -> None:
    assert reached(phase, wanted) is come


BEGUN = {
    "a first deployment has nothing to leave": (
        (Record(), A, ()),
        Record(target=A, phase="widening"),
    ),
    "what the cluster serves without a record is left behind in the end": (
        (Record(), A, (B, A)),
        Record(target=A, abandoned=(B,), phase="widening"),
    ),
    "nothing begins where the wanted endpoint is in force": (
        (Record(A, C), A, ()),
        Record(A, C),
    ),
    "a change goes on where it was": (
        (Record(A, target=B, phase="moved", moved_at=NOW), B, ()),
        Record(A, target=B, phase="moved", moved_at=NOW),
    ),
    "a change of the IP": (
        (Record(A, C, issuers=ISSUERS), B, ()),
        Record(A, C, B, phase="widening", issuers=ISSUERS),
    ),
    "setting back half-way leaves the abandoned target": (
        (Record(A, target=B, phase="moved", moved_at=NOW), A, ()),
        Record(A, target=A, abandoned=(B,), phase="widening"),
    ),
    "a third wish before the second was done": (
        (Record(A, target=B, phase="widened"), C, ()),
        Record(A, target=C, abandoned=(B,), phase="widening"),
    ),
    "an abandoned target wanted again is abandoned no more": (
        (Record(A, target=C, abandoned=(B,), phase="widened"), B, ()),
        Record(A, target=B, abandoned=(C,), phase="widening"),
    ),
    "a first endpoint replaced before it was done": (
        (Record(target=A, phase="widening"), B, ()),
        Record(target=B, abandoned=(A,), phase="widening"),
    ),
    "another port": (
        (Record(A), Endpoint("metallb", A.ip, 443), ()),
        Record(A, target=Endpoint("metallb", A.ip, 443), phase="widening"),
    ),
}


@pytest.mark.parametrize(("given_", "expected"), BEGUN.values(), ids=BEGUN)
def test_begin(given_: tuple[Record, Endpoint, tuple[Endpoint, ...]], expected: Record) -> None:
    assert begin(*given_) == expected
    assert begin(begin(*given_), given_[1]) == expected, "beginning twice is beginning once"


ADVANCED = {
    "both answer": (
        (Record(A, target=B, phase="widening"), "widened"),
        Record(A, target=B, phase="widened"),
    ),
    "the time is kept when all has followed": (
        (Record(A, target=B, phase="widened"), "moved"),
        Record(A, target=B, phase="moved", moved_at=NOW),
    ),
    "the time stays that of the first run": (
        (Record(A, target=B, phase="moved", moved_at=EARLIER), "moved"),
        Record(A, target=B, phase="moved", moved_at=EARLIER),
    ),
    "no step back": (
        (Record(A, target=B, phase="moved", moved_at=NOW), "widened"),
        Record(A, target=B, phase="moved", moved_at=NOW),
    ),
    "the end": (
        (Record(A, C, B, (C,), "moved", NOW, ISSUERS), "settled"),
        Record(B, A, issuers=ISSUERS),
    ),
    "the end of the first deployment": (
        (Record(target=A, abandoned=(B,), phase="moved", moved_at=NOW), "settled"),
        Record(A),
    ),
    "the end of setting back keeps what was before": (
        (Record(A, C, A, (B,), "moved", NOW), "settled"),
        Record(A, C),
    ),
    "nothing under way": ((Record(A, C), "moved"), Record(A, C)),
    "nothing at all": ((Record(), "settled"), Record()),
}


@pytest.mark.parametrize(("given_", "expected"), ADVANCED.values(), ids=ADVANCED)
def test_advance(given_: tuple[Record, Phase], expected: Record) -> None:
    assert advance(*given_, NOW) == expected


WISHES = st.sampled_from([A, B, C, Endpoint("external", A.ip, 8443), Endpoint("metallb", A.ip, 443)])
STEPS = st.lists(st.tuples(st.booleans(), WISHES, st.sampled_from(get_args(Phase))), max_size=25)


@given(steps=STEPS, lost=st.integers(0, 25))
@hypothesis_settings(max_examples=400, deadline=None)
def test_no_endpoint_that_is_served_is_forgotten_before_the_end(
    steps: list[tuple[bool, Endpoint, Phase]], lost: int
) -> None:
    """Runs with changing wishes, each broken off somewhere, and the record lost once on the way.

    A run serves its endpoint from its beginning on, and only what ends in ``settled`` takes others away.
    """
    record = Record()
    serving: set[Endpoint] = set()
    wanted = None
    for number, (begins, wish, phase) in enumerate(steps):
        if number == lost:
            # Deleted by hand: the Services in the cluster tell what is served.
            record, wanted = Record(), None
        if begins or wanted is None:
            wanted = wish
            record = begin(record, wanted, serving if record == Record() else ())
            serving.add(wanted)
        else:
            record = advance(record, phase, NOW)
            if record.phase == "settled":
                assert (record.current, record.target, record.abandoned) == (wanted, None, ())
                serving = {wanted}
        record = Record.from_object(written(record))
        assert {*record.others(wanted), wanted} == serving
        assert record.phase == "settled" or record.target == wanted
        assert (record.moved_at != "") == (record.phase == "moved")
