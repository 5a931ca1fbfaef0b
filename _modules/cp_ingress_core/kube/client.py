"""Requests to Kubernetes: JSON in and out, repeated while that may help, refusals as errors that say enough.

Nothing else uses the transport.
"""

from __future__ import annotations

import json
import logging
import re
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from cp_ingress_core import __version__
from cp_ingress_core.errors import ApiError, KubeconfigError
from cp_ingress_core.kube import credentials, masking
from cp_ingress_core.kube.retry import causes, delays, why_retry
from cp_ingress_core.kube.transport import DROPPED, ERRORS, Route, Transport

LOG = logging.getLogger(__name__)

PARALLEL = 16
RETRY_SECONDS = 60.0

# What JSON may hold as it is and YAML may not, or takes for the end of a line. YAML knows no pairs of
# surrogates, so that nothing else may be escaped.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ud800-\udfff\ufeff\ufffe\uffff]")

Item = TypeVar("Item")
Result = TypeVar("Result")


class _TryError(Exception):
    """One try failed: `error` is what to raise in the end, `why` is set when another try may succeed."""

    def __init__(self, error: Exception, why: str | None, after: float | None = None) -> None:
        super().__init__(why)
        self.error, self.why, self.after = error, why, after


class Client:
    """Requests to one API server, repeated within a deadline when the answer says that it is worth it.

    `transport` sends them, `prefix` is the path under which the server is reached ("" mostly),
    `authorization` gives the current header value or None, `source` names the kubeconfig in messages.
    """

    def __init__(
        self,
        transport: Transport,
        *,
        prefix: str = "",
        authorization: Callable[[], str | None] = lambda: None,
        source: str = "",
        retry_seconds: float = RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport, self.prefix = transport, prefix
        self.authorization, self.source, self.retry_seconds = authorization, source, retry_seconds
        self.clock, self.sleep = clock, sleep
        self._auth_lock = threading.Lock()

    def patient(self, seconds: float) -> Client:
        """Return the same client with another retry deadline, in seconds per request."""
        return self._like(self.transport, self.prefix, seconds)

    def elsewhere(self, host: str, port: int, timeout: float, patience: float) -> Client:
        """Return a client with the same credentials for another API server of the cluster.

        timeout
            Seconds for connecting, and for each answer.
        patience
            The retry deadline, in seconds per request.
        """
        return self._like(self.transport.elsewhere(host, port, timeout), "", patience)

    def _like(self, transport: Transport, prefix: str, seconds: float) -> Client:
        return Client(
            transport,
            prefix=prefix,
            authorization=self.authorization,
            source=self.source,
            retry_seconds=seconds,
            clock=self.clock,
            sleep=self.sleep,
        )

    def request(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Any = None,
        content_type: str | None = None,
        accept: str | None = None,
        subject: str = "",
    ) -> dict[str, Any]:
        """Send one request and return the decoded answer.

        `subject` (``apps/v1/Deployment ns/name``) names the object in errors and warnings; the path does
        otherwise. Raises ApiError when the server refuses or cannot be reached within the retry deadline,
        and KubeconfigError when it does not accept the credentials. No error holds headers, bodies or
        Secret values.
        """
        target = f"{self.prefix}{path}" + (f"?{_query(tuple(query.items()))}" if query else "")
        what = f"{method} {subject or path}"
        headers = {"Accept": accept or "application/json", "User-Agent": f"salt-cp-ingress/{__version__}"}
        if body is not None:
            headers["Content-Type"] = content_type or "application/json"
        deadline = self.clock() + self.retry_seconds
        for delay in delays():
            try:
                return self._once(method, target, headers, body, what, subject)
            except _TryError as failed:
                pause = max(delay, failed.after or 0.0)
                if failed.why is None or self.clock() + pause > deadline:
                    raise failed.error from None
                LOG.warning("%s: %s; trying again in %.1f s", what, failed.why, pause)
                self.sleep(pause)
        raise AssertionError("unreachable: delays() never ends")

    def _once(
        self, method: str, target: str, headers: dict[str, str], body: Any, what: str, subject: str
    ) -> dict[str, Any]:
        with self._auth_lock:
            token = self.authorization()
        if token:
            headers["Authorization"] = token
        data = None if body is None else _encode(body)
        try:
            answer = self.transport.send(method, target, data, headers)
        except ERRORS as err:
            if isinstance(err, ssl.SSLError) and not isinstance(err, DROPPED):
                why = f"TLS: {_short(err)}"
                raise _TryError(_unreachable(what, subject, why, self.source), None) from None
            why = f"{self.transport.address} does not answer ({_short(err)})"
            raise _TryError(_unreachable(what, subject, why, self.source), why) from None
        return self._decode(answer.status, answer.body, answer.headers, headers, body, what, subject)

    def _decode(
        self,
        status: int,
        text: bytes,
        answered: Mapping[str, str],
        sent: Mapping[str, str],
        body: Any,
        what: str,
        subject: str,
    ) -> dict[str, Any]:
        try:
            answer = json.loads(text)
        except ValueError:
            answer = None
        if 200 <= status < 300:
            if isinstance(answer, dict):
                return answer
            why = "the answer was cut short"
            raise _TryError(_unreachable(what, subject, why, self.source), why)
        if not isinstance(answer, dict):
            # An answer that is not a Status may be anything: none of it is repeated.
            answer = {"message": f"the server answered {status} without saying why"}
        if status == 401:
            raise _TryError(_unauthorized(self.source), None)
        error = _api_error(status, answer, body, what, subject)
        retry = why_retry(status, answer, sent.get("Content-Type"))
        raise _TryError(error, retry, _retry_after(answered))

    def parallel(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Call `function` on every item, up to 16 at a time, and return the results in the items' order.

        The first exception in that order is raised, after all calls have ended.
        """
        work = list(items)
        if len(work) <= 1:
            return [function(item) for item in work]
        waiting = deque(enumerate(work))
        results: dict[int, Result] = {}
        errors: dict[int, Exception] = {}

        def labour() -> None:
            # A thread takes one item after the other: a future for each costs more than some requests.
            while True:
                try:
                    index, item = waiting.popleft()
                except IndexError:
                    return
                try:
                    results[index] = function(item)
                except Exception as err:
                    errors[index] = err

        try:
            with ThreadPoolExecutor(max_workers=min(PARALLEL, len(work))) as pool:
                for done in [pool.submit(labour) for _ in range(min(PARALLEL, len(work)))]:
                    done.result()
        finally:
            waiting.clear()  # when interrupted, nothing more is begun
        for index in sorted(errors):
            raise errors[index]
        return [results[index] for index in range(len(work))]


def connect(kubeconfig: str | None, context: str | None = None, timeout: float = 30.0) -> Client:
    """Return a client for the cluster of `kubeconfig` (a path), or of the pod's service account when it is
    None.

    `context` chooses a context other than the current one; `timeout` is for one request, in seconds. Raises
    KubeconfigError when the file or its credentials cannot be used, or when it switches TLS verification
    off.
    """
    access = credentials.read(kubeconfig, context)
    url = urlsplit(access.server)
    host = url.hostname or ""
    proxy = urlsplit(access.proxy) if access.proxy else None
    route = Route(
        host,
        url.port or 443,
        access.server_name or host,
        (proxy.hostname or "", proxy.port or 80) if proxy else None,
    )
    return Client(
        Transport(route, access.tls, timeout),
        prefix=url.path.rstrip("/"),
        authorization=access.authorization,
        source=access.source,
    )


def _encode(body: Any) -> bytes:
    # The API server reads an apply as YAML. JSON on one long line costs its parser a third more time and
    # almost three times the memory: it keeps all of a line that may yet turn out to be a key.
    text = json.dumps(body, ensure_ascii=False, separators=(",\n", ":"))
    return _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text).encode()


@lru_cache
def _query(parameters: tuple[tuple[str, str], ...]) -> str:
    return urlencode(parameters)


def _api_error(status: int, answer: Mapping[str, Any], body: Any, what: str, subject: str) -> ApiError:
    details = answer.get("details") if isinstance(answer.get("details"), Mapping) else {}
    found = causes(answer)
    message = str(answer.get("message") or f"the server answered {status}")
    if isinstance(body, Mapping):
        message = masking.scrub(message, body)
        found = [{key: masking.scrub(str(text), body) for key, text in cause.items()} for cause in found]
    reason = str(answer.get("reason") or "")
    return ApiError(
        f"{what}: {message}" + (f" ({reason})" if reason else f" ({status})"),
        reason=reason or "ApiError",
        status=status,
        obj=subject,
        causes=found,
        kind=str(details.get("kind", "")) if isinstance(details, Mapping) else "",
    )


def _unreachable(what: str, subject: str, why: str, source: str) -> ApiError:
    return ApiError(f"{what}: {why} (kubeconfig {source})", reason="Unreachable", obj=subject)


def _unauthorized(source: str) -> KubeconfigError:
    return KubeconfigError(
        f"the API server does not accept the credentials of {source} (401 Unauthorized):"
        " they are missing, expired or revoked; renew them",
        reason="Unauthorized",
        status=401,
    )


def _retry_after(headers: Mapping[str, str]) -> float | None:
    value = headers.get("retry-after", "")
    return float(value) if value.isdigit() else None


def _short(err: BaseException) -> str:
    """Return an error of the transport in a few words."""
    if isinstance(err, ssl.SSLCertVerificationError):
        return f"certificate verify failed: {err.verify_message}"
    text = err.strerror if isinstance(err, OSError) and err.strerror else str(err)
    return text[:200] or type(err).__name__
