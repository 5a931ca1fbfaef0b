"""One etcd and one kube-apiserver as plain processes on loopback."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import ssl
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from tests.lighttier import audit
from tests.lighttier.credentials import Authority, file_name, write_key, write_kubeconfig
from tests.lighttier.processes import Spawner, end, free_ports, log_tail, private_folder
from tests.sandbox.build import bin_dir
from tests.sandbox.process import execute

READY_SECONDS = 60.0
POLL_SECONDS = 0.03
ATTEMPTS = 3
KUBECTL_SECONDS = 60.0
# The apiserver wants an address to advertise that is not loopback; nobody uses it.
ADVERTISED = "192.0.2.1"


class LightApiserver:
    """A real apiserver with RBAC and an audit log; no controllers, no nodes.

    `url` is its address, `ca` the file of its CA, `kubeconfig` that of a cluster administrator's kubeconfig;
    `arguments` are flags of kube-apiserver besides those that it needs here. A `durable` one waits until its
    data are on a disk, as etcd does in a cluster; others are quicker.
    Without controllers nothing ends a namespace's deletion, fills the aggregated roles (view, edit, admin),
    makes tokens or runs pods.
    """

    def __init__(self, *arguments: str, durable: bool = False) -> None:
        self._arguments, self._durable = arguments, durable
        self._programs = bin_dir("etcd", "kube-light")
        self.folder = private_folder(in_memory=not durable)
        self._spawner = Spawner()
        self._etcd: subprocess.Popen[bytes] | None = None
        self._apiserver: subprocess.Popen[bytes] | None = None
        self._authority = Authority(self.folder)
        self._server = self._authority.server(["127.0.0.1", "localhost", "kubernetes.default.svc"])
        self._admin = self._authority.client("light-admin", ["system:masters"])
        self.ca = self._authority.certificate
        self.kubeconfig = self.folder / "admin.conf"
        self._audit = audit.AuditLog(self.folder / "audit.log")
        write_key(self.folder / "service-account.key", ec.generate_private_key(ec.SECP256R1()))
        (self.folder / "audit-policy.yaml").write_text(audit.POLICY, encoding="utf-8")
        self._port = 0

    @property
    def url(self) -> str:
        """The address of the apiserver, https://127.0.0.1:PORT."""
        return f"https://127.0.0.1:{self._port}"

    def open(self) -> None:
        """Start both processes on free ports and wait until the apiserver is ready."""
        for attempt in range(ATTEMPTS):
            client, peer, self._port = free_ports(3)
            self._etcd = self._spawner.start(self._etcd_command(client, peer), self.folder / "etcd.log")
            self._etcd_url = f"http://127.0.0.1:{client}"
            try:
                self.start()
                break
            except RuntimeError:
                # Somebody else may have taken one of the ports meanwhile.
                end(self._etcd)
                shutil.rmtree(self.folder / "etcd", ignore_errors=True)
                if attempt == ATTEMPTS - 1:
                    raise
        write_kubeconfig(self.kubeconfig, self.url, self.ca, self._admin)

    def close(self) -> None:
        """End both processes and remove their files."""
        self.stop()
        end(self._etcd)
        self._spawner.close()
        shutil.rmtree(self.folder)

    def start(self) -> None:
        """Bring the API back, at the same address, and wait until it is ready."""
        self._apiserver = self._spawner.start(self._apiserver_command(), self.folder / "apiserver.log")
        try:
            self._wait_until_ready()
        except BaseException:
            end(self._apiserver)
            raise

    @property
    def command(self) -> list[str]:
        """The apiserver's command line."""
        return self._apiserver_command()

    def launch(self, command: Sequence[str]) -> None:
        """End the apiserver and start it with another command line; does not wait until it is ready."""
        end(self._apiserver)
        self._apiserver = self._spawner.start(command, self.folder / "apiserver.log")

    @property
    def running(self) -> bool:
        """Whether the apiserver's process is there."""
        return self._apiserver is not None and self._apiserver.poll() is None

    def started(self) -> float:
        """When its process started, in seconds since 1970, as the apiserver itself tells it."""
        text = self.request("GET", "/metrics")[1]
        (line,) = [line for line in text.splitlines() if line.startswith("process_start_time_seconds ")]
        return float(line.split()[1])

    def stop(self) -> None:
        """Take the API away at once: connections break, new ones are refused. etcd keeps the data."""
        end(self._apiserver)

    def cpu_seconds(self) -> float:
        """Return the CPU time that apiserver and etcd have used so far."""
        ticks = 0
        for process in (self._apiserver, self._etcd):
            assert process is not None
            # Behind the name, which is in brackets: user time is field 14, system time 15.
            fields = Path("/proc", str(process.pid), "stat").read_text(encoding="utf-8").rpartition(")")[2]
            ticks += sum(map(int, fields.split()[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def mark(self) -> int:
        """Return a mark for `since`: requests sent from now on come after it."""
        return self._audit.mark()

    def since(self, mark: int, user_agent: str | None = None) -> list[audit.AuditEvent]:
        """Return the audited requests answered since `mark`, of clients whose User-Agent starts so."""
        return self._audit.since(mark, user_agent)

    def audit(self) -> list[audit.AuditEvent]:
        """Return all audited requests."""
        return self._audit.since(0)

    def kubeconfig_for(self, user: str, groups: Sequence[str] = ()) -> Path:
        """Return a kubeconfig whose client certificate names `user` in `groups`; RBAC says what it may do."""
        path = self.folder / f"{file_name(user)}.conf"
        write_kubeconfig(path, self.url, self.ca, self._authority.client(user, groups))
        return path

    def expired_pair(self, user: str) -> tuple[Path, Path]:
        """Return the files of a client certificate that named `user` until a while ago, and of its key."""
        pair = self._authority.client(user, (), expired=True)
        return pair.certificate, pair.key

    def kubectl(self, *arguments: str, stdin: str | None = None) -> str:
        """Run kubectl as administrator; return its output, or raise SandboxError with what it said."""
        return execute(
            [str(self._programs / "kubectl"), f"--kubeconfig={self.kubeconfig}", *arguments],
            stdin=stdin,
            timeout=KUBECTL_SECONDS,
            env=os.environ | {"HOME": str(self.folder)},
        ).stdout

    def request(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send one request as administrator, JSON in and out; return the HTTP status and the answer."""
        connection = self.connection()
        try:
            content = None if body is None else json.dumps(body)
            connection.request(method, path, content, {"Content-Type": "application/json", **headers})
            response = connection.getresponse()
            text = response.read().decode()
        finally:
            connection.close()
        is_json = response.getheader("Content-Type", "").startswith("application/json")
        return response.status, json.loads(text) if is_json else text

    def connection(self) -> http.client.HTTPSConnection:
        """Return a new connection as administrator; the caller closes it."""
        return http.client.HTTPSConnection("127.0.0.1", self._port, context=self._tls(), timeout=10)

    def serving_pair(self) -> tuple[Path, Path]:
        """Return the files of the apiserver's own certificate, valid for 127.0.0.1, and of its key."""
        return self._server.certificate, self._server.key

    def _tls(self) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.ca))
        context.load_cert_chain(self._admin.certificate, self._admin.key)
        return context

    def _wait_until_ready(self) -> None:
        assert self._apiserver is not None and self._etcd is not None
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            for process, name in ((self._etcd, "etcd"), (self._apiserver, "apiserver")):
                if process.poll() is not None:
                    raise RuntimeError(
                        f"{name} ended ({process.returncode}):\n{log_tail(self.folder / f'{name}.log')}"
                    )
            try:
                if self.request("GET", "/readyz")[0] == 200:
                    return
            except OSError:
                pass
            time.sleep(POLL_SECONDS)
        tail = log_tail(self.folder / "apiserver.log")
        raise RuntimeError(f"the apiserver is not ready after {READY_SECONDS:.0f} s:\n{tail}")

    def _etcd_command(self, client: int, peer: int) -> list[str]:
        client_url, peer_url = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
        return [
            str(self._programs / "etcd"),
            f"--data-dir={self.folder / 'etcd'}",
            f"--listen-client-urls={client_url}",
            f"--advertise-client-urls={client_url}",
            f"--listen-peer-urls={peer_url}",
            f"--initial-advertise-peer-urls={peer_url}",
            f"--initial-cluster=default={peer_url}",
            "--log-level=warn",
            *([] if self._durable else ["--unsafe-no-fsync"]),
        ]

    def _apiserver_command(self) -> list[str]:
        service_account = self.folder / "service-account.key"
        return [
            str(self._programs / "kube-apiserver"),
            f"--etcd-servers={self._etcd_url}",
            "--bind-address=127.0.0.1",
            f"--secure-port={self._port}",
            f"--advertise-address={ADVERTISED}",
            "--endpoint-reconciler-type=none",
            "--service-cluster-ip-range=10.96.0.0/16",
            "--authorization-mode=RBAC",
            "--disable-admission-plugins=ServiceAccount",
            f"--client-ca-file={self.ca}",
            f"--tls-cert-file={self._server.certificate}",
            f"--tls-private-key-file={self._server.key}",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={service_account}",
            f"--service-account-signing-key-file={service_account}",
            f"--audit-policy-file={self.folder / 'audit-policy.yaml'}",
            f"--audit-log-path={self._audit.path}",
            "--audit-log-mode=blocking-strict",
            "--v=1",
            *self._arguments,
        ]
