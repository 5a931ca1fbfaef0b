"""A cluster without nodes on which the whole formula runs: what answers HTTPS is a server of the test's own.

Real are Salt, the SLS files, the charts, the apiserver and its etcd, the certificates and the TLS on the
endpoint. Controllers only make objects ready. What needs nodes (who announces an IP, NGINX itself) is tested
on the real cluster.
"""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import ssl
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cp_ingress_core import certificates
from cp_ingress_core.record import Record
from tests.formula.salt_caller import Masterless, masterless
from tests.lighttier import LightApiserver
from tests.lighttier.controllers import Controllers
from tests.sandbox.build import binary, charts

BOOTSTRAP = """\
apiVersion: cp-ingress/v1
kind: BootstrapConfiguration
networks:
  controlPlane: {{cidr: {cidr}, metalLB: {{enabled: {metallb}}}, ingress: {{ip: "{ip}"}}}}
"""
MASTERS = {"master-1": "10.200.0.11", "master-2": "10.200.0.12", "master-3": "10.200.0.13"}

RECORD = "/api/v1/namespaces/cp-ingress/configmaps/cp-ingress-endpoint"

# What is left out when a cluster's objects are compared: what the server or a controller writes.
_VOLATILE = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "uid")
_ASSIGNED = ("clusterIP", "clusterIPs", "healthCheckNodePort")
_COMPARED = {
    "/api/v1/namespaces": None,
    "/api/v1/namespaces/cp-ingress/services": None,
    "/api/v1/namespaces/cp-ingress/configmaps": "kube-root-ca.crt",
    "/api/v1/namespaces/cp-ingress/serviceaccounts": None,
    "/api/v1/namespaces/metallb-system/configmaps": "kube-root-ca.crt",
    "/api/v1/namespaces/metallb-system/serviceaccounts": None,
    "/apis/apps/v1/deployments": None,
    "/apis/apps/v1/daemonsets": None,
    "/apis/policy/v1/poddisruptionbudgets": None,
    "/apis/networking.k8s.io/v1/ingressclasses": None,
    "/apis/metallb.io/v1beta1/ipaddresspools": None,
    "/apis/metallb.io/v1beta1/l2advertisements": None,
    "/apis/rbac.authorization.k8s.io/v1/roles": None,
    "/apis/rbac.authorization.k8s.io/v1/rolebindings": None,
}


@dataclass(frozen=True)
class Wish:
    """An endpoint as the Bootstrap file asks for it."""

    ip: str
    metallb: bool

    @property
    def bootstrap(self) -> str:
        """The Bootstrap file."""
        cidr = "fd00:200::/64" if ":" in self.ip else "10.200.0.0/24"
        return BOOTSTRAP.format(cidr=cidr, metallb=str(self.metallb).lower(), ip=self.ip)

    @property
    def service(self) -> str:
        """The name of its Service."""
        exploded = ipaddress.ip_address(self.ip).exploded
        slug = exploded.replace(".", "-").replace(":", "-")
        return f"cp-{'metallb' if self.metallb else 'external'}-{slug}"


@dataclass
class World:
    """The apiserver, the minion on the bootstrap node, and what the tests do with them."""

    server: LightApiserver
    minion: Masterless
    tuning: dict[str, Any]
    pki: Path
    results: list[dict[str, Any]] = field(default_factory=list)

    def wish(self, wish: Wish, **tuning: Any) -> None:
        """Write the Bootstrap file, and the pillar with what `tuning` adds."""
        self.minion.write(wish.bootstrap, {**self.tuning, **tuning})

    def apply(self, sls: str = "cp_ingress", *, test: bool = False, check: bool = True) -> dict[str, Any]:
        """Run `state.apply`; return the results by state ID. With `check`, a failed state fails the test."""
        (answer,) = self.minion.call(["state.apply", sls, {"__kwarg__": True, "test": test}])
        assert isinstance(answer, dict), answer
        # x509 writes its file by a state of its own under the same ID.
        results = {
            state["__id__"]: state
            for key, state in answer.items()
            if not key.startswith("file_|-cp_ingress-certs-s")
        }
        failed = {name: state["comment"] for name, state in results.items() if state["result"] is False}
        assert not (check and failed), failed
        return results

    def call(self, function: str, *arguments: Any, **keywords: Any) -> Any:
        """Call an execution function."""
        (answer,) = self.minion.call([function, *arguments, {"__kwarg__": True, **keywords}])
        return answer

    def steps(self, sls: str = "cp_ingress") -> list[dict[str, Any]]:
        """Return the states of a run in their order."""
        (found,) = self.minion.call(["state.show_low_sls", sls])
        assert all(isinstance(chunk, dict) for chunk in found), found
        return sorted(found, key=lambda chunk: chunk["order"])

    def run(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Run states one after the other, as a run that is broken off after the last of them would."""
        results = self.minion.call(*(["state.low", step] for step in steps))
        assert all(isinstance(result, dict) for result in results), results
        failed = [result["comment"] for result in results if result["result"] is False]
        assert not failed, failed
        return results

    def finish(self, steps: list[dict[str, Any]]) -> None:
        """Run states one after the other, stop, and then run all of them as the next run would."""
        calls = [["state.low", step] for step in steps]
        *results, answer = self.minion.call(*calls, ["state.apply", "cp_ingress"])
        failed = [result["comment"] for result in (*results, *answer.values()) if result["result"] is False]
        assert not failed, failed

    def record(self) -> dict[str, Any]:
        """Return the record, as users read it."""
        status, answer = self.server.request("GET", RECORD)
        return Record.from_object(answer if status == 200 else None).to_dict()

    def names(self, path: str) -> list[str]:
        """Return the names of the objects under an API path."""
        status, answer = self.server.request("GET", path)
        return sorted(item["metadata"]["name"] for item in answer["items"]) if status == 200 else []

    def get(self, path: str) -> dict[str, Any]:
        """Return an object."""
        status, answer = self.server.request("GET", path)
        assert status == 200, answer
        return dict(answer)

    def services(self) -> list[str]:
        """Return the names of the endpoint's Services."""
        return self.names("/api/v1/namespaces/cp-ingress/services")

    def service(self, wish: Wish) -> dict[str, Any]:
        """Return an endpoint's Service."""
        return self.get(f"/api/v1/namespaces/cp-ingress/services/{wish.service}")

    def pool(self) -> list[str]:
        """Return the addresses in MetalLB's pools."""
        status, answer = self.server.request("GET", "/apis/metallb.io/v1beta1/ipaddresspools")
        items = answer["items"] if status == 200 else []
        return sorted(address for item in items for address in item["spec"]["addresses"])

    def picture(self) -> dict[str, Any]:
        """Return every object that the formula can make, without what the server and the past wrote."""
        found = {}
        for path, but in _COMPARED.items():
            status, answer = self.server.request("GET", path)
            for item in answer["items"] if status == 200 else []:
                metadata = item["metadata"]
                if metadata["name"] in (but, "default", "cp-ingress-endpoint"):
                    continue
                place = f"{path} {metadata.get('namespace', '')}/{metadata['name']}"
                found[place] = _plain(item)
        return found

    def join(self, name: str, ip: str) -> None:
        """Add a master."""
        _master(self.server, name, ip)

    def leave(self, name: str) -> None:
        """Take a master away."""
        assert self.server.request("DELETE", f"/api/v1/nodes/{name}")[0] == 200

    def certificate_names(self) -> list[str]:
        """Return the names in the server certificate on the bootstrap node."""
        return list(certificates.parse((self.pki / "server.crt").read_text()).names)


def _plain(item: dict[str, Any]) -> dict[str, Any]:
    metadata = {key: value for key, value in item["metadata"].items() if key not in _VOLATILE}
    annotations = {
        key: value
        for key, value in (metadata.get("annotations") or {}).items()
        if not key.startswith(("cp-ingress.salt", "deployment.kubernetes.io", "salt-cp-ingress"))
        and "applied-hash" not in key
    }
    metadata["annotations"] = annotations
    spec = {key: value for key, value in (item.get("spec") or {}).items() if key not in _ASSIGNED}
    rest = {key: value for key, value in item.items() if key not in ("metadata", "spec", "status")}
    return {**rest, "metadata": metadata, "spec": spec}


class Ingress:
    """Answers HTTPS with the certificate that the folder has at the time of each connection."""

    def __init__(self, pki: Path) -> None:
        self._pki = pki
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _NotFound)
        self._server.socket = _Reloading(self._server.socket, self._context)  # type: ignore[assignment]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where it listens, as the pillar has it."""
        return f"127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop answering."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._pki / "server.crt", self._pki / "server.key")
        return context


class _Reloading:
    """A listening socket whose connections are wrapped in TLS with the context of the moment."""

    def __init__(self, plain: Any, context: Any) -> None:
        self._plain, self._context = plain, context

    def accept(self) -> tuple[Any, Any]:
        connection, address = self._plain.accept()
        connection.settimeout(5)
        return self._context().wrap_socket(connection, server_side=True), address

    def __getattr__(self, name: str) -> Any:
        return getattr(self._plain, name)


class _NotFound(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextlib.contextmanager
def world(
    folder: Path, *arguments: str, masters: Mapping[str, str] = MappingProxyType(MASTERS)
) -> Iterator[World]:
    """Bring up an apiserver of one's own with three masters, and what answers HTTPS.

    `arguments` are flags of kube-apiserver, `masters` maps names to addresses.
    """
    server = LightApiserver(*arguments)
    pki = folder / "pki"
    ingress = Ingress(pki)
    try:
        server.open()
        for name, ip in masters.items():
            _master(server, name, ip)
        pins = {
            name: {
                "source": "directory",
                "directory": str(chart.path.parent),
                "version": chart.version,
                "sha256": chart.sha256,
            }
            for name, chart in charts().items()
        }
        tuning = {
            "kubeconfig": str(server.kubeconfig),
            "helm": str(binary("helm")),
            "charts": pins,
            "certificate": {"pki_dir": str(pki)},
            "timeouts": {"wait": 30, "verify": 15},
            "verify": {"connect_to": ingress.address},
        }
        with Controllers(server) as controllers:
            yield World(server, masterless(folder / "salt"), tuning, pki)
        assert not controllers.problems
    finally:
        ingress.close()
        server.close()


def _master(server: LightApiserver, name: str, ip: str) -> None:
    labels = {"node-role.kubernetes.io/control-plane": ""}
    node = {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": labels}}
    status, answer = server.request("POST", "/api/v1/nodes", node)
    assert status == 201, answer
    answer["status"]["addresses"] = [{"type": "InternalIP", "address": ip}]
    status, answer = server.request("PUT", f"/api/v1/nodes/{name}/status", answer)
    assert status == 200, answer
