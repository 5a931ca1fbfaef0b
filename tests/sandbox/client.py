"""The client: a place on the nodes' LAN that is not a node. Sockets are opened in it without a process."""

from __future__ import annotations

import ctypes
import functools
import http.client
import os
import socket
import threading
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from tests.sandbox import ports, tls
from tests.sandbox.addresses import CLIENT
from tests.sandbox.network import netns

T = TypeVar("T")
CLONE_NEWNET = 0x40000000
_PORTS = ports.Ports(ports.FOR_REQUESTS)


@dataclass(frozen=True)
class Response:
    """An HTTPS answer: status, headers (names in lower case), body, and the server certificate as DER."""

    status: int
    headers: dict[str, str]
    body: bytes
    certificate: bytes


def in_namespace(action: Callable[[], T], path: Path | None = None) -> T:
    """Call `action` in a thread that has entered a network namespace (the client's when not given).

    Sockets that it opens stay in that namespace and can be used from any thread.
    """
    results: list[T] = []
    errors: list[BaseException] = []

    def body() -> None:
        try:
            _enter(path or netns(CLIENT.name))
            results.append(action())
        except BaseException as error:  # raised again in the caller's thread
            errors.append(error)

    # The thread ends afterwards: it is of no use to anybody who doesn't expect that namespace.
    thread = threading.Thread(target=body, name="sandbox-client")
    thread.start()
    thread.join()
    if errors:
        raise errors[0]
    return results[0]


def connect(host: str, port: int, *, timeout: float = 5) -> socket.socket:
    """A TCP connection from the client to `host` (an address: there is no name server)."""
    return in_namespace(lambda: _connect(host, port, timeout))


def https(
    url: str,
    ca: Path | str | None,
    *,
    timeout: float = 5,
    method: str = "GET",
    headers: dict[str, str] | None = None,
    body: bytes | None = None,
) -> Response:
    """One HTTPS request from the client, on a new connection.

    Parameters: `url` with an IP as host; `ca` a PEM file the certificate must be issued by (its names are
    checked too), or None to accept any.
    Raises OSError (ssl.SSLError among them) when there is no answer or the certificate is not valid.
    """
    parts = urllib.parse.urlsplit(url)
    host, port = parts.hostname or "", parts.port or 443
    context = _context(Path(ca).read_text() if ca else None)
    with (
        connect(host, port, timeout=timeout) as plain,
        context.wrap_socket(plain, server_hostname=host) as secure,
    ):
        # Read first: an answer that ends the connection closes the socket too.
        certificate = secure.getpeercert(binary_form=True) or b""
        # The one for HTTPS would make a TLS context first, which nobody uses when the socket is given.
        connection = http.client.HTTPConnection(host, port, timeout=timeout)
        connection.sock = secure
        target = urllib.parse.urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request(method, target, body=body, headers=headers or {})
        answer = connection.getresponse()
        content = answer.read()
        fields = {name.lower(): value for name, value in answer.getheaders()}
        return Response(answer.status, fields, content, certificate)


def _connect(host: str, port: int, timeout: float) -> socket.socket:
    attempt = 0
    while True:
        attempt += 1
        try:
            return socket.create_connection((host, port), timeout, source_address=("", _PORTS.next()))
        except OSError as error:
            if not ports.taken(error) or attempt == ports.TRIES:
                raise


# Kept, since many requests trust the same: a watch that makes one each time takes the processors away from
# what it watches.
_context = functools.lru_cache(maxsize=16)(tls.context)


def _enter(path: Path) -> None:
    library: Any = ctypes.CDLL(None, use_errno=True)
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        if library.setns(fd, CLONE_NEWNET) != 0:
            code = ctypes.get_errno()
            raise OSError(code, f"can't enter network namespace {path}: {os.strerror(code)}")
    finally:
        os.close(fd)
