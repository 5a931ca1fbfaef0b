"""The apiservers' issuers on the sandbox's masters, in the words of an operator."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from tests.repeating import Repeating
from tests.sandbox.addresses import API_PORT
from tests.sandbox.client import https
from tests.sandbox.cluster import Sandbox
from tests.sandbox.watch.probes import administrator
from tests.sandbox.watch.records import Seen

MANIFEST = "etc/kubernetes/manifests/kube-apiserver.yaml"
STRUCTURED = "etc/kubernetes/cp-ingress/authentication.yaml"


def call(*issuers: str, **arguments: Any) -> list[str]:
    """What salt-call is given to run the state."""
    urls = [{"url": issuer} for issuer in issuers]
    given = {"issuers": urls, "client_id": "kubernetes", **arguments}
    words = [f"{name}={json.dumps(value)}" for name, value in given.items()]
    return ["state.single", "kube_apiserver.oidc_issuer", "name=issuer", *words]


def accept(
    sandbox: Sandbox, node: str, *issuers: str, test: bool = False, **arguments: Any
) -> dict[str, Any]:
    """Run the state on one master and return its result."""
    done = sandbox.salt_call(node, *call(*issuers, **arguments), test=test)
    assert isinstance(done.data, dict), done.stdout + done.stderr
    (result,) = done.data.values()
    return dict(result)


def accept_at_once(
    sandbox: Sandbox, nodes: list[str], *issuers: str, **arguments: Any
) -> list[dict[str, Any]]:
    """Several masters at the same time."""
    with ThreadPoolExecutor() as pool:
        return list(pool.map(lambda node: accept(sandbox, node, *issuers, **arguments), nodes))


def whoami(sandbox: Sandbox, node: str, token: str) -> tuple[int, str]:
    """HTTP status (0 without an answer), and the user name that a token has at one master's apiserver."""
    ca, _ = administrator(sandbox)
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    url = f"https://{sandbox.node(node).ip}:{API_PORT}/apis/authentication.k8s.io/v1/selfsubjectreviews"
    try:
        answer = https(url, ca, method="POST", headers=headers, body=json.dumps(review).encode())
    except OSError:
        return 0, ""
    user = json.loads(answer.body)["status"]["userInfo"]["username"] if answer.status == 201 else ""
    return answer.status, user


def users(sandbox: Sandbox, token: str) -> dict[str, tuple[int, str]]:
    """What a token is at every master."""
    return {node.name: whoami(sandbox, node.name, token) for node in sandbox.nodes}


def file(sandbox: Sandbox, node: str, path: str) -> Path:
    """A master's file, on the host's disk."""
    return sandbox.node(node).disk / path


def identities(sandbox: Sandbox) -> list[tuple[int, int]]:
    """Inode and time of every master's manifest and structured file."""
    paths = [file(sandbox, node.name, path) for node in sandbox.nodes for path in (MANIFEST, STRUCTURED)]
    return [(path.stat().st_ino, path.stat().st_mtime_ns) for path in paths if path.exists()]


def flags(sandbox: Sandbox, node: str) -> list[str]:
    """The authentication flags in a master's manifest."""
    (container,) = yaml.safe_load(file(sandbox, node, MANIFEST).read_text())["spec"]["containers"]
    return [flag for flag in container["command"] if flag.startswith(("--oidc", "--authentication-config"))]


def process(sandbox: Sandbox, node: str) -> str:
    """PID of the apiserver that runs on a master; "" while none does.

    The pod's status would tell a restart only when the kubelet has next written it.
    """
    return sandbox.run(node, ["pgrep", "--full", "^kube-apiserver "], check=False).stdout.strip()


def down_at_once(seen: Seen, masters: list[str]) -> list[list[str]]:
    """The masters whose apiservers did not answer, for each moment at which these were more than one."""
    moments: dict[Any, list[str]] = {}
    for request in seen.of(*masters):
        if not request.answered:
            moments.setdefault(request.tick, []).append(request.name)
    return [names for names in moments.values() if len(names) > 1]


class ManifestNames(Repeating):
    """Every name that appears in the masters' manifest folders, looked at every 5 ms until the end."""

    every = 0.005

    def __init__(self, sandbox: Sandbox) -> None:
        super().__init__()
        self._folders = [file(sandbox, node.name, MANIFEST).parent for node in sandbox.nodes]
        self.seen: set[str] = set()

    @property
    def visible(self) -> set[str]:
        """Those that a kubelet reads."""
        return {name for name in self.seen if not name.startswith(".")}

    def act(self) -> None:
        """Look once into every folder."""
        for folder in self._folders:
            self.seen |= {path.name for path in folder.iterdir()}
