"""Waiting until objects are ready, or gone: one LIST per kind and namespace and poll, one deadline for all.

The reader is the caller's, so that this module knows nothing about HTTP; clock and sleep can be replaced too.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from ..errors import ApiError, WaitFailed, WaitTimeout
from .lookup import section
from .lost_nodes import lost, ready_elsewhere
from .readiness import Readiness, State, assess, ready_at_once
from .readiness.generic import deletion_reason
from .readiness.model import failed, progressing, ready

Object = Mapping[str, Any]

FIRST_PAUSE, LONGEST_PAUSE, PAUSE_STEP = 1.0, 2.0, 0.25  # seconds between two polls
PROGRESS_EVERY = 5.0  # seconds between two progress lines
NAMED_IN_PROGRESS = 3  # objects a progress line names
MOST_EXPLAINED = 20  # objects for which a failed wait makes further requests


class Lister(Protocol):
    """What reads the API for a wait."""

    def list_objects(self, api_version: str, kind: str, namespace: str) -> Sequence[Object]:
        """All objects of a kind in a namespace ("" for a kind without namespaces)."""


@dataclass(frozen=True)
class Target:
    """An object to wait for; ``uid`` is the one just applied or deleted, "" to take any."""

    api_version: str
    kind: str
    namespace: str
    name: str
    uid: str = ""
    may_vanish: bool = False  # a Job with a time to live may be gone before anybody saw it complete

    @classmethod
    def of(cls, obj: Object) -> Target:
        """The target for an object as the API returned it after a write."""
        metadata = section(obj, "metadata")
        return cls(
            api_version=obj["apiVersion"],
            kind=obj["kind"],
            namespace=metadata.get("namespace") or "",
            name=metadata["name"],
            uid=metadata.get("uid") or "",
            may_vanish=obj["kind"] == "Job" and "ttlSecondsAfterFinished" in section(obj, "spec"),
        )

    def __str__(self) -> str:
        place = f"{self.namespace}/{self.name}" if self.namespace else self.name
        return f"{self.api_version}/{self.kind} {place}"


Explain = Callable[[Target, Object], str | None]


def wait_ready(
    targets: Sequence[Target],
    lister: Lister,
    *,
    timeout: float,
    on_progress: Callable[[str], None] = lambda line: None,
    fail_fast: bool = False,
    explain: Explain | None = None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[Target, Readiness]:
    """Wait until every target is ready.

    :param targets: what to wait for; kinds that are ready as soon as they are stored are not read
    :param lister: reads all objects of a kind; its ApiErrors with status 0, 429 and 5xx (but 501) are borne
        until the deadline, others end the wait
    :param timeout: seconds for all targets together; 0 looks once
    :param on_progress: gets a line about what is pending, every few seconds
    :param fail_fast: stop at the first object that failed; otherwise it may recover while others are pending
    :param explain: asked at the end for each object that is not ready, for what its pods or events say
    :param clock: the time in seconds
    :param sleep: waits for a number of seconds
    :return: each target with its readiness
    :raises WaitTimeout: some are not ready at the deadline; the message and ``info["pending"]`` name each
    :raises WaitFailed: some failed (seen twice in a row) and nothing else is pending, or ``fail_fast``
    :raises ApiError: the API refused to be read
    """
    watch = _Watch(
        lister, [target for target in targets if not ready_at_once(target.api_version, target.kind)]
    )
    failing: set[Target] = set()
    for elapsed in _polls(timeout, clock, sleep):
        watch.read(_ready_verdict)
        watch.pass_over_lost_nodes()
        pending = watch.pending()
        if not pending:
            return {target: watch.verdicts.get(target, ready()) for target in targets}
        # A controller about to try again may leave an earlier failure in place for a moment.
        failing, before = watch.failed(), failing
        lasting = failing & before
        if len(lasting) == len(pending) or (fail_fast and lasting):
            raise _failure(WaitFailed, f"failed after {elapsed:.0f} s", watch, explain)
        watch.tell(elapsed, on_progress)
    raise _failure(WaitTimeout, f"not ready after {timeout:g} s", watch, explain)


def wait_gone(
    targets: Sequence[Target],
    lister: Lister,
    *,
    timeout: float,
    on_progress: Callable[[str], None] = lambda line: None,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Wait until no target exists; another object of the same name (a new UID) counts as gone.

    Parameters and errors are those of :func:`wait_ready`; a kind that is no longer served counts as gone too.
    """
    watch = _Watch(lister, targets, unserved_is_empty=True)
    for elapsed in _polls(timeout, clock, sleep):
        watch.read(_gone_verdict)
        if not watch.pending():
            return
        watch.tell(elapsed, on_progress)
    raise _failure(WaitTimeout, f"still there after {timeout:g} s", watch, None)


@dataclass
class _Watch:
    """The last known verdict on each target."""

    lister: Lister
    targets: Sequence[Target]
    unserved_is_empty: bool = False
    verdicts: dict[Target, Readiness] = field(default_factory=dict)
    objects: dict[Target, Object] = field(default_factory=dict)
    told: float = 0.0

    def read(self, verdict: Callable[[Target, Object | None], Readiness]) -> None:
        """LIST each kind and namespace once and judge its targets."""
        groups: dict[tuple[str, str, str], list[Target]] = {}
        for target in self.targets:
            groups.setdefault((target.api_version, target.kind, target.namespace), []).append(target)
        for group, members in groups.items():
            try:
                found = self._by_name(*group)
            except ApiError as err:
                if not _transient(err):
                    raise
                self._unread(members, err)
                continue
            for target in members:
                obj = found.get(target.name)
                self.verdicts[target] = verdict(target, obj)
                self.objects[target] = obj or {}

    def _by_name(self, api_version: str, kind: str, namespace: str) -> dict[str, Object]:
        try:
            listed = self.lister.list_objects(api_version, kind, namespace)
        except ApiError as err:
            if self.unserved_is_empty and err.info["status"] == 404:
                return {}
            raise
        # Items of a LIST carry no apiVersion and kind of their own.
        whole = ({**obj, "apiVersion": api_version, "kind": kind} for obj in listed)
        return {obj["metadata"]["name"]: obj for obj in whole}

    def pass_over_lost_nodes(self) -> None:
        """Take a DaemonSet for ready that lacks nothing but pods on nodes that are down."""
        waiting = [target for target in self.pending() if target.kind == "DaemonSet"]
        down = lost(self._list_if_allowed("Node", "")) if waiting else set()
        for target in waiting if down else ():
            pods = self._list_if_allowed("Pod", target.namespace)
            verdict = ready_elsewhere(self.objects.get(target, {}), pods, down)
            if verdict is not None:
                self.verdicts[target] = verdict

    def _list_if_allowed(self, kind: str, namespace: str) -> Sequence[Object]:
        # It only helps: whoever may not list nodes or pods waits for all of them.
        try:
            return self.lister.list_objects("v1", kind, namespace)
        except ApiError:
            return []

    def _unread(self, members: Iterable[Target], err: ApiError) -> None:
        for target in members:
            if target not in self.verdicts or self.verdicts[target].state is not State.READY:
                self.verdicts[target] = progressing(f"could not be read: {err}")

    def pending(self) -> dict[Target, str]:
        """Targets that are not ready, with the reason."""
        return {t: v.reason for t, v in self.verdicts.items() if v.state is not State.READY}

    def failed(self) -> set[Target]:
        """Targets that failed."""
        return {target for target, verdict in self.verdicts.items() if verdict.state is State.FAILED}

    def tell(self, elapsed: float, on_progress: Callable[[str], None]) -> None:
        """Send a progress line, unless one was sent a moment ago."""
        if elapsed - self.told < PROGRESS_EVERY:
            return
        self.told = elapsed
        pending = [f"{target}: {reason}" for target, reason in self.pending().items()]
        more = len(pending) - NAMED_IN_PROGRESS
        line = "; ".join(pending[:NAMED_IN_PROGRESS]) + (f"; and {more} more" if more > 0 else "")
        on_progress(
            f"waiting for {len(pending)} of {len(self.targets)} objects, {elapsed:.0f} s so far: {line}"
        )


def _polls(timeout: float, clock: Callable[[], float], sleep: Callable[[float], None]) -> Iterator[float]:
    """Yield the seconds passed, once at least and once at the deadline, with growing pauses between."""
    begin, pause = clock(), FIRST_PAUSE
    elapsed = 0.0
    yield elapsed
    while elapsed < timeout:
        sleep(min(pause, timeout - elapsed))
        pause = min(pause + PAUSE_STEP, LONGEST_PAUSE)
        elapsed = clock() - begin
        yield elapsed


def _ready_verdict(target: Target, obj: Object | None) -> Readiness:
    if obj is None:
        return ready("finished and removed") if target.may_vanish else progressing("not found")
    uid = section(obj, "metadata").get("uid")
    if target.uid and uid != target.uid:
        return failed("replaced by another object of the same name while waiting")
    return assess(obj)


def _gone_verdict(target: Target, obj: Object | None) -> Readiness:
    if obj is None or (target.uid and section(obj, "metadata").get("uid") != target.uid):
        return ready("gone")
    if section(obj, "metadata").get("deletionTimestamp"):
        return progressing(deletion_reason(obj))
    return progressing("its deletion has not begun")


def _transient(err: ApiError) -> bool:
    status = err.info["status"]
    return status in (0, 429) or (status >= 500 and status != 501)


def _failure(
    kind: type[WaitTimeout | WaitFailed], what: str, watch: _Watch, explain: Explain | None
) -> WaitTimeout | WaitFailed:
    """The error that names every object that is not ready, with all that is known about it."""
    pending = watch.pending()
    if explain is not None:
        for target in list(pending)[:MOST_EXPLAINED]:
            pending[target] += _explained(explain, target, watch.objects.get(target, {}))
    reasons = {str(target): reason for target, reason in pending.items()}
    lines = [f"{len(pending)} of {len(watch.targets)} objects {what}:"]
    lines += [f"  {name}: {reason}" for name, reason in reasons.items()]
    return kind("\n".join(lines), pending=reasons, failed=sorted(str(target) for target in watch.failed()))


def _explained(explain: Explain, target: Target, obj: Object) -> str:
    try:
        found = explain(target, obj)
    except ApiError as err:
        return f" (no more is known: {err})"
    return f"; {found}" if found else ""
