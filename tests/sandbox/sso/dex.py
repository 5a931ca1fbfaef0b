"""The real Dex behind the ingress: two replicas whose state is in the cluster, so tokens outlive its pods."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.access import Access
from tests.sandbox.errors import SandboxError
from tests.sandbox.process import wait_for
from tests.sandbox.sso import objects
from tests.sandbox.sso.flow import CONSOLE, KUBERNETES, USER
from tests.sandbox.sso.objects import Object
from tests.sandbox.sso.storage import GROUP, custom_resource_definitions

NAMESPACE = "dex"
NAME = "dex"
PATH = "/oidc"
PORT = 8443
CONFIG_KEY = "config.yaml"
"""Key of the Secret `dex` that holds Dex's configuration."""


def base(ip: str, port: int = PORT) -> str:
    """The ingress at an IP, as the beginning of URLs."""
    return f"https://[{ip}]:{port}" if ":" in ip else f"https://{ip}:{port}"


def issuer(ip: str, port: int = PORT) -> str:
    """What Dex calls itself behind the ingress at that IP."""
    return base(ip, port) + PATH


def configuration(ip: str, port: int = PORT, *, id_tokens: str = "30m") -> dict[str, Any]:
    """Dex's configuration, as far as the sandbox's Dex obeys it; `id_tokens` is how long those are valid."""
    clients = [
        {
            "id": client.id,
            "name": client.id,
            "secret": client.secret,
            "redirectURIs": [client.redirect_uri(base(ip, port))],
            "trustedPeers": [CONSOLE.id] if client is KUBERNETES else [],
        }
        for client in (KUBERNETES, CONSOLE)
    ]
    return {
        "issuer": issuer(ip, port),
        "storage": {"type": "kubernetes", "config": {"inCluster": True}},
        "web": {"http": "0.0.0.0:5556"},
        "frontend": {"dir": "/web"},
        "oauth2": {"responseTypes": ["code"], "skipApprovalScreen": True},
        "expiry": {"idTokens": id_tokens, "signingKeys": "6h"},
        "staticClients": clients,
        "enablePasswordDB": True,
        "staticPasswords": [
            {"email": USER.email, "hash": USER.password_hash, "username": USER.name, "userID": USER.uid}
        ],
    }


def manifests(ip: str, port: int = PORT, *, replicas: int = 2, **options: Any) -> list[Object]:
    """Everything of Dex but its CustomResourceDefinitions; `options` are those of `configuration`."""
    text = yaml.safe_dump(configuration(ip, port, **options), sort_keys=False)
    # Dex would look for it in the service account's token, where it no longer is.
    pod_namespace = {"valueFrom": {"fieldRef": {"fieldPath": "metadata.namespace"}}}
    container = {
        "image": "sandbox/dex:1",
        "env": [{"name": "KUBERNETES_POD_NAMESPACE", **pod_namespace}],
        "args": ["serve", f"/etc/dex/{CONFIG_KEY}"],
        "ports": [{"name": "http", "containerPort": 5556}],
        "readinessProbe": {"httpGet": {"path": f"{PATH}/healthz", "port": "http"}, "periodSeconds": 2},
        "volumeMounts": [{"name": "config", "mountPath": "/etc/dex", "readOnly": True}],
    }
    volumes = [{"name": "config", "secret": {"secretName": NAME}}]
    pod = {"serviceAccountName": NAME, "volumes": volumes}
    rbac = "rbac.authorization.k8s.io"
    return [
        objects.namespace(NAMESPACE),
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": objects.metadata(NAME, NAMESPACE)},
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "Role",
            "metadata": objects.metadata(NAME, NAMESPACE),
            "rules": [{"apiGroups": [GROUP], "resources": ["*"], "verbs": ["*"]}],
        },
        {
            "apiVersion": f"{rbac}/v1",
            "kind": "RoleBinding",
            "metadata": objects.metadata(NAME, NAMESPACE),
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": NAME},
            "subjects": [{"kind": "ServiceAccount", "name": NAME, "namespace": NAMESPACE}],
        },
        objects.secret(NAME, NAMESPACE, {CONFIG_KEY: text}),
        objects.deployment(NAME, NAMESPACE, replicas, container, **pod),
        objects.service(NAME, NAMESPACE, 5556),
        objects.ingress(NAME, NAMESPACE, PATH),
    ]


def deploy(
    sandbox: Access, ip: str, ca: Path | str, port: int = PORT, *, timeout: float = 90, **options: Any
) -> str:
    """Deploy Dex for the ingress at `ip` and wait until it answers there; returns its issuer.

    `options`: those of `manifests` and `configuration`.
    """
    apply(sandbox, custom_resource_definitions())
    names = [f"crd/{item['metadata']['name']}" for item in custom_resource_definitions()]
    sandbox.kubectl("wait", "--for=condition=Established", "--timeout=30s", *names, timeout=40)
    apply(sandbox, manifests(ip, port, **options))
    rolled_out(sandbox, NAMESPACE, NAME, timeout=timeout)
    url = f"{issuer(ip, port)}/.well-known/openid-configuration"
    wait_for(lambda: sandbox.https(url, ca).status == 200, timeout=timeout, what=f"{url} answering")
    return issuer(ip, port)


def grant(sandbox: Access, *users: str, role: str = "view") -> None:
    """Bind users, as the apiserver calls them (`oidc:admin@example.test`), to a ClusterRole."""
    rbac = "rbac.authorization.k8s.io"
    binding = {
        "apiVersion": f"{rbac}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": objects.metadata(f"sandbox-users-{role}"),
        "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": rbac, "kind": "User", "name": user} for user in users],
    }
    apply(sandbox, [binding])


def apply(sandbox: Access, items: Sequence[Object]) -> None:
    """`kubectl apply`, as a user would."""
    document = {"apiVersion": "v1", "kind": "List", "items": list(items)}
    sandbox.kubectl("apply", "--filename=-", stdin=json.dumps(document))


def rolled_out(sandbox: Access, namespace: str, name: str, *, timeout: float = 90) -> None:
    """Return when a Deployment is ready in its newest revision.

    Raises SandboxError with the end of its pods' logs when it isn't in time.
    """
    what, where = f"deployment/{name}", f"--namespace={namespace}"
    try:
        limit = f"--timeout={timeout:.0f}s"
        sandbox.kubectl("rollout", "status", what, where, limit, timeout=timeout + 10)
    except SandboxError as error:
        pods = sandbox.kubectl("get", "pods", where, "--output=wide", check=False).stdout
        logs = sandbox.kubectl("logs", what, where, "--all-pods", "--tail=10", check=False).stdout
        raise SandboxError(f"{error}\n{pods}\n{logs}") from error
