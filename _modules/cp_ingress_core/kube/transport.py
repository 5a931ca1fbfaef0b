"""HTTP over TLS to one server, on connections that are kept open: the standard library's, used sparingly.

A run of a thousand requests spends more on the client's side of HTTP than on anything else of its own, so a
request is sent in one piece and nothing is looked at that nobody asks for.
"""

from __future__ import annotations

import http.client
import ssl
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message

CONNECT_SECONDS = 5.0

# What a request meets on a connection that the server closes, or closed while it was idle.
DROPPED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

# What sending may raise: the address or the connection fails, TLS does, or the answer is no HTTP.
ERRORS = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """An answer as it came: HTTP status, headers, body."""

    status: int
    headers: Message
    body: bytes


@dataclass(frozen=True)
class Route:
    """How to reach a server: its host and port, the name its certificate must have, an HTTP proxy's host and
    port where there is one.
    """

    host: str
    port: int
    server_name: str
    proxy: tuple[str, int] | None = None


class Transport:
    """Sends requests from any number of threads at once.

    `tls` verifies the server and holds the client's certificate; `timeout` is the longest silence of the
    server, in seconds.
    """

    def __init__(self, route: Route, tls: ssl.SSLContext, timeout: float) -> None:
        self.route, self.timeout = route, timeout
        self._tls = tls
        self._idle: deque[_Connection] = deque()

    @property
    def address(self) -> str:
        """The server's URL without a path."""
        host = f"[{self.route.host}]" if ":" in self.route.host else self.route.host
        return f"https://{host}:{self.route.port}"

    def send(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send one request and return the answer; raises one of ``ERRORS``.

        A request that finds a kept connection closed is sent once more on a new one: whoever uses this sends
        nothing that does harm when it arrives twice.
        """
        try:
            kept = self._idle.pop()
        except IndexError:
            kept = None
        if kept is not None:
            try:
                return self._exchange(kept, method, target, body, headers)
            except DROPPED:
                pass
        return self._exchange(_Connection(self.route, self._tls, self.timeout), method, target, body, headers)

    def _exchange(
        self,
        connection: _Connection,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
    ) -> Answer:
        try:
            response = connection.ask(method, target, body, headers)
            answer = Answer(response.status, response.headers, response.read())
        except BaseException:
            connection.close()
            raise
        if response.will_close:
            connection.close()
        else:
            self._idle.append(connection)
        return answer


class _Connection(http.client.HTTPConnection):
    """A connection whose requests go out in one piece, head and body."""

    default_port = http.client.HTTPS_PORT

    def __init__(self, route: Route, tls: ssl.SSLContext, timeout: float) -> None:
        host, port = route.proxy or (route.host, route.port)
        super().__init__(host, port, timeout=CONNECT_SECONDS)
        if route.proxy:
            self.set_tunnel(route.host, route.port)
        self._server_name, self._tls_context, self._read_seconds = route.server_name, tls, timeout
        self._pieces: list[bytes] | None = None

    def connect(self) -> None:
        """Connect, through the proxy where there is one, and begin TLS."""
        super().connect()
        self.sock = self._tls_context.wrap_socket(self.sock, server_hostname=self._server_name)
        self.sock.settimeout(self._read_seconds)

    def send(self, data: bytes) -> None:  # type: ignore[override]  # no files are ever sent
        """Keep a part of a request; what a proxy is told goes out at once."""
        if self._pieces is None:
            super().send(data)
        else:
            self._pieces.append(data)

    def ask(
        self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]
    ) -> http.client.HTTPResponse:
        """Send a request and return the response, whose body is still to be read."""
        if self.sock is None:
            self.connect()
        self._pieces = []
        self.request(method, target, body, headers)
        pieces, self._pieces = self._pieces, None
        self.sock.sendall(b"".join(pieces))
        return self.getresponse()
