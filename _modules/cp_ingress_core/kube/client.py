"""The one module that talks HTTP to Kubernetes.

Kubeconfigs, exec plug-ins and TLS are left to the ``kubernetes`` package, which is imported only when a
client is made: loading it takes a quarter of a second, and Salt imports every execution module. Requests
are raw JSON on its connection pool.
"""

from __future__ import annotations

import json
import logging
import os
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from cp_ingress_core import __version__
from cp_ingress_core.errors import ApiError, KubeconfigError
from cp_ingress_core.kube import masking
from cp_ingress_core.kube.retry import causes, delays, why_retry

LOG = logging.getLogger(__name__)

PARALLEL = 16
RETRY_SECONDS = 60.0
_SERVICE_ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount/token"

Item = TypeVar("Item")
Result = TypeVar("Result")


class _TryError(Exception):
    """One try failed: `error` is what to raise in the end, `why` is set when another try may succeed."""

    def __init__(self, error: Exception, why: str | None, after: float | None = None) -> None:
        super().__init__(why)
        self.error, self.why, self.after = error, why, after


class Client:
    """Requests to one API server, repeated within a deadline when the answer says that it is worth it.

    `pool` is a urllib3 connection pool, `prefix` the path under which the server is reached ("" mostly),
    `authorization` gives the current header value or None, `source` names the kubeconfig in messages.
    """

    def __init__(
        self,
        pool: Any,
        *,
        prefix: str = "",
        authorization: Callable[[], str | None] = lambda: None,
        source: str = "",
        timeout: float = 30.0,
        retry_seconds: float = RETRY_SECONDS,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.pool, self.prefix, self.authorization, self.source = pool, prefix, authorization, source
        self.timeout, self.retry_seconds = timeout, retry_seconds
        self.clock, self.sleep = clock, sleep
        self._auth_lock = threading.Lock()

    def patient(self, seconds: float) -> Client:
        """Return the same client with another retry deadline, in seconds per request."""
        return Client(
            self.pool,
            prefix=self.prefix,
            authorization=self.authorization,
            source=self.source,
            timeout=self.timeout,
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
        target = f"{self.prefix}{path}" + (f"?{urlencode(query)}" if query else "")
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
        import urllib3

        with self._auth_lock:
            token = self.authorization()
        if token:
            headers["Authorization"] = token
        data = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        try:
            answer = self.pool.urlopen(
                method,
                target,
                body=data,
                headers=headers,
                retries=False,
                redirect=False,
                timeout=urllib3.Timeout(connect=5.0, read=self.timeout),
            )
            status, text = int(answer.status), answer.data
        except urllib3.exceptions.SSLError as err:
            raise _TryError(_unreachable(what, subject, f"TLS: {err}", self.source), None) from None
        except (urllib3.exceptions.HTTPError, OSError) as err:
            why = f"{self._address()} does not answer ({_short(err)})"
            raise _TryError(_unreachable(what, subject, why, self.source), why) from None
        return self._decode(status, text, answer.headers, headers, body, what, subject)

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

    def _address(self) -> str:
        return f"{self.pool.scheme}://{self.pool.host}:{self.pool.port}"

    def parallel(self, function: Callable[[Item], Result], items: Iterable[Item]) -> list[Result]:
        """Call `function` on every item, up to 16 at a time, and return the results in the items' order.

        The first exception in that order is raised, after all calls have ended.
        """
        work = list(items)
        if len(work) <= 1:
            return [function(item) for item in work]
        with ThreadPoolExecutor(max_workers=min(PARALLEL, len(work))) as pool:
            return list(pool.map(function, work))


def connect(kubeconfig: str | None, context: str | None = None, timeout: float = 30.0) -> Client:
    """Return a client for the cluster of `kubeconfig` (a path), or of the pod's service account when it is
    None.

    `context` chooses a context other than the current one; `timeout` is for one request, in seconds. Raises
    KubeconfigError when the file or its credentials cannot be used, or when it switches TLS verification
    off.
    """
    from kubernetes.client.configuration import Configuration
    from kubernetes.client.rest import RESTClientObject

    configuration = Configuration()
    if kubeconfig is None:
        source = "the pod's service account"
        _load_service_account(configuration)
    else:
        source = kubeconfig
        _load_kubeconfig(configuration, kubeconfig, context)
    address = urlsplit(configuration.host)
    if address.scheme != "https":
        raise KubeconfigError(f"{source}: the server must be an https:// URL, not {configuration.host}")
    configuration.verify_ssl = True
    configuration.connection_pool_maxsize = PARALLEL
    configuration.retries = False
    manager = RESTClientObject(configuration).pool_manager
    return Client(
        manager.connection_from_url(configuration.host),
        prefix=address.path.rstrip("/"),
        authorization=lambda: configuration.get_api_key_with_prefix("BearerToken", alias="authorization"),
        source=source,
        timeout=timeout,
    )


def _load_service_account(configuration: Any) -> None:
    from kubernetes import config

    load: Any = config.load_incluster_config
    if not os.path.exists(_SERVICE_ACCOUNT):
        raise KubeconfigError(
            "no kubeconfig is given and this process does not run in a pod: name a kubeconfig"
        )
    try:
        load(client_configuration=configuration)
    except config.ConfigException as err:
        raise KubeconfigError(f"the pod's service account cannot be used: {err}") from None


def _load_kubeconfig(configuration: Any, path: str, context: str | None) -> None:
    from kubernetes.config import ConfigException
    from kubernetes.config.kube_config import KubeConfigLoader

    new_loader: Any = KubeConfigLoader
    content = _read_kubeconfig(path)
    try:
        loader = new_loader(
            config_dict=content,
            active_context=context,
            config_base_path=os.path.dirname(os.path.abspath(path)),
        )
        loader.load_and_set(configuration)
    except (ConfigException, KeyError, TypeError, ValueError) as err:
        raise KubeconfigError(f"kubeconfig {path} cannot be used: {_short(err)}") from None
    if not configuration.verify_ssl:
        raise KubeconfigError(
            f"kubeconfig {path} sets insecure-skip-tls-verify: give certificate-authority-data instead,"
            " the API server's certificate is always verified"
        )
    _check_exec(configuration, content, path, loader.current_context)


def _read_kubeconfig(path: str) -> dict[str, Any]:
    import yaml

    try:
        with open(path, encoding="utf-8") as stream:
            content = yaml.safe_load(stream)
    except OSError as err:
        raise KubeconfigError(f"kubeconfig {path} cannot be read: {err.strerror}") from None
    except (yaml.YAMLError, UnicodeDecodeError):
        raise KubeconfigError(f"kubeconfig {path} is not YAML") from None
    if not isinstance(content, dict):
        raise KubeconfigError(f"kubeconfig {path} is not a mapping")
    return content


def _check_exec(configuration: Any, content: dict[str, Any], path: str, context: dict[str, Any]) -> None:
    """Refuse to go on anonymously when an exec plug-in gave nothing: the package only logs that."""
    name = context.get("context", {}).get("user")
    user = next((u.get("user") or {} for u in content.get("users") or [] if u.get("name") == name), {})
    if "exec" in user and not configuration.api_key and not configuration.cert_file:
        command = user["exec"].get("command", "?")
        raise KubeconfigError(
            f"kubeconfig {path}: the exec plug-in {command!r} gave no credentials; run it by hand to see why"
        )


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
    value = headers.get("Retry-After") or ""
    return float(value) if value.isdigit() else None


def _short(err: BaseException) -> str:
    """Return the innermost cause in a few words: urllib3 wraps its errors several times."""
    inner = [getattr(err, "reason", None), *err.args[1:]]
    for cause in inner:
        if isinstance(cause, BaseException):
            return _short(cause)
    text = str(err).rsplit(": ", maxsplit=1)[-1]
    return text[:200] or type(err).__name__
