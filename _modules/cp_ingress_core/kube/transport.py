"""HTTP over TLS to one server, on connections that are kept open.

A run of a thousand requests spends more on the client's side of HTTP than on anything else of its own. So the
standard library connects, through a proxy where there is one, but requests are put together and answers are
read here: its own way of doing that takes most of the time of a request.
"""

from __future__ import annotations

import http.client
import ssl
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO

CONNECT_SECONDS = 5.0
LONGEST_LINE = 65536

# What a request meets on a connection that the server closes, or closed while it was idle.
DROPPED = (ConnectionError, ssl.SSLEOFError, ssl.SSLZeroReturnError)

# What sending may raise: the address or the connection fails, TLS does, or the answer is no HTTP.
ERRORS = (OSError, http.client.HTTPException)


@dataclass(frozen=True)
class Answer:
    """An answer as it came: HTTP status, headers by their names in small letters, body."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    last: bool = False  # the server closes the connection after it


@dataclass(frozen=True)
class Route:
    """How to reach a server: its host and port, the name its certificate must have, an HTTP proxy's host and
    port where there is one.
    """

    host: str
    port: int
    server_name: str
    proxy: tuple[str, int] | None = None

    @property
    def authority(self) -> str:
        """Host and port as a URL has them."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


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
        return f"https://{self.route.authority}"

    def elsewhere(self, host: str, port: int, timeout: float) -> Transport:
        """Return a transport to another server of the same cluster, which must prove to be that host.

        `timeout` bounds connecting as well.
        """
        named = self.route.server_name != self.route.host
        name = self.route.server_name if named else host
        return Transport(Route(host, port, name, self.route.proxy), self._tls, timeout)

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
            answer = connection.ask(method, target, body, headers)
        except BaseException:
            connection.close()
            raise
        if answer.last:
            connection.close()
        else:
            self._idle.append(connection)
        return answer


class _Connection:
    """A connection on which one request follows the other."""

    def __init__(self, route: Route, tls: ssl.SSLContext, timeout: float) -> None:
        self._host = route.authority
        host, port = route.proxy or (route.host, route.port)
        connecting = http.client.HTTPConnection(host, port, timeout=min(CONNECT_SECONDS, timeout))
        if route.proxy:
            connecting.set_tunnel(route.host, route.port)
        connecting.connect()
        self._socket = tls.wrap_socket(connecting.sock, server_hostname=route.server_name)
        self._socket.settimeout(timeout)
        self._stream = self._socket.makefile("rb")

    def ask(self, method: str, target: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request in one piece, head and body, and return the answer."""
        lines = [f"{method} {target} HTTP/1.1", f"Host: {self._host}", "Accept-Encoding: identity"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        head = "\r\n".join([*lines, "", ""]).encode("latin-1")
        self._socket.sendall(head + (body or b""))
        return read_answer(self._stream)

    def close(self) -> None:
        """End the connection."""
        self._stream.close()
        self._socket.close()


def read_answer(stream: BinaryIO) -> Answer:
    """Return the next answer on a connection; raises one of ``ERRORS`` when it is cut short or no HTTP."""
    version, status = _status_line(stream)
    headers = _headers(stream)
    while 100 <= status < 200:  # said in passing: the answer itself follows
        version, status = _status_line(stream)
        headers = _headers(stream)
    length = headers.get("content-length", "")
    whole = True
    if status in (204, 304):
        body = b""
    elif headers.get("transfer-encoding", "").lower() == "chunked":
        body = b"".join(_chunks(stream))
    elif length.isdigit():
        body = _exactly(stream, int(length))
    else:
        body, whole = stream.read(), False
    last = not whole or version == "HTTP/1.0" or headers.get("connection", "").lower() == "close"
    return Answer(status, headers, body, last)


def _status_line(stream: BinaryIO) -> tuple[str, int]:
    version, _, rest = _line(stream, "the connection was closed without an answer").partition(" ")
    code = rest[:3]
    if not version.startswith("HTTP/1.") or not code.isdigit():
        raise http.client.BadStatusLine("the answer is no HTTP")
    return version, int(code)


def _headers(stream: BinaryIO) -> dict[str, str]:
    found: dict[str, str] = {}
    while line := _line(stream):
        name, _, value = line.partition(":")
        found[name.lower()] = value.strip()
    return found


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    while True:
        size = _line(stream).partition(";")[0].strip()
        try:
            length = int(size, 16)
        except ValueError:
            raise http.client.IncompleteRead(b"") from None
        if not length:
            _headers(stream)  # trailers
            return
        yield _exactly(stream, length)
        _line(stream)


def _exactly(stream: BinaryIO, length: int) -> bytes:
    found = stream.read(length)
    if len(found) < length:
        raise http.client.IncompleteRead(b"", length - len(found))
    return found


def _line(stream: BinaryIO, closed: str = "") -> str:
    line = stream.readline(LONGEST_LINE)
    if not line and closed:
        raise http.client.RemoteDisconnected(closed)
    if not line.endswith(b"\n"):
        raise http.client.IncompleteRead(line)
    return line.decode("latin-1").rstrip("\r\n")
