"""What the tests of the ingress do on the sandbox, in the words of an operator."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from tests.sandbox import audit
from tests.sandbox.cluster import Sandbox
from tests.sandbox.process import wait_for

VIP = "10.200.0.50"
PORT = 8443
USER_AGENT = "salt-cp-ingress/"
CA_FILE = "/etc/cp-ingress/pki/ca.crt"

# Kinds that cp-ingress deploys; one that the cluster does not serve is left out when listed.
KINDS = (
    "namespaces",
    "serviceaccounts",
    "secrets",
    "configmaps",
    "services",
    "deployments.apps",
    "daemonsets.apps",
    "poddisruptionbudgets.policy",
    "clusterroles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
    "ingressclasses.networking.k8s.io",
    "customresourcedefinitions.apiextensions.k8s.io",
    "validatingwebhookconfigurations.admissionregistration.k8s.io",
    "ipaddresspools.metallb.io",
    "l2advertisements.metallb.io",
)


def bootstrap_file(ip: str | None, *, metallb: bool) -> str:
    """Return a Bootstrap file for the sandbox's network."""
    document: dict[str, Any] = {
        "apiVersion": "cp-ingress/v1",
        "kind": "BootstrapConfiguration",
        "networks": {"controlPlane": {"cidr": "10.200.0.0/24", "metalLB": {"enabled": metallb}}},
    }
    if ip:
        document["networks"]["controlPlane"]["ingress"] = {"ip": ip}
    return json.dumps(document, indent=2)


@dataclass(frozen=True)
class Run:
    """One `state.apply`: its states by ID, and its exit code."""

    rc: int
    states: dict[str, dict[str, Any]] = field(repr=False)
    text: str = field(repr=False)

    @property
    def changes(self) -> dict[str, Any]:
        """Changes of the states that had some, by state ID."""
        return {name: state["changes"] for name, state in self.states.items() if state["changes"]}

    @property
    def failures(self) -> dict[str, str]:
        """Comments of the states that failed, by state ID."""
        return {name: state["comment"] for name, state in self.states.items() if state["result"] is False}


def apply(sandbox: Sandbox, sls: str = "cp_ingress", *, test: bool = False, check: bool = True) -> Run:
    """Run `salt-call state.apply` on the bootstrap node; with `check`, a failed state fails the test."""
    return run_of(sandbox.salt_call("n1", "state.apply", sls, test=test), check=check)


def run_of(result: Any, *, check: bool = True) -> Run:
    """Turn what a Salt command returned into a Run."""
    text = result.stdout + result.stderr
    assert isinstance(result.data, dict), text
    states = {
        # Two functions can run under one ID (x509 writes its file through file.managed).
        f"{state['__id__']} {key.split('_|-')[0]}": state
        for key, state in result.data.items()
    }
    run = Run(result.rc, states, text)
    if check:
        assert not run.failures, "\n".join(f"{name}: {text}" for name, text in run.failures.items())
        assert run.rc in (0, 2), text
    return run


def object_changes(run: Run) -> dict[str, Any]:
    """Return the changes of the states that are ours, which test mode must predict to the letter."""
    return {name: changes for name, changes in run.changes.items() if not name.endswith((" x509", " file"))}


def listed(sandbox: Sandbox, kind: str, *arguments: str) -> list[dict[str, Any]]:
    """Return the objects of a kind, in all namespaces; none where the cluster does not serve the kind."""
    served = sandbox.kubectl("api-resources", "--output=name", "--request-timeout=20").stdout.split()
    if "." in kind and kind not in served:
        return []
    found = sandbox.kubectl("get", kind, "--all-namespaces", "--output=json", *arguments).stdout
    return list(json.loads(found)["items"])


def ours(sandbox: Sandbox) -> dict[str, str]:
    """Return `resourceVersion` of every object that belongs to an ApplySet of ours, parents included."""
    versions = {}
    served = set(sandbox.kubectl("api-resources", "--output=name").stdout.split())
    kinds = [kind for kind in KINDS if "." not in kind or kind in served]
    for selector in ("applyset.kubernetes.io/part-of", "applyset.kubernetes.io/id"):
        found = sandbox.kubectl(
            "get", ",".join(kinds), "--all-namespaces", f"--selector={selector}", "--output=json"
        ).stdout
        for item in json.loads(found)["items"]:
            metadata = item["metadata"]
            key = f"{item['apiVersion']}/{item['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
            versions[key] = metadata["resourceVersion"]
    return versions


def our_writes(sandbox: Sandbox, since: audit.Mark) -> list[str]:
    """Return the writes (dry runs are none) that cp-ingress sent since the mark."""
    return [
        f"{event['verb']} {event['requestURI']}"
        for event in sandbox.audit_events(since)
        if audit.is_write(event) and event.get("userAgent", "").startswith(USER_AGENT)
    ]


def ca_certificate(sandbox: Sandbox) -> str:
    """Copy the CA's certificate off the bootstrap node, as a user would, and return the copy's path."""
    path = sandbox.directory / "client" / "ca.crt"
    path.write_text(sandbox.run("n1", ["cat", CA_FILE]).stdout)
    return str(path)


def wait_for_https(sandbox: Sandbox, ip: str, ca: str, *, timeout: float = 60) -> int:
    """Ask the endpoint from the client until it answers; return the HTTP status."""
    return wait_for(
        lambda: sandbox.https(f"https://{ip}:{PORT}/", ca).status,
        timeout=timeout,
        what=f"https://{ip}:{PORT}/ answering the client",
    )


def nginx_nodes(sandbox: Sandbox) -> list[str]:
    """Return the nodes of the ready NGINX pods, one entry for each pod."""
    pods = json.loads(
        sandbox.kubectl(
            "get",
            "pods",
            "--namespace=cp-ingress",
            "--selector=app.kubernetes.io/component=controller",
            "--output=json",
        ).stdout
    )["items"]
    ready = [
        pod
        for pod in pods
        if any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"].get("conditions", []))
        and "deletionTimestamp" not in pod["metadata"]
    ]
    return sorted(pod["spec"]["nodeName"] for pod in ready)
