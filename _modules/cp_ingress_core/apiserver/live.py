"""Waiting until an apiserver does what its files say, and the proof that it does."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cp_ingress_core.apiserver import oidc
from cp_ingress_core.apiserver.metrics import Metrics, digest
from cp_ingress_core.apiserver.probe import Answer
from cp_ingress_core.apiserver.server import Server
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError

POLL_SECONDS = 0.3
# A reload waits ten seconds before it looks whether the issuers work. Until then little can happen, and
# putting its metrics together costs an apiserver more than anything else that a change asks of it.
RELOAD_WAITS, SELDOM_SECONDS = 10.0, 1.0
RELOAD_SECONDS = 15.0
# A process's start is told in hundredths of a second after the machine's, which is told in whole seconds: it
# is up to one early, and an adjusted clock moves it by just one more.
TICK = 0.01
START_SECONDS = 2.0
# An apiserver tells the digest of its structured file, and when it fetched keys, since these versions.
TELLS_DIGEST = (1, 34)
TELLS_KEYS = (1, 35)

Report = Callable[[str], None]


@dataclass(frozen=True)
class Before:
    """What is remembered of an apiserver before its files change; ``started`` None where it was not there."""

    started: float | None
    succeeded: float
    failed: float

    @classmethod
    def of(cls, metrics: Metrics | None) -> Before:
        """Return what its metrics tell, None where it does not answer."""
        if metrics is None:
            return cls(None, 0.0, 0.0)
        return cls(metrics.started, metrics.reloads("success"), metrics.reloads("failure"))


class Deadline:
    """The end of a wait, and who is told what it is still waiting for."""

    def __init__(self, seconds: float, report: Report) -> None:
        self.seconds = seconds
        self._end = time.monotonic() + seconds
        self._report = report
        self._told = time.monotonic()

    def passed(self) -> bool:
        """Whether it is over."""
        return time.monotonic() > self._end

    def pause(self, what: str, seconds: float = POLL_SECONDS) -> None:
        """Wait a moment; tell every five seconds what for."""
        if time.monotonic() - self._told >= 5:
            self._told = time.monotonic()
            self._report(what)
        time.sleep(seconds)


def wait_until_ready(server: Server, deadline: Deadline) -> None:
    """Wait until the apiserver is ready; raises ApiserverError at the deadline."""
    while why := server.ready():
        if deadline.passed():
            raise _late(deadline, f"{server.url} is not ready: {why}", "NotReady")
        deadline.pause(f"{server.url} is not ready yet: {why}")


def wait_for_restart(server: Server, before: Before, written: float, deadline: Deadline) -> None:
    """Wait until another process than before serves and is ready.

    written
        When the manifest was written, in seconds since 1970.

    Raises ApiserverError at the deadline, which tells a kubelet that did nothing from a process that does not
    get ready.
    """
    while True:
        metrics = server.metrics()
        fresh = metrics is not None and _another(metrics, before, written)
        why = server.ready() if fresh else "the kubelet has not started it again"
        if fresh and not why:
            return
        if deadline.passed():
            if metrics is None:
                why = server.ready() or why
            raise _late(deadline, f"{server.url} does not serve the new manifest: {why}", "NotRestarted")
        deadline.pause(f"waiting for the apiserver to start again: {why if metrics else 'it is down'}")


def _another(metrics: Metrics, before: Before, written: float) -> bool:
    """Whether this is another process than before; one that was not seen before counts when it is later."""
    if metrics.started is None:
        return False
    if before.started is not None:
        apart = abs(metrics.started - before.started)
        return all(abs(apart - seconds) > TICK / 2 for seconds in (0, 1))
    return metrics.started > written - START_SECONDS


def wait_for_config(
    server: Server,
    text: str,
    version: tuple[int, int],
    before: Before,
    changed: float,
    deadline: Deadline,
    known: Metrics | None = None,
) -> Metrics:
    """Wait until the apiserver uses a structured file, and return its metrics of then.

    text
        The file's content.
    version
        The server's version: the digest of what it uses is known from 1.34 on; before, a reload that
        succeeded, or a start, after the file was written counts.
    before
        The server before the file was written.
    changed
        When the file was written, in seconds since 1970.
    known
        Its metrics, where they were read just now and nothing was written since.

    Raises ApiserverError at the deadline, and earlier when the apiserver refused the content.
    """
    refused = 0.0
    while True:
        metrics, known = known or server.metrics(), None
        if metrics and _uses(metrics, text, version, before, changed):
            return metrics
        if metrics and not refused and metrics.reloads("failure") > before.failed:
            refused = time.monotonic()
        # The failure may be that of an earlier content, whose reload was still on its way.
        if refused and time.monotonic() - refused > RELOAD_SECONDS:
            raise ApiserverError(
                f"{server.url} refused the AuthenticationConfiguration and goes on with the one before: its"
                " log names the reason (`failed to ... authentication config`)",
                reason="ReloadFailed",
            )
        if deadline.passed():
            raise _late(deadline, f"{server.url}: {_why_unused(metrics)}", _reason(metrics))
        pause = _pause(time.time() - changed)
        deadline.pause("waiting for the apiserver to read the AuthenticationConfiguration again", pause)


def _pause(age: float) -> float:
    """Return how long to wait before the next look at who uses a file that is `age` seconds old."""
    return max(POLL_SECONDS, min(SELDOM_SECONDS, RELOAD_WAITS - age))


def _uses(metrics: Metrics, text: str, version: tuple[int, int], before: Before, changed: float) -> bool:
    if version >= TELLS_DIGEST:
        return metrics.config_hash == digest(text)
    if metrics.reloads("success") > before.succeeded or metrics.reloaded("success") >= changed:
        return True
    return metrics.started is not None and metrics.started > changed


def _why_unused(metrics: Metrics | None) -> str:
    if metrics is None:
        return "it does not answer"
    if metrics.config_hash is None:
        return "it was not started with --authentication-config, or does not tell which file it uses"
    return f"it uses another AuthenticationConfiguration ({metrics.config_hash}) than the file"


def _reason(metrics: Metrics | None) -> str:
    return "NotReloaded" if metrics and metrics.config_hash else "NotReadByApiserver"


def prove(
    server: Server,
    issuers: Sequence[Issuer],
    claims: Claims,
    version: tuple[int, int],
    deadline: Deadline,
    before: Metrics | None = None,
) -> dict[str, str]:
    """Have the apiserver show, for each issuer, that it knows it and has its keys.

    A forged token of the issuer must be refused by the issuer's authenticator. That makes it fetch the keys,
    unless it did already since it is in use and they have not expired (both told since 1.35; before, that the
    authenticator judged the token is all there is to see).

    before
        Its metrics as just read, if they were: putting them together costs a busy apiserver a while.

    Returns what was seen, by issuer. Raises ApiserverError at the deadline.
    """
    seen: dict[str, str] = {}
    pending = [issuer.url for issuer in issuers]
    while pending:
        before = before or server.metrics()
        answers = {url: _judge_forged(server, url, claims) for url in pending}
        after = server.metrics()
        for url, answer in answers.items():
            if before and after and answer.status == 401 and (shown := _shown(before, after, url, version)):
                seen[url] = shown
        pending = [url for url in pending if url not in seen]
        if pending and deadline.passed():
            why = _unproven(answers[pending[0]], after)
            raise _late(deadline, f"{server.url} does not get the keys of {pending[0]} ({why})", "NotProven")
        if pending:
            deadline.pause(f"waiting for the apiserver to fetch the keys of {', '.join(pending)}")
        before = after
    return {issuer.url: seen[issuer.url] for issuer in issuers}


def _judge_forged(server: Server, issuer: str, claims: Claims) -> Answer:
    answer = server.judge(oidc.forged_token(issuer, claims, time.time()))
    if 200 <= answer.status < 300:
        raise ApiserverError(
            f"{server.url} let a forged token of {issuer} in: another authenticator accepts anything;"
            " look at its authentication flags",
            reason="ForgedTokenAccepted",
        )
    return answer


def _shown(before: Metrics, after: Metrics, issuer: str, version: tuple[int, int]) -> str:
    """Say what a refused token showed; "" when it showed too little."""
    if after.judged(issuer) <= before.judged(issuer):
        return ""
    if version < TELLS_KEYS:
        return "token judged"
    fetched = after.keys_fetched(issuer) or 0.0
    if fetched > (before.keys_fetched(issuer) or 0.0):
        return "keys fetched"
    # A minute and a half after an issuer left the configuration its times are dropped, also when it is back
    # by then (kubernetes, pkg/kubeapiserver/authenticator/config.go). A reload waits until every issuer can
    # be asked, so a token that has nothing fetched after one was held against keys.
    if after.reloaded("success") and not fetched and not after.keys_missed(issuer):
        return "keys known"
    # Keys are kept for as long as the issuer says, hours mostly. A reload makes new authenticators; a user's
    # token may have come just before the reload was counted.
    since = max(after.started or 0.0, after.reloaded("success") - 1.0)
    return "keys known" if fetched >= since and after.keys_missed(issuer) <= fetched else ""


def _unproven(answer: Answer, after: Metrics | None) -> str:
    if answer.status != 401:
        return answer.problem or f"a forged token gets HTTP status {answer.status}, not 401"
    return (
        "its metrics cannot be read"
        if after is None
        else "it refuses a forged token unseen, or fails to get them"
    )


def check_token(server: Server, token: str) -> str:
    """Return the user name that a real token has at this apiserver; raises ApiserverError when refused.

    The token is in no message.
    """
    answer = server.judge(token)
    if answer.status != 201:
        raise ApiserverError(
            f"{server.url} refused the test token (HTTP {answer.status or answer.problem}): is it expired, or"
            " of another issuer or client?",
            reason="TokenRefused",
            status=answer.status,
        )
    return str(json.loads(answer.body)["status"]["userInfo"].get("username", ""))


def _late(deadline: Deadline, message: str, reason: str) -> ApiserverError:
    return ApiserverError(f"{message} after {deadline.seconds:.0f} s", reason=reason)
