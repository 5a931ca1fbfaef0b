"""The waits, on a clock of the test's own and a lister whose answers change from poll to poll."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from cp_ingress_core.errors import ApiError, WaitFailed, WaitTimeout
from cp_ingress_core.kube.readiness import State
from cp_ingress_core.kube.wait import LONGEST_PAUSE, Target, wait_gone, wait_ready

Answer = Sequence[dict[str, Any]] | ApiError


class Clock:
    """Time that passes only by sleeping."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.pauses: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds


class Cluster:
    """Gives each kind's answers in turn, the last one for ever; records what was asked for."""

    def __init__(self, **answers: list[Answer]) -> None:
        self.answers = answers
        self.asked: list[tuple[str, str, str]] = []

    def list_objects(self, api_version: str, kind: str, namespace: str) -> Sequence[dict[str, Any]]:
        self.asked.append((api_version, kind, namespace))
        answers = self.answers[kind]
        answer = answers.pop(0) if len(answers) > 1 else answers[0]
        if isinstance(answer, ApiError):
            raise answer
        return answer


def item(name: str = "web", uid: str = "1", status: str = "False", **metadata: Any) -> dict[str, Any]:
    """An item of a LIST, which has no apiVersion and kind."""
    conditions = [{"type": "Ready", "status": status, "reason": "Syncing", "message": f"{name} syncs"}]
    return {
        "metadata": {"name": name, "namespace": "ns", "uid": uid, **metadata},
        "status": {"conditions": conditions},
    }


def stalled(name: str = "web") -> dict[str, Any]:
    return {
        "metadata": {"name": name, "uid": "1"},
        "status": {"conditions": [{"type": "Stalled", "status": "True", "message": "gave up"}]},
    }


def target(name: str = "web", uid: str = "1", kind: str = "Widget", **rest: Any) -> Target:
    return Target("example.org/v1", kind, "ns", name, uid, **rest)


def run(cluster: Cluster, *targets: Target, timeout: float = 30, **options: Any) -> Any:
    clock = options.pop("clock", None) or Clock()
    return wait_ready(targets, cluster, timeout=timeout, clock=clock, sleep=clock.sleep, **options)


def gone(cluster: Cluster, *targets: Target, timeout: float = 30) -> None:
    clock = Clock()
    wait_gone(targets, cluster, timeout=timeout, clock=clock, sleep=clock.sleep)


def api_error(status: int) -> ApiError:
    return ApiError(f"GET widgets: status {status}", status=status)


def test_it_returns_once_all_are_ready() -> None:
    cluster = Cluster(Widget=[[item()], [item()], [item(status="True")]])
    clock = Clock()
    found = run(cluster, target(), clock=clock)
    assert {str(key): value.state for key, value in found.items()} == {
        "example.org/v1/Widget ns/web": State.READY
    }
    assert clock.pauses == [1.0, 1.25]


def test_one_list_per_kind_and_namespace_and_poll() -> None:
    cluster = Cluster(
        Widget=[[item("a"), item("b")], [item("a", status="True"), item("b", status="True")]],
        Other=[[item()]],
    )
    elsewhere = Target("example.org/v1", "Other", "far", "web")
    with pytest.raises(WaitTimeout):
        run(cluster, target("a"), target("b"), elsewhere, timeout=1)
    polls = [("example.org/v1", "Widget", "ns"), ("example.org/v1", "Other", "far")]
    assert cluster.asked == polls * 2


def test_plain_data_is_not_read() -> None:
    secret = Target("v1", "Secret", "ns", "tls")
    assert run(Cluster(), secret)[secret].state is State.READY


def test_a_ready_object_may_fall_back() -> None:
    cluster = Cluster(
        Widget=[[item("a", status="True"), item("b")], [item("a"), item("b", status="True")]],
    )
    with pytest.raises(WaitTimeout) as caught:
        run(cluster, target("a"), target("b"), timeout=3)
    assert list(caught.value.info["pending"]) == ["example.org/v1/Widget ns/a"]


def test_polls_slow_down_and_the_last_one_is_at_the_deadline() -> None:
    clock = Clock()
    with pytest.raises(WaitTimeout):
        run(Cluster(Widget=[[item()]]), target(), timeout=20, clock=clock)
    assert max(clock.pauses) == LONGEST_PAUSE
    assert clock.now == 1020.0


def test_a_timeout_of_zero_looks_once() -> None:
    cluster = Cluster(Widget=[[item()]])
    with pytest.raises(WaitTimeout):
        run(cluster, target(), timeout=0)
    assert len(cluster.asked) == 1


def test_77_uid_changed_in_wait_fails_after_an_apply() -> None:
    with pytest.raises(WaitFailed, match="replaced by another object of the same name"):
        run(Cluster(Widget=[[item()], [item(uid="2", status="True")]]), target())


def test_77_uid_changed_in_wait_is_gone_after_a_delete() -> None:
    gone(Cluster(Widget=[[item()], [item(uid="2")]]), target())


def test_78_fail_fast_stops_at_the_first_failure() -> None:
    cluster = Cluster(Widget=[[stalled("a"), item("b")]])
    with pytest.raises(WaitFailed) as caught:
        run(cluster, target("a"), target("b"), fail_fast=True)
    assert caught.value.info["failed"] == ["example.org/v1/Widget ns/a"]
    assert len(cluster.asked) == 2


def test_78_fail_fast_off_waits_for_the_others_too() -> None:
    rolling = [stalled("a"), item("b")]
    cluster = Cluster(Widget=[rolling, rolling, rolling, [stalled("a"), item("b", status="True")]])
    with pytest.raises(WaitFailed, match="1 of 2 objects failed") as caught:
        run(cluster, target("a"), target("b"))
    assert list(caught.value.info["pending"]) == ["example.org/v1/Widget ns/a"]
    assert len(cluster.asked) == 4


def test_78_a_failed_object_may_recover() -> None:
    cluster = Cluster(
        Widget=[[stalled("a"), item("b")]] * 3 + [[item("a", status="True"), item("b", status="True")]]
    )
    assert len(run(cluster, target("a"), target("b"))) == 2


def test_78_a_failure_seen_once_is_not_believed() -> None:
    assert run(Cluster(Widget=[[stalled()], [item(status="True")]]), target(), fail_fast=True)


def test_79_wait_timeout_names_objects() -> None:
    cluster = Cluster(Widget=[[item("a"), item("b", status="True")]])
    with pytest.raises(WaitTimeout) as caught:
        run(cluster, target("a"), target("b"), target("c"), timeout=10)
    assert str(caught.value).splitlines() == [
        "2 of 3 objects not ready after 10 s:",
        "  example.org/v1/Widget ns/a: Syncing: a syncs",
        "  example.org/v1/Widget ns/c: not found",
    ]
    assert caught.value.info["reason"] == "WaitTimeout"
    assert caught.value.info["pending"]["example.org/v1/Widget ns/a"] == "Syncing: a syncs"


def test_79_wait_timeout_asks_for_an_explanation() -> None:
    def explain(waited: Target, obj: Any) -> str:
        return f"pod of {waited.name} says no ({obj['kind']})"

    with pytest.raises(WaitTimeout, match=r"a syncs; pod of a says no \(Widget\)"):
        run(Cluster(Widget=[[item("a")]]), target("a"), timeout=1, explain=explain)


def test_79_an_explanation_that_cannot_be_had_hides_nothing() -> None:
    def explain(waited: Target, obj: Any) -> str:
        raise api_error(403)

    with pytest.raises(WaitTimeout, match=r"a syncs \(no more is known: GET widgets: status 403\)"):
        run(Cluster(Widget=[[item("a")]]), target("a"), timeout=1, explain=explain)


@pytest.mark.parametrize("status", [0, 429, 500, 503])
def test_80_wait_transient_errors_are_borne(status: int) -> None:
    cluster = Cluster(Widget=[api_error(status), [item()], api_error(status), [item(status="True")]])
    assert run(cluster, target())


def test_80_wait_transient_errors_until_the_deadline_are_named() -> None:
    with pytest.raises(WaitTimeout, match="ns/web: could not be read: GET widgets: status 503"):
        run(Cluster(Widget=[api_error(503)]), target(), timeout=5)


@pytest.mark.parametrize("status", [400, 403, 404, 501])
def test_80_wait_other_errors_end_it(status: int) -> None:
    cluster = Cluster(Widget=[api_error(status)])
    with pytest.raises(ApiError) as caught:
        run(cluster, target())
    assert caught.value.info["status"] == status
    assert len(cluster.asked) == 1


def test_75_a_job_that_removes_itself_is_done() -> None:
    applied = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": "once", "namespace": "ns", "uid": "1"},
        "spec": {"ttlSecondsAfterFinished": 0},
    }
    assert run(Cluster(Job=[[]]), Target.of(applied))
    lasting = Target.of({**applied, "spec": {}})
    with pytest.raises(WaitTimeout, match="batch/v1/Job ns/once: not found"):
        run(Cluster(Job=[[]]), lasting, timeout=2)


def test_progress_is_told_every_few_seconds() -> None:
    lines: list[str] = []
    names = ["a", "b", "c", "d", "e"]
    with pytest.raises(WaitTimeout):
        run(
            Cluster(Widget=[[item(name) for name in names]]),
            *(target(name) for name in names),
            timeout=16,
            on_progress=lines.append,
        )
    assert 2 <= len(lines) <= 3
    assert lines[0].startswith("waiting for 5 of 5 objects, ")
    assert "example.org/v1/Widget ns/a: Syncing: a syncs" in lines[0]
    assert lines[0].endswith("; and 2 more")


def test_deletion_ends_when_the_object_or_its_kind_is_gone() -> None:
    gone(Cluster(Widget=[[item()], []]), target())
    gone(Cluster(Widget=[[item()], api_error(404)]), target())


def test_deletion_that_hangs_names_the_finalizers() -> None:
    leaving = item(deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["example.org/keep"])
    with pytest.raises(WaitTimeout, match=r"still there after 5 s:\n.*held by finalizers: example.org/keep"):
        gone(Cluster(Widget=[[leaving]]), target(), timeout=5)


def test_deletion_that_has_not_begun_says_so() -> None:
    with pytest.raises(WaitTimeout, match="its deletion has not begun"):
        gone(Cluster(Widget=[[item()]]), target(), timeout=1)
