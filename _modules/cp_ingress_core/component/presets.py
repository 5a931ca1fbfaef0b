"""Ready-made components, in the form in which a user writes one; whatever the user gives wins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

ISSUER_FIRST = 10

_DEX: dict[str, Any] = {
    "kind": "document",
    "order": ISSUER_FIRST,
    "namespace": "dex",
    "secret": "dex",
    "key": "config.yaml",
    "format": "yaml",
    "set": {"issuer": "{issuer}"},
    "move": [
        "staticClients[*].redirectURIs",
        "staticClients[*].postLogoutRedirectURIs",
        "staticClients[*].backchannelLogoutURI",
        "connectors[*].config.redirectURI",
        "mfa.authenticators[*].config.rpOrigins",
        "web.allowedOrigins",
    ],
    "restart": ["Deployment/dex"],
    "custom_resources": "dex.coreos.com",
    "verify": {"url": "{issuer}/.well-known/openid-configuration", "json": {"issuer": "{issuer}"}},
}

_GRAFANA: dict[str, Any] = {
    "kind": "fragment",
    "namespace": "grafana",
    "workload": "Deployment/grafana",
    "container": "grafana",
    "env": {
        "GF_SERVER_ROOT_URL": "{url}/grafana/",
        "GF_AUTH_GENERIC_OAUTH_AUTH_URL": "{issuer}/auth",
        "GF_AUTH_GENERIC_OAUTH_TOKEN_URL": "{issuer}/token",
        "GF_AUTH_GENERIC_OAUTH_API_URL": "{issuer}/userinfo",
    },
    "verify": {"url": "{url}/grafana/api/health"},
}

_OAUTH2_PROXY: dict[str, Any] = {
    "kind": "fragment",
    "namespace": "oauth2-proxy",
    "workload": "Deployment/oauth2-proxy",
    "container": "oauth2-proxy",
    "env": {
        "OAUTH2_PROXY_OIDC_ISSUER_URL": "{issuer}",
        "OAUTH2_PROXY_REDIRECT_URL": "{url}/oauth2/callback",
    },
    # Without a session it answers so, which needs no redirect to be followed.
    "verify": {"url": "{url}/oauth2/auth", "status": 401},
}

_OAUTH2_PROXY_FILE: dict[str, Any] = {
    "kind": "document",
    "namespace": "oauth2-proxy",
    "configmap": "oauth2-proxy",
    "key": "oauth2_proxy.cfg",
    "format": "ini",
    "set": {"oidc_issuer_url": '"{issuer}"', "redirect_url": '"{url}/oauth2/callback"'},
    "restart": ["Deployment/oauth2-proxy"],
    "verify": {"url": "{url}/oauth2/auth", "status": 401},
}

_METALK8S_UI: dict[str, Any] = {
    "kind": "document",
    "namespace": "metalk8s-ui",
    "configmap": "shell-ui",
    "key": "config.json",
    "format": "json",
    "set": {"oidc.redirectUrl": "{url}/"},
    "move": ["oidc", "options", "docUrl"],
    "restart": ["Deployment/metalk8s-ui"],
    "verify": {"url": "{url}/shell/config.json", "json": {"oidc.redirectUrl": "{url}/"}},
}

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    "dex": {"document": _DEX},
    "grafana": {"fragment": _GRAFANA},
    "oauth2-proxy": {"fragment": _OAUTH2_PROXY, "document": _OAUTH2_PROXY_FILE},
    "metalk8s-ui": {"document": _METALK8S_UI},
}

# Of these the preset's entries stay beside the user's; one that the user empties goes.
_MERGED = ("set", "env")
_EITHER = ({"configmap", "secret"}, {"part", "workload"})


def kinds(preset: str) -> tuple[str, ...]:
    """Return the kinds that a preset comes in, the usual one first."""
    return tuple(PRESETS[preset])


def completed(preset: str, kind: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with the preset's values where the user gave none."""
    base = dict(PRESETS[preset][kind])
    for alternatives in _EITHER:
        for key in alternatives & set(given):
            for other in alternatives - {key}:
                base.pop(other, None)
    if "part" in given:
        base.pop("container", None)
        base.pop("env", None)
    result = {**base, **{key: value for key, value in given.items() if key != "preset"}}
    for key in _MERGED:
        own = given.get(key)
        if isinstance(own, Mapping) and isinstance(base.get(key), Mapping):
            merged = {**base[key], **own}
            result[key] = {name: value for name, value in merged.items() if value is not None}
    return result
