"""Does the component answer behind the endpoint, and say what it shall?"""

from __future__ import annotations

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from cp_ingress_core.component.model import Verify
from cp_ingress_core.component.paths import PathError, places
from cp_ingress_core.component.urls import origin_of
from cp_ingress_core.component.values import Endpoint, filled
from cp_ingress_core.errors import WaitTimeout

_LARGEST = 1 << 20  # bytes of an answer that are read
_PAUSE = 0.5
_TELL_EVERY = 5.0


@dataclass(frozen=True)
class Answer:
    """What a request got: status and body, or why there was none."""

    status: int = 0
    body: bytes = b""
    problem: str = ""


class _Connection(http.client.HTTPSConnection):
    """A connection that may go to another address than the one its certificate names."""

    def __init__(self, host: str, port: int, address: tuple[str, int], tls: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=5.0, context=tls)
        self._address, self._tls = address, tls

    def connect(self) -> None:
        """Connect to the address, and check the certificate for the host."""
        raw = socket.create_connection(self._address, self.timeout)
        try:
            self.sock = self._tls.wrap_socket(raw, server_hostname=self.host)
        except BaseException:
            raw.close()
            raise


def fetch(url: str, ca_file: str | None, connect_to: tuple[str, int] | None = None) -> Answer:
    """GET an https:// URL on a new connection.

    ca_file
        PEM file of the CA to trust; None trusts the system's.
    connect_to
        Address and port to connect to instead; the certificate must name the URL's host all the same.
    """
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    try:
        tls = ssl.create_default_context(cafile=ca_file)
        connection = _Connection(host, port, connect_to or (host, port), tls)
        try:
            connection.request("GET", path, headers={"User-Agent": "cp-ingress", "Accept": "*/*"})
            response = connection.getresponse()
            return Answer(response.status, response.read(_LARGEST))
        finally:
            connection.close()
    except ssl.SSLCertVerificationError as err:
        return Answer(problem=f"certificate refused: {err.verify_message}")
    except (OSError, http.client.HTTPException) as err:
        return Answer(problem=str(err) or type(err).__name__)


def problem(answer: Answer, wanted: Verify, endpoint: Endpoint) -> str:
    """Return what an answer lacks, "" when it is as it shall be."""
    if answer.problem:
        return answer.problem
    if answer.status != wanted.status:
        return f"status {answer.status}, not {wanted.status}"
    if not wanted.json:
        return ""
    try:
        data = json.loads(answer.body)
    except ValueError:
        return "the answer is not JSON"
    for path, template in wanted.json.items():
        expected, found = filled(template, endpoint), _value(data, path)
        if found != expected:
            return f"{path} is {found!r}, not {expected!r}"
    return ""


def _value(data: Any, path: str) -> Any:
    try:
        found = places(data, path)
    except PathError:
        return None
    return found[0][0][found[0][1]] if found else None


def wait_until_verified(
    wanted: Verify,
    endpoint: Endpoint,
    ca_file: str | None,
    *,
    timeout: float,
    report: Callable[[str], None],
    connect_to: tuple[str, int] | None = None,
    in_a_row: int = 3,
) -> str:
    """Ask until `in_a_row` answers in a row, on new connections, were as they shall be; return the URL.

    While pods are replaced one answer may come from an old one and the next from a new one. Raises
    WaitTimeout with the last problem after `timeout` seconds; `report` is told every few seconds.
    `connect_to` is where the endpoint is reached from here, if not at its own address.
    """
    url = str(filled(wanted.url, endpoint))
    if origin_of(url) != origin_of(endpoint.url):
        connect_to = None
    started = told = time.monotonic()
    good = 0
    while True:
        wrong = problem(fetch(url, ca_file, connect_to), wanted, endpoint)
        good = 0 if wrong else good + 1
        now = time.monotonic()
        if good == in_a_row:
            return url
        if wrong and now - started > timeout:
            raise WaitTimeout(f"{url}: after {timeout:.0f} s: {wrong}", pending={url: wrong})
        if wrong:
            if now - told >= _TELL_EVERY:
                told = now
                report(f"{url}: {wrong}")
            time.sleep(_PAUSE)
