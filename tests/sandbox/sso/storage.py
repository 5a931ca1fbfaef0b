"""What Dex's kubernetes storage needs of a cluster."""

from __future__ import annotations

from typing import Any

GROUP = "dex.coreos.com"
KINDS = {
    "AuthCode": "authcodes",
    "AuthRequest": "authrequests",
    "Connector": "connectors",
    "OAuth2Client": "oauth2clients",
    "OfflineSessions": "offlinesessionses",
    "Password": "passwords",
    "RefreshToken": "refreshtokens",
    "SigningKey": "signingkeies",
}
"""Dex's kinds and their plurals, which are its own."""


def custom_resource_definitions() -> list[dict[str, Any]]:
    """Return the CustomResourceDefinitions of Dex's kinds.

    This Dex would create them itself in an API version that servers no longer have.
    """
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    version = {"name": "v1", "served": True, "storage": True, "schema": schema}
    return [
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "metadata": {"name": f"{plural}.{GROUP}"},
            "spec": {
                "group": GROUP,
                "names": {"kind": kind, "plural": plural, "singular": kind.lower()},
                "scope": "Namespaced",
                "versions": [version],
            },
        }
        for kind, plural in KINDS.items()
    ]
