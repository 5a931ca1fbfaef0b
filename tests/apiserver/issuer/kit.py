"""A node's apiserver under a manifest, the ingress in front of Dex, and a user who logs in.

No kubelet runs here: `Kubelet` plays its part for the one manifest, by starting the process anew with the
command in it. What a real kubelet does with that folder is tested on the real cluster.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import re
import ssl
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import requests
import yaml

from tests.lighttier import LightApiserver
from tests.lighttier.credentials import Authority
from tests.lighttier.processes import Spawner, end, free_ports
from tests.sandbox.build import binary
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import Go

CLIENT, SECRET, REDIRECT = "console", "s3cret", "https://console.test/callback"
EMAIL, PASSWORD = "admin@example.test", "password"
# bcrypt of PASSWORD
HASH = "$2a$10$2b2cU8CPhOTaGrs1HRQuAueS7JTT5ZHsHSzYiFPm1leZck7Mc8T4W"
SECONDS = 60.0


def wait_for(condition: Callable[[], Any], what: str, seconds: float = SECONDS) -> Any:
    """Return what `condition` returns as soon as it is true."""
    deadline = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < deadline, f"waited {seconds:.0f} s for {what}"
        time.sleep(0.05)
    return found


class Kubelet:
    """Starts the apiserver anew whenever another file lies at the manifest's path."""

    def __init__(self, apiserver: LightApiserver, manifest: Path) -> None:
        self.apiserver, self.manifest = apiserver, manifest
        self.starts = 0
        self._sees = threading.Lock()
        self.names: set[str] = set()
        self._seen: tuple[int, int] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="kubelet", daemon=True)

    def open(self) -> None:
        self._seen = self._version()
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join()

    @contextlib.contextmanager
    def blind(self) -> Iterator[None]:
        """Have it miss what happens to the manifest until the block ends, and take what is there then."""
        with self._sees:
            try:
                yield
            finally:
                self._seen = self._version()

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def _version(self) -> tuple[int, int]:
        stat = self.manifest.stat()
        return stat.st_ino, stat.st_mtime_ns

    def _run(self) -> None:
        while not self._stop.wait(0.005):
            with self._sees:
                started = self._look()
            if started:
                # A container that ends at once is not started again at once.
                self._stop.wait(0.3)

    def _look(self) -> bool:
        self.names |= {path.name for path in self.manifest.parent.iterdir()}
        seen = self._version()
        if seen == self._seen and self.apiserver.running:
            return False
        (container,) = yaml.safe_load(self.manifest.read_text())["spec"]["containers"]
        self.apiserver.launch(container["command"])
        self._seen = seen
        # Whoever waits for another start finds the process of before gone.
        self.starts += 1
        return True


class Node:
    """One apiserver whose manifest, authentication folder and backups lie below `folder`."""

    def __init__(self, folder: Path) -> None:
        self.apiserver = LightApiserver()
        self.manifest = folder / "manifests" / "kube-apiserver.yaml"
        self.config_dir = folder / "authentication"
        self.backup_dir = folder / "backup"
        self.kubelet = Kubelet(self.apiserver, self.manifest)

    def open(self) -> None:
        self.apiserver.open()
        self.manifest.parent.mkdir(parents=True)
        self.config_dir.mkdir()
        self.reset()
        self.kubelet.open()

    def close(self) -> None:
        self.kubelet.close()
        self.apiserver.close()

    def pod(self, *flags: str) -> dict[str, Any]:
        """The manifest of the apiserver with more flags, as kubeadm shapes it."""
        container = {
            "name": "kube-apiserver",
            "image": "registry.k8s.io/kube-apiserver:v1.36.3",
            "command": [*self.apiserver.command, *flags],
            "volumeMounts": [{"name": "ca", "mountPath": str(self.apiserver.folder), "readOnly": True}],
        }
        volume = {"name": "ca", "hostPath": {"path": str(self.apiserver.folder), "type": "Directory"}}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": "kube-apiserver", "namespace": "kube-system"},
            "spec": {"containers": [container], "hostNetwork": True, "volumes": [volume]},
        }

    def reset(self, *flags: str) -> None:
        """Start over: the manifest with these flags alone, no structured file, no backups."""
        for folder in (self.config_dir, self.backup_dir, self.manifest.parent):
            for path in folder.iterdir() if folder.exists() else []:
                if path != self.manifest:
                    path.unlink()
        fresh = self.manifest.with_name(".fresh")
        fresh.write_text(yaml.safe_dump(self.pod(*flags), sort_keys=False))
        before = self.kubelet.starts
        changed = not self.manifest.exists() or fresh.read_text() != self.manifest.read_text()
        fresh.rename(self.manifest)
        if self.kubelet.alive:
            wait_for(lambda: self.kubelet.starts > before or not changed, "the kubelet")
            wait_for(self.ready, "the apiserver")

    def ready(self) -> bool:
        try:
            return self.apiserver.request("GET", "/readyz")[0] == 200
        except OSError:
            return False

    @property
    def arguments(self) -> dict[str, Any]:
        """Where this node's files are, as arguments of the state."""
        return {
            "manifest": str(self.manifest),
            "config_dir": str(self.config_dir),
            "backup_dir": str(self.backup_dir),
            "kubeconfig": str(self.apiserver.kubeconfig),
            "timeout": 60,
        }

    @property
    def flags(self) -> list[str]:
        """The authentication flags in the manifest."""
        (container,) = yaml.safe_load(self.manifest.read_text())["spec"]["containers"]
        return [
            flag for flag in container["command"] if flag.startswith(("--oidc", "--authentication-config"))
        ]

    def wait_until_aged(self) -> None:
        """Wait until a file written now is plainly later than the start, whose clock is coarse."""
        wait_for(lambda: time.time() - self.apiserver.started() > 3, "an apiserver of some age")

    @property
    def structured(self) -> Path:
        return self.config_dir / "authentication.yaml"

    def whoami(self, token: str) -> tuple[int, str]:
        """HTTP status, and the user name that a token has here."""
        context = ssl.create_default_context(cafile=str(self.apiserver.ca))
        host = urllib.parse.urlsplit(self.apiserver.url)
        connection = http.client.HTTPSConnection(host.hostname or "", host.port, context=context, timeout=5)
        body = json.dumps({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"})
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
        try:
            connection.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", body, headers)
            answer = connection.getresponse()
            found = json.loads(answer.read())
        finally:
            connection.close()
        user = found["status"]["userInfo"]["username"] if answer.status == 201 else ""
        return answer.status, user


class Ingress:
    """TLS in front of Dex at one address of loopback, as NGINX is at the ingress IP."""

    def __init__(self, authority: Authority, backend: int) -> None:
        self.documents: dict[str, bytes] = {}
        self.backend = backend
        pair = authority.server(["127.0.0.1"])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pair.certificate, pair.key)
        ingress = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                ingress._answer(self)

            def do_POST(self) -> None:
                ingress._answer(self)

            def log_message(self, *_: Any) -> None: ...

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._server.socket = context.wrap_socket(
            self._server.socket, server_side=True, do_handshake_on_connect=False
        )
        self._server.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self._server.server_address[1]}"

    @property
    def issuer(self) -> str:
        return f"{self.url}/oidc"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def publish(self, path: str, document: dict[str, Any]) -> str:
        """Serve a JSON document under a path and return its URL."""
        self.documents[path] = json.dumps(document).encode()
        return self.url + path

    def _answer(self, request: BaseHTTPRequestHandler) -> None:
        if request.path in self.documents:
            self._reply(request, 200, {"Content-Type": "application/json"}, self.documents[request.path])
            return
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        connection = http.client.HTTPConnection("127.0.0.1", self.backend, timeout=5)
        kept = ("Content-Type", "Authorization", "Cookie")
        headers = {name: request.headers[name] for name in kept if request.headers[name]}
        try:
            connection.request(request.command, request.path, body, headers)
            answer = connection.getresponse()
            content = answer.read()
        except OSError:
            self._reply(request, 502, {}, b"")
            return
        finally:
            connection.close()
        names = ("Content-Type", "Cache-Control", "Location", "Set-Cookie")
        self._reply(request, answer.status, {n: v for n in names if (v := answer.getheader(n))}, content)

    @staticmethod
    def _reply(request: BaseHTTPRequestHandler, status: int, headers: dict[str, str], body: bytes) -> None:
        request.send_response(status)
        for name, value in headers.items():
            request.send_header(name, value)
        request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


class Dex:
    """The real Dex on loopback; another issuer is another start."""

    def __init__(self, folder: Path, storage: dict[str, Any]) -> None:
        (self.port,) = free_ports(1)
        self._folder, self._storage = folder, storage
        self._spawner = Spawner()
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, issuer: str) -> None:
        self.stop()
        config = {
            "issuer": issuer,
            "storage": self._storage,
            "web": {"http": f"127.0.0.1:{self.port}"},
            "frontend": {"dir": str(Go(Store()).sources("dex", "github.com/dexidp/dex") / "web")},
            "oauth2": {"skipApprovalScreen": True},
            "expiry": {"idTokens": "30m"},
            "staticClients": [{"id": CLIENT, "secret": SECRET, "name": CLIENT, "redirectURIs": [REDIRECT]}],
            "enablePasswordDB": True,
            "staticPasswords": [{"email": EMAIL, "hash": HASH, "username": "admin", "userID": "u1"}],
        }
        path = self._folder / "dex.yaml"
        path.write_text(json.dumps(config))
        log = self._folder / "dex.log"
        self._process = self._spawner.start([str(binary("dex")), "serve", str(path)], log)
        health = urllib.parse.urlsplit(issuer).path + "/healthz"
        wait_for(lambda: self._status(health) == 200, f"Dex: {log.read_text()}")

    def stop(self) -> None:
        end(self._process)

    def close(self) -> None:
        self.stop()
        self._spawner.close()

    def _status(self, path: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status
        except OSError:
            return 0
        finally:
            connection.close()


def log_in(issuer: str, ca: Path) -> str:
    """Log in at Dex as a user does in a browser, and return the ID token."""
    with requests.Session() as session:
        session.verify, session.trust_env = str(ca), False
        query = {
            "client_id": CLIENT,
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "scope": "openid email profile groups",
            "state": "x",
        }
        page = session.get(f"{issuer}/auth", params=query, timeout=10)
        action = re.search(r'action="([^"]+)"', page.text)
        assert action, page.text
        target = urllib.parse.urljoin(page.url, action.group(1).replace("&amp;", "&"))
        answer = session.post(
            target, data={"login": EMAIL, "password": PASSWORD}, allow_redirects=False, timeout=10
        )
        location = answer.headers.get("location", "")
        while location and not location.startswith(REDIRECT):
            answer = session.get(urllib.parse.urljoin(target, location), allow_redirects=False, timeout=10)
            location = answer.headers.get("location", "")
        assert location, answer.text
        code = urllib.parse.parse_qs(urllib.parse.urlsplit(location).query)["code"][0]
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT}
        token = session.post(f"{issuer}/token", data=form, auth=(CLIENT, SECRET), timeout=10).json()
    return str(token["id_token"])
