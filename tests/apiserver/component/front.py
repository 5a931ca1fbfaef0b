"""Answers HTTPS on loopback, in the place of the endpoint: by itself, or for a server behind it."""

from __future__ import annotations

import http.client
import json
import ssl
import threading
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.unit.pki import make_ca, make_server


class Front:
    """Serves ``answers``, path -> (status, what is sent as JSON), or passes on to `upstream`, a port.

    `url` is its address, `ca_file` the CA that vouches for it, `requests` the paths asked for. Its
    certificate names 127.0.0.1, localhost and `names`.
    """

    def __init__(self, folder: Path, upstream: int = 0, names: Sequence[str] = ()) -> None:
        self._upstream = upstream
        self.answers: dict[str, tuple[int, Any]] = {}
        self.requests: list[str] = []
        authority = make_ca()
        pair = make_server(authority, ["127.0.0.1", "localhost", *names])
        self.ca_file = folder / "front-ca.pem"
        self.ca_file.write_text(authority.certificate_pem)
        both = folder / "front.pem"
        both.write_text(pair.certificate_pem + pair.key_pem)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(both)
        self._http.socket = tls.wrap_socket(self._http.socket, server_side=True)
        self._thread = threading.Thread(target=self._http.serve_forever, daemon=True)
        self.port = self._http.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"

    def __enter__(self) -> Front:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    def _answer(self, path: str) -> tuple[int, bytes]:
        if not self._upstream:
            status, body = self.answers.get(path, (404, {}))
            return status, json.dumps(body).encode()
        connection = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=5)
        try:
            connection.request("GET", path)
            response = connection.getresponse()
            return response.status, response.read()
        except OSError:
            return 502, b""
        finally:
            connection.close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        front = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                front.requests.append(self.path)
                status, content = front._answer(self.path)
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        return Handler
