"""Objects in the shape in which the charts and installers of the presets' programs make them."""

from __future__ import annotations

import json
from typing import Any

import yaml

Manifest = dict[str, Any]
OLD = "https://10.200.0.50:8443"
NEW = "https://10.200.0.60:8443"

DEX_CONFIG: Manifest = {
    "issuer": f"{OLD}/oidc",
    "storage": {"type": "kubernetes", "config": {"inCluster": True}},
    "web": {"https": "0.0.0.0:5556", "tlsCert": "/etc/dex/tls.crt", "tlsKey": "/etc/dex/tls.key"},
    "frontend": {"issuer": "Corp"},
    "connectors": [
        {
            "id": "corp",
            "type": "oidc",
            "name": "Corp",
            "config": {
                "issuer": "https://login.corp.example",
                "clientID": "dex",
                "clientSecret": "canary-connector",
                "redirectURI": f"{OLD}/oidc/callback",
            },
        }
    ],
    "staticClients": [
        {
            "id": "metalk8s-ui",
            "name": "UI",
            "secret": "canary-ui",
            "redirectURIs": [f"{OLD}/", "urn:ietf:wg:oauth:2.0:oob"],
        },
        {
            "id": "grafana",
            "name": "Grafana",
            "secret": "canary-grafana",
            "redirectURIs": [f"{OLD}/grafana/login/generic_oauth"],
        },
    ],
    "staticPasswords": [{"email": "admin@example.com", "hash": "canary-hash", "username": "admin"}],
}

SHELL_UI: Manifest = {
    "docUrl": "/docs",
    "oidc": {
        "providerUrl": "/oidc",
        "redirectUrl": f"{OLD}/",
        "clientId": "metalk8s-ui",
        "responseType": "id_token",
    },
    "options": {
        "main": {
            f"{OLD}/": {"en": "Platform", "activeIfMatches": f"{OLD}/(?!alerts|docs).*"},
            f"{OLD}/alerts": {"en": "Alerts"},
        }
    },
}

OAUTH2_PROXY_CFG = f"""\
# how users log in
provider = "oidc"
oidc_issuer_url = "{OLD}/oidc"
redirect_url="{OLD}/oauth2/callback"
email_domains = [ "*" ]
upstreams = [ "http://127.0.0.1:8080/" ]
"""


def _object(kind: str, name: str, namespace: str, **body: Any) -> Manifest:
    version = "apps/v1" if kind == "Deployment" else "v1"
    metadata = {"name": name, "namespace": namespace, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **body}


def deployment(
    name: str, namespace: str, *, env: list[Manifest] | None = None, replicas: int = 2
) -> Manifest:
    """A Deployment with a checksum of its configuration on its pods, and a container beside its own."""
    labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/instance": name}
    main: Manifest = {"name": name, "image": f"registry.example/{name}:1", "ports": [{"containerPort": 8080}]}
    if env is not None:
        main["env"] = env
    pod = {
        "metadata": {"labels": labels, "annotations": {"checksum/config": "abc"}},
        "spec": {"containers": [main, {"name": "sidecar", "image": "registry.example/sidecar:1"}]},
    }
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}
    return _object("Deployment", name, namespace, spec=spec)


def dex(namespace: str) -> list[Manifest]:
    """Dex's Secret and Deployment."""
    config = "# made by its chart\n" + yaml.safe_dump(DEX_CONFIG, sort_keys=False)
    return [
        _object("Secret", "dex", namespace, type="Opaque", stringData={"config.yaml": config}),
        deployment("dex", namespace),
    ]


def grafana(namespace: str) -> list[Manifest]:
    """Grafana's Deployment: its chart's variables, one of them out of a Secret."""
    reference = {"secretKeyRef": {"name": "grafana", "key": "admin-password"}}
    env = [
        {"name": "POD_IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
        {"name": "GF_SECURITY_ADMIN_PASSWORD", "valueFrom": reference},
        {"name": "GF_PATHS_DATA", "value": "/var/lib/grafana/"},
    ]
    return [deployment("grafana", namespace, env=env)]


def oauth2_proxy(namespace: str) -> list[Manifest]:
    """oauth2-proxy's ConfigMap and Deployment."""
    env = [{"name": "OAUTH2_PROXY_CLIENT_ID", "value": "proxy"}]
    return [
        _object("ConfigMap", "oauth2-proxy", namespace, data={"oauth2_proxy.cfg": OAUTH2_PROXY_CFG}),
        deployment("oauth2-proxy", namespace, env=env),
    ]


def metalk8s_ui(namespace: str) -> list[Manifest]:
    """The ConfigMap and the Deployment of MetalK8s' UI."""
    text = json.dumps(SHELL_UI, indent=2) + "\n"
    return [
        _object("ConfigMap", "shell-ui", namespace, data={"config.json": text}),
        deployment("metalk8s-ui", namespace),
    ]


PRESETS = {
    ("dex", "document"): dex,
    ("grafana", "fragment"): grafana,
    ("oauth2-proxy", "fragment"): oauth2_proxy,
    ("oauth2-proxy", "document"): oauth2_proxy,
    ("metalk8s-ui", "document"): metalk8s_ui,
}
