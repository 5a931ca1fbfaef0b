"""Where a chart archive comes from, and how it gets into the cache: verified, whole, or not at all.

Three sources: ``upstream`` (the address in ``chart.yaml``), ``mirror`` (a base URL under which the archives
lie) and ``directory`` (a folder on this machine, for clusters without Internet access). Proxy settings are
taken from the environment, as every tool does.
"""

from __future__ import annotations

import http.client
import re
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Protocol

from ..errors import ChartError
from .archive import check_chart, digest_of
from .files import make_folder, replacing
from .pin import Pin

KINDS = ("upstream", "mirror", "directory")
MAX_ARCHIVE_BYTES = 32 << 20
_CHUNK = 1 << 16
_BASE_URL = re.compile(r"https?://[^\s@?#]+")


@dataclass(frozen=True)
class Source:
    """A kind of source and, for ``mirror`` and ``directory``, its base URL or folder."""

    kind: str = "upstream"
    location: str = ""

    def address(self, pin: Pin) -> str:
        """Address or path of the pinned archive at this source."""
        if self.kind == "upstream":
            return pin.url
        return f"{self.location.rstrip('/')}/{pin.archive}"


def make_source(kind: str = "upstream", mirror: str | None = None, directory: str | None = None) -> Source:
    """Build a checked :class:`Source`; raises :class:`ChartError` naming the key that is wrong or missing."""
    if kind == "upstream":
        return Source()
    if kind == "mirror":
        if not mirror or not _BASE_URL.fullmatch(mirror):
            raise ChartError(
                "source is mirror, so mirror must be an http(s) base URL without credentials or query, "
                "such as https://mirror.example/charts",
                reason="SourceInvalid",
            )
        return Source(kind, mirror)
    if kind == "directory":
        if not directory or not directory.startswith("/"):
            raise ChartError(
                "source is directory, so directory must be an absolute path on this machine; "
                f"it is {directory!r}",
                reason="SourceInvalid",
            )
        return Source(kind, directory)
    raise ChartError(f"source is {kind!r}, must be one of {', '.join(KINDS)}", reason="SourceInvalid")


def fetch(
    pin: Pin, source: Source, folder: Path, *, timeout: float = 120.0, max_bytes: int = MAX_ARCHIVE_BYTES
) -> Path:
    """Return the path of the pinned archive in the cache ``folder``, fetching it when it is not there.

    An archive in the cache is used only when its digest still matches. ``timeout`` bounds the whole transfer,
    in seconds; ``max_bytes`` its size. Raises :class:`ChartError`; nothing is kept of a refused archive.
    """
    target = folder / pin.cache_name
    if digest_of(target) == pin.sha256:
        return target
    make_folder(folder, 0o755)
    address = source.address(pin)
    with replacing(target, 0o644) as temporary:
        with _opened(source, address, timeout) as (stream, announced), temporary.open("wb") as sink:
            size = _copy(stream, sink, address, max_bytes, timeout)
        if announced is not None and size < announced:
            raise ChartError(
                f"{address}: the transfer ended after {size} of {announced} bytes; run it again",
                reason="ChartTruncated",
            )
        _verify(temporary, pin, address, size)
    return target


class _Stream(Protocol):
    def read1(self, size: int, /) -> bytes: ...


@contextmanager
def _opened(source: Source, address: str, timeout: float) -> Iterator[tuple[_Stream, int | None]]:
    """Yield the stream and its announced length; every failure while it is open becomes a ChartError."""
    try:
        if source.kind == "directory":
            with Path(address).open("rb") as stream:
                yield stream, None
        else:
            request = urllib.request.Request(address, headers={"Accept": "*/*"})  # noqa: S310  http(s), checked
            with urllib.request.urlopen(request, timeout=timeout) as response:  # noqa: S310
                length = response.headers.get("Content-Length", "")
                yield response, int(length) if length.isdigit() else None
    except urllib.error.HTTPError as exc:
        raise _unavailable(source, address, f"HTTP {exc.code} {exc.reason}", status=exc.code) from exc
    except urllib.error.URLError as exc:
        raise _unavailable(source, address, str(exc.reason)) from exc
    except http.client.HTTPException as exc:
        raise _unavailable(source, address, f"broken answer ({type(exc).__name__})") from exc
    except TimeoutError as exc:
        raise _unavailable(source, address, f"no answer within {timeout:g} s") from exc
    except OSError as exc:
        raise _unavailable(source, address, exc.strerror or str(exc)) from exc


def _copy(stream: _Stream, sink: IO[bytes], address: str, max_bytes: int, timeout: float) -> int:
    """Copy the stream, bounded in size and time; returns the number of bytes."""
    deadline = time.monotonic() + timeout
    size = 0
    # Not read(), which would wait for a whole chunk from a server that sends byte by byte.
    while chunk := stream.read1(_CHUNK):
        size += len(chunk)
        if size > max_bytes:
            raise ChartError(
                f"{address} is larger than {max_bytes} bytes, which no chart archive is; check the address",
                reason="ChartTooLarge",
            )
        if time.monotonic() > deadline:
            raise ChartError(
                f"{address}: the transfer was not done within {timeout:g} s, after {size} bytes; "
                "run it again, or raise the timeout",
                reason="ChartUnavailable",
            )
        sink.write(chunk)
    return size


def _verify(path: Path, pin: Pin, address: str, size: int) -> None:
    digest = digest_of(path)
    if digest != pin.sha256:
        raise ChartError(
            f"{address}: sha256 of the {size} bytes received is {digest}, but {pin.sha256} is pinned for "
            f"{pin.name} {pin.version}; nothing was kept{_hint(path)}",
            reason="ChartDigestMismatch",
            expected=pin.sha256,
            found=digest,
        )
    check_chart(path, pin)


def _hint(path: Path) -> str:
    """Say when the answer is not an archive at all: often a log-in page of a proxy."""
    with path.open("rb") as stream:
        gzipped = stream.read(2) == b"\x1f\x8b"
    return (
        "" if gzipped else ". It is not a gzipped file: the server may have answered with a page of its own"
    )


def _unavailable(source: Source, address: str, what: str, status: int = 0) -> ChartError:
    remedy = {
        "upstream": "use source mirror or directory where the Internet cannot be reached",
        "mirror": "check mirror and that it serves this archive",
        "directory": "put the archive there under this name",
    }[source.kind]
    return ChartError(f"{address}: {what}; {remedy}", reason="ChartUnavailable", status=status)
