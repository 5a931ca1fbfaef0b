"""A proxy in front of a real apiserver that answers some requests with a fault of a test's choice."""

from __future__ import annotations

import json
import math
import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from tests.lighttier.apiserver import LightApiserver


@dataclass
class Fault:
    """Happens to the next `times` requests for which `matches` (method, path) holds, for `seconds` from the
    first of them on.

    With `status` the proxy answers itself, with a Status made of `status_object`, and the apiserver sees
    nothing. `after` lets the apiserver handle the request first. `cut` sends half of the real answer and
    breaks the connection; `refuse` breaks it without an answer.
    """

    matches: Callable[[str, str], bool]
    times: int = 1
    seconds: float = math.inf
    status: int = 0
    status_object: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    refuse: bool = False
    after: bool = False
    seen: int = 0
    began: float = 0.0

    def catches(self, method: str, path: str) -> bool:
        """Whether it happens to this request; it is counted then."""
        now = time.monotonic()
        if self.seen >= self.times or not self.matches(method, path):
            return False
        self.began = self.began or now
        if now - self.began > self.seconds:
            return False
        self.seen += 1
        return True


class FaultProxy:
    """Listens on loopback with the apiserver's own certificate and passes on what no fault catches.

    `kubeconfig` leads to the proxy; whoever uses it acts as cluster administrator. `requests` are the
    (method, path) pairs that came in.
    """

    def __init__(self, server: LightApiserver, folder: Path) -> None:
        self.faults: list[Fault] = []
        self.requests: list[tuple[str, str]] = []
        self._lock = threading.Lock()
        self._upstream = server
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._http.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*server.serving_pair())
        self._http.socket = context.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.kubeconfig = folder / "proxy.conf"
        content = yaml.safe_load(server.kubeconfig.read_text())
        content["clusters"][0]["cluster"]["server"] = f"https://127.0.0.1:{self._http.server_address[1]}"
        self.kubeconfig.write_text(yaml.safe_dump(content))

    def __enter__(self) -> FaultProxy:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def add(self, matches: Callable[[str, str], bool], **fault: Any) -> Fault:
        """Add a fault and return it; `seen` counts how often it happened."""
        added = Fault(matches, **fault)
        self.faults.append(added)
        return added

    def count(self, method: str, part: str) -> int:
        """Return how many requests of that method came in whose path holds `part`."""
        return sum(1 for found, path in self.requests if found == method and part in path)

    def take(self, method: str, path: str) -> Fault | None:
        """Note a request and return the fault that shall happen to it, if any."""
        with self._lock:
            self.requests.append((method, path))
            for fault in self.faults:
                if fault.catches(method, path):
                    return fault
        return None

    def forward(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        """Send a request to the apiserver; return status, content type and body."""
        connection = self._upstream.connection()
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return response.status, response.getheader("Content-Type", ""), response.read()
        finally:
            connection.close()


class Recorder(FaultProxy):
    """A proxy without faults that keeps what the API server answered."""

    def __init__(self, server: LightApiserver, folder: Path) -> None:
        super().__init__(server, folder)
        self.answers: list[bytes] = []

    def forward(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> tuple[int, str, bytes]:
        answer = super().forward(method, path, body, headers)
        self.answers.append(answer[2])
        return answer


def _handler(proxy: FaultProxy) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            body = self.rfile.read(length) if length else None
            fault = proxy.take(self.command, self.path)
            if fault is None or fault.cut or fault.after:
                status, kind, content = proxy.forward(self.command, self.path, body, self._passed())
            if fault is None:
                self._answer(status, kind, content)
            elif fault.refuse:
                self.close_connection = True
            elif fault.cut:
                self._answer(status, kind, content[: len(content) // 2], announced=len(content))
                self.close_connection = True
            else:
                answer = {"kind": "Status", "apiVersion": "v1", "code": fault.status, **fault.status_object}
                content = json.dumps(answer).encode()
                self._answer(fault.status, "application/json", content, headers=fault.headers)

        def _passed(self) -> dict[str, str]:
            wanted = ("Accept", "Content-Type", "User-Agent")
            return {name: self.headers[name] for name in wanted if self.headers.get(name)}

        def _answer(
            self,
            status: int,
            kind: str,
            content: bytes,
            *,
            announced: int | None = None,
            headers: dict[str, str] | None = None,
        ) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content) if announced is None else announced))
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

        do_GET = do_PATCH = do_DELETE = do_PUT = do_POST = _serve  # noqa: N815

    return Handler


def on(method: str, part: str) -> Callable[[str, str], bool]:
    """Match requests of a method whose path holds `part`."""
    return lambda found, path: found == method and part in path
