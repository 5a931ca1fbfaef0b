"""Small real chart archives, and a real HTTP server on loopback that serves them well or badly."""

from __future__ import annotations

import contextlib
import hashlib
import http.server
import io
import tarfile
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from cp_ingress_core.chart.pin import Pin


def chart_archive(files: Mapping[str, str]) -> bytes:
    """Return a gzipped tar file with `files`, as `helm package` lays them out."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for name, text in files.items():
            data = text.encode()
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def small_chart(name: str = "small", version: str = "1.2.3", **templates: str) -> bytes:
    """Return the archive of a chart whose templates are given by file name without its ending."""
    files = {f"{name}/Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\n"}
    files |= {f"{name}/templates/{stem}.yaml": text for stem, text in templates.items()}
    return chart_archive(files)


def pin_of(archive: bytes, url: str = "http://127.0.0.1:1/small-1.2.3.tgz") -> Pin:
    """Return the pin of a small chart's archive."""
    return Pin("small", "1.2.3", url, hashlib.sha256(archive).hexdigest())


class ChartServer(http.server.ThreadingHTTPServer):
    """Serves `content`; `asked` holds the path of every request."""

    daemon_threads = True

    def __init__(self, content: bytes) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.content = content
        self.asked: list[str] = []
        self.release = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(http.server.BaseHTTPRequestHandler):
    """The first part of the path says how the answer goes wrong; /good does not."""

    server: ChartServer
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.server.asked.append(self.path)
        getattr(self, f"_{self.path.split('/')[1]}", self._good)()
        self.close_connection = True

    def _answer(self, body: bytes, announced: int | None = None) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(body) if announced is None else announced))
        self.end_headers()
        self.wfile.write(body)

    def _good(self) -> None:
        self._answer(self.server.content)

    def _truncated(self) -> None:
        self._answer(self.server.content[:-10], len(self.server.content))

    def _chunked(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.write(b"%x\r\n%s" % (len(self.server.content), self.server.content[:-10]))

    def _missing(self) -> None:
        self.send_error(404)

    def _moved(self) -> None:
        self.send_response(302)
        self.send_header("Location", "/good/small-1.2.3.tgz")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _login(self) -> None:
        self._answer(b"<html>please log in</html>")

    def _silent(self) -> None:
        # Ends with the test, not with a sleep.
        self.server.release.wait(30)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", str(len(self.server.content)))
        self.end_headers()
        with contextlib.suppress(ConnectionError):
            for byte in self.server.content:
                self.wfile.write(bytes([byte]))
                if self.server.release.wait(0.05):
                    break

    def _garbage(self) -> None:
        self.wfile.write(b"this is not HTTP\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Stay quiet."""


@contextlib.contextmanager
def serving(content: bytes) -> Iterator[ChartServer]:
    """Run a server for `content` while the block runs."""
    server = ChartServer(content)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.release.set()
        server.shutdown()
        thread.join()
        server.server_close()


def listing(folder: Path) -> list[str]:
    """Return the names in a folder, hidden ones too; none when it is not there."""
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []
