"""One HTTP/1.1 exchange over asyncio's streams: just what it takes to know that an answer is whole."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.sandbox import ports, tls
from tests.sandbox.ports import Ports

HEAD_LIMIT = 256 * 1024


_PORTS: defaultdict[str, Ports] = defaultdict(partial(Ports, ports.FOR_WATCHES))
"""By the address that is asked."""


class BrokenError(OSError):
    """The server ended the connection, or sent something that is no HTTP."""


class UnansweredError(BrokenError):
    """The connection ended before the first byte of an answer."""


@dataclass(frozen=True)
class Target:
    """Where a request goes and what it says; `certificate` and `key` are files of a client certificate."""

    host: str
    port: int
    path: str = "/"
    headers: Mapping[str, str] | None = None
    ca: str | None = None
    certificate: str | None = None
    connect_to: str | None = None

    def context(self) -> ssl.SSLContext:
        """TLS of this target: chain and name are checked whenever there is a CA."""
        context = tls.context(Path(self.ca).read_text() if self.ca else None)
        if self.certificate:
            context.load_cert_chain(self.certificate)
        return context

    def request(self, *, keep: bool) -> bytes:
        """The bytes of the request."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        fields = {
            "Host": f"{host}:{self.port}",
            "User-Agent": "sandbox-watch",
            "Accept": "*/*",
            "Connection": "keep-alive" if keep else "close",
            **(self.headers or {}),
        }
        lines = [f"GET {self.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()


@dataclass
class Stage:
    """How far an exchange has come: what it waits for."""

    awaits: str = "HTTP"


@dataclass
class Connection:
    """A TCP and TLS connection to a target."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    used: int = 0
    open: bool = True

    @classmethod
    async def to(cls, target: Target, context: ssl.SSLContext, stage: Stage) -> Connection:
        """Connect and shake hands."""
        stage.awaits = "TCP"
        plain = await _connect(target.connect_to or target.host, target.port)
        reader, writer = await asyncio.open_connection(sock=plain, limit=HEAD_LIMIT)
        stage.awaits = "TLS"
        await writer.start_tls(context, server_hostname=target.host)
        stage.awaits = "HTTP"
        return cls(reader, writer)

    async def ask(self, request: bytes) -> int:
        """Send a request and read the whole answer; returns its status."""
        try:
            self.writer.write(request)
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as error:
            raise (BrokenError if error.partial else UnansweredError)(
                "the server ended the connection"
            ) from error
        except ConnectionError as error:
            raise UnansweredError(str(error)) from error
        except asyncio.LimitOverrunError as error:
            raise BrokenError("the head of the answer is too long") from error
        status, fields = parse_head(head)
        try:
            self.open = await self._body(status, fields)
        except asyncio.IncompleteReadError as error:
            raise BrokenError("the answer ended before its end") from error
        self.used += 1
        return status

    def close(self) -> None:
        """Let the connection go at once, without waiting for anybody."""
        self.open = False
        self.writer.transport.abort()

    async def _body(self, status: int, fields: Mapping[str, str]) -> bool:
        """Read the body; returns whether the connection can be used again."""
        stays = fields.get("connection", "").lower() != "close"
        if status in (204, 304):
            return stays
        if fields.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await self.reader.readuntil(b"\r\n")).split(b";")[0], 16):
                await self.reader.readexactly(size + 2)
            await self.reader.readuntil(b"\r\n")
            return stays
        if "content-length" in fields:
            await self.reader.readexactly(int(fields["content-length"]))
            return stays
        await self.reader.read()
        return False


async def _connect(host: str, port: int) -> socket.socket:
    """Connect from a port that has not been used for long."""
    attempt = 0
    while True:
        attempt += 1
        plain = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        plain.setblocking(False)
        plain.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            plain.bind(("", _PORTS[host].next()))
            await asyncio.get_running_loop().sock_connect(plain, (host, port))
        except BaseException as error:
            plain.close()
            if not ports.taken(error) or attempt == ports.TRIES:
                raise
        else:
            return plain


def parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    """Status and header fields (names in lower case) of an answer's head."""
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    words = first.split(maxsplit=2)
    if len(words) < 2 or not words[0].startswith("HTTP/") or not words[1].isdigit():
        raise BrokenError(f"no HTTP answer but {first[:60]!r}")
    fields = dict(line.split(":", 1) for line in lines if ":" in line)
    return int(words[1]), {name.strip().lower(): value.strip() for name, value in fields.items()}
