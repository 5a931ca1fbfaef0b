"""What is particular to ingress-nginx: how it is told to serve static documents and to redirect. Pure.

Both go into its ConfigMap, which NGINX reads again without a restart of its pods. Another controller needs
another module with these functions.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

from cp_ingress_core.endpoint import Endpoint

CONFIG_MAP = "ingress-nginx-controller"
HTTP, SERVER = "http-snippet", "server-snippet"

STATIC = "/cp-ingress/issuers"
DISCOVERY = ".well-known/openid-configuration"


def discovery(issuers: Iterable[str], endpoint: Endpoint) -> list[dict[str, str]]:
    """Return each issuer with the URL of its static discovery document, both served at `endpoint`."""
    return [{"url": issuer, "discovery_url": f"{endpoint.url}{_path(issuer)}"} for issuer in issuers]


def documents(issuers: Iterable[str], endpoint: Endpoint) -> dict[str, str]:
    """Return the static discovery documents: path -> JSON text.

    Dex serves its keys under any issuer's host alike, so each document names those of `endpoint`: a token of
    an old issuer can be verified after Dex has moved to the new one, and the other way round.
    """
    found = {}
    for issuer in issuers:
        document = {
            "issuer": issuer,
            "jwks_uri": f"{endpoint.issuer}/keys",
            "authorization_endpoint": f"{issuer}/auth",
            "token_endpoint": f"{issuer}/token",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }
        found[_path(issuer)] = json.dumps(document, separators=(",", ":"))
    return found


def snippets(served: Mapping[str, str], old: Iterable[Endpoint], endpoint: Endpoint) -> dict[str, str]:
    """Return the ConfigMap's keys: the documents to serve, and the old endpoints that lead to `endpoint`.

    Redirected are navigations alone: GET and HEAD of a client that asks for HTML. Never the issuer's own
    paths, which clients of the old issuer may still need, nor the static documents.
    """
    hosts = sorted({other.host for other in old if other.host != endpoint.host})
    server = [
        f"location = {path} {{ default_type application/json; return 200 '{text}'; }}"
        for path, text in sorted(served.items())
    ]
    found = {}
    if hosts:
        named = "|".join(re.escape(host) for host in hosts)
        found[HTTP] = "\n".join(
            [
                'map "$uri" $cp_ingress_stays { default 0; "~^/oidc(/|$)" 1; "~^/cp-ingress/" 1; }',
                'map "$cp_ingress_stays $request_method $host $http_accept" $cp_ingress_moved {',
                '  default "";',
                f'  "~^0 (GET|HEAD) ({named}) .*text/html" "{endpoint.url}";',
                "}",
            ]
        )
        server.insert(0, "if ($cp_ingress_moved) { return 302 $cp_ingress_moved$request_uri; }")
    if server:
        found[SERVER] = "\n".join(server)
    return found


def _path(issuer: str) -> str:
    """Return the path of an issuer's static document: the issuer, a dash for what a path cannot hold."""
    # A dash for each character, so that no two issuers share a path: "::" stands in many places of IPv6.
    return f"{STATIC}/{re.sub(r'[^0-9a-zA-Z]', '-', issuer.partition('://')[2])}/{DISCOVERY}"
