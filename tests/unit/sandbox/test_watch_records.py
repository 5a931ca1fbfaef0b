"""What samples tell: failed moments, gaps, holders."""

from __future__ import annotations

import json

import pytest

from tests.sandbox.watch.records import Seen, parse

OLD, NEW = "https://old/", "https://new/"


def record(*samples: tuple[object, ...], begun: float = 0.0, ended: float = 10.0) -> Seen:
    lines = [["begun", begun], *samples, ["ended", ended, 0.5]]
    return parse([json.dumps(line) + "\n" for line in lines], now=99.0)


def request(name, start, *, took=0.1, status=200, error="", kept=False):
    return ("request", name, round(start * 10), start, start + took, status, error, kept, not kept)


def down(name, start, **options):
    return request(name, start, status=0, error="no answer", **options)


def arp(start, *macs, ip="10.200.0.50"):
    return ("arp", ip, start, list(macs))


def test_a_moment_failed_only_when_no_target_answered():
    seen = record(
        request(OLD, 1),
        down(NEW, 1),
        down(OLD, 2),
        down(NEW, 2),
        down(OLD, 3),
        request(NEW, 3),
    )
    assert [[r.start for r in moment] for moment in seen.failed_moments(OLD, NEW)] == [[2, 2]]
    assert len(seen.failed(OLD)) == 2
    assert len(seen.failed_moments(NEW)) == 2


def test_a_moment_whose_requests_are_still_under_way_does_not_count_yet():
    seen = record(request(OLD, 1), down(NEW, 1), down(NEW, 2))
    assert seen.failed_moments(OLD, NEW) == []
    # A target that is asked only from later on is not missed before.
    assert len(record(down(OLD, 1), request(NEW, 2), request(OLD, 2)).failed_moments(OLD, NEW)) == 1


@pytest.mark.parametrize(
    ("answer", "failed"),
    [
        pytest.param(request(OLD, 1, status=404), 0, id="a 404 comes from NGINX: it serves"),
        pytest.param(request(OLD, 1, status=503), 1, id="a 503 comes from NGINX without a backend"),
        pytest.param(down(OLD, 1), 1, id="no answer at all"),
        pytest.param(down(OLD, 1, kept=True), 0, id="the kept connection is counted apart"),
    ],
)
def test_a_failed_request_is_a_new_connection_that_errored(answer, failed):
    assert len(record(answer).failed(OLD)) == failed


def test_the_longest_gap_counts_the_time_before_the_first_and_after_the_last_answer():
    assert record(request(OLD, 3.9), request(OLD, 5.9)).longest_gap(OLD) == pytest.approx(4)
    assert record(request(OLD, 0.9), request(OLD, 4.9)).longest_gap(OLD) == pytest.approx(5)
    assert record(down(OLD, 5)).longest_gap(OLD) == 10


def test_the_gap_of_a_pair_is_where_neither_answered():
    seen = record(*(request(OLD, t) for t in range(4)), *(request(NEW, t) for t in range(5, 10)))
    assert seen.longest_gap(OLD) > 6
    assert seen.longest_gap(OLD, NEW) == pytest.approx(2)


def test_an_answer_that_took_long_is_a_gap_although_nothing_failed():
    seen = record(*(request(OLD, t, took=0.05) for t in (1, 2)), request(OLD, 3, took=4))
    assert seen.failed(OLD) == []
    assert seen.longest_request(OLD) == 4
    assert seen.longest_gap(OLD) == pytest.approx(4.95)


def test_a_part_can_be_looked_at_alone():
    seen = record(down(OLD, 1), request(OLD, 5), down(OLD, 9)).between(2, 8)
    assert seen.failed() == []
    assert (seen.begun, seen.ended) == (2, 8)
    assert seen.first_answer(OLD) == pytest.approx(5.1)
    assert seen.last_answer(OLD) == 5


def test_two_macs_count_from_the_first_sample_with_both_to_the_first_without():
    seen = record(arp(1, "a"), arp(2, "a", "b"), arp(3, "a", "b"), arp(4, "b"), arp(5, "a", "b"), ended=5.5)
    assert seen.several_holders("10.200.0.50") == 2
    assert seen.several_holders("10.200.0.51") == 0


def test_who_answered_after_a_moment_and_how_long_nobody_did():
    seen = record(arp(1, "a"), arp(2), arp(3), arp(4, "b"), ended=5)
    assert seen.macs("10.200.0.50") == {"a", "b"}
    assert seen.macs("10.200.0.50", after=2) == {"b"}
    assert seen.silent("10.200.0.50") == 2


def test_refused_tokens_are_found_on_any_connection():
    seen = record(request("old@n1", 1, status=401, kept=True), request("old@n2", 1, status=403, kept=True))
    assert [r.name for r in seen.refused()] == ["old@n1"]
    assert seen.refused("old@n2") == []


def test_a_line_that_is_being_written_is_left_for_later():
    lines = ['["begun", 1.0]\n', json.dumps(request(OLD, 2)) + "\n", '["request", "ht']
    assert parse(lines, now=3.0).ended == 3.0
    assert len(parse(lines, now=3.0).requests) == 1


def test_the_summary_tells_failures_by_kind():
    text = record(down(OLD, 1), down(OLD, 2), request(OLD, 3, status=502), arp(1, "a")).summary()
    assert f"{OLD}: 3 requests, 3 failed" in text
    assert "2 x no answer" in text
    assert "1 x status 502" in text
    assert "10.200.0.50: held by a" in text
