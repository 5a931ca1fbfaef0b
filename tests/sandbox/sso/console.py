"""A small UI behind the ingress that logs in with Dex and asks the API server who its user is."""

from __future__ import annotations

from pathlib import Path

from tests.sandbox.access import Access
from tests.sandbox.process import wait_for
from tests.sandbox.sso import objects
from tests.sandbox.sso.dex import PORT, apply, base, issuer, rolled_out
from tests.sandbox.sso.flow import CONSOLE
from tests.sandbox.sso.objects import Object

NAMESPACE = "console"
NAME = "console"
PATH = CONSOLE.path
IMAGE = "console"


def url(ip: str, port: int = PORT) -> str:
    """Where a browser finds it."""
    return f"{base(ip, port)}{PATH}/"


def manifests(ip: str, ca: str, port: int = PORT, *, replicas: int = 1) -> list[Object]:
    """Its objects. What has to follow the endpoint are two variables: ISSUER and REDIRECT_URL.

    `ca`: PEM text of the ingress's CA. Sessions are in the browser's cookie, so any replica knows them.
    """
    variables = {
        "ISSUER": issuer(ip, port),
        "REDIRECT_URL": CONSOLE.redirect_uri(base(ip, port)),
        "CLIENT_ID": CONSOLE.id,
        "AUDIENCES": ",".join(CONSOLE.audiences),
        "SSL_CERT_FILE": "/etc/console/ca.crt",
    }
    secret = {"secretKeyRef": {"name": NAME, "key": "client-secret"}}
    container = {
        "image": "sandbox/console:1",
        "env": [
            *({"name": name, "value": value} for name, value in variables.items()),
            {"name": "CLIENT_SECRET", "valueFrom": secret},
        ],
        "ports": [{"name": "http", "containerPort": 8080}],
        "readinessProbe": {"httpGet": {"path": f"{PATH}/healthz", "port": "http"}, "periodSeconds": 1},
        "volumeMounts": [{"name": "ca", "mountPath": "/etc/console", "readOnly": True}],
    }
    return [
        objects.namespace(NAMESPACE),
        objects.secret(NAME, NAMESPACE, {"client-secret": CONSOLE.secret}),
        objects.config_map("ingress-ca", NAMESPACE, {"ca.crt": ca}),
        objects.deployment(
            NAME,
            NAMESPACE,
            replicas,
            container,
            volumes=[{"name": "ca", "configMap": {"name": "ingress-ca"}}],
        ),
        objects.service(NAME, NAMESPACE, 8080),
        objects.ingress(NAME, NAMESPACE, PATH),
    ]


def deploy(
    sandbox: Access, ip: str, ca: Path | str, port: int = PORT, *, replicas: int = 1, timeout: float = 90
) -> str:
    """Deploy the console for the ingress at `ip` (its image is built when missing); returns its URL."""
    sandbox.load_image(IMAGE)
    apply(sandbox, manifests(ip, Path(ca).read_text(), port, replicas=replicas))
    rolled_out(sandbox, NAMESPACE, NAME, timeout=timeout)
    health = f"{url(ip, port)}healthz"
    wait_for(lambda: sandbox.https(health, ca).status == 200, timeout=timeout, what=f"{health} answering")
    return url(ip, port)
