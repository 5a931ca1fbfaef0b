"""What a change of the endpoint means for the components: pure functions from what was read to findings.

All of them are warnings. None quotes a value that may be secret: of a configuration only names of entries
and URLs of redirects are shown.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from cp_ingress_core.component.editing import edited, formerly
from cp_ingress_core.component.model import Component
from cp_ingress_core.component.paths import PathError, places
from cp_ingress_core.component.urls import Origin, origin_of
from cp_ingress_core.component.values import Endpoint
from cp_ingress_core.kube.lookup import entries, section, text
from cp_ingress_core.preflight import Finding

Object = Mapping[str, Any]

MEMORY = "memory"


def _warning(identifier: str, evidence: str, remedy: str) -> Finding:
    return Finding(identifier, "warning", evidence, remedy)


def earlier(component: Component, data: Any, previous: Collection[Origin], endpoint: Endpoint) -> set[Origin]:
    """Return the origins of earlier endpoints, other than the present one, that a document still may name."""
    present = origin_of(endpoint.url)
    return {origin for origin in {*previous, *formerly(data, component.sets)} if origin != present}


def check_dex(
    config: Object, workload: Object | None, endpoint: Endpoint, former: Collection[Origin]
) -> list[Finding]:
    """Return what to know before the issuer moves.

    config
        Dex's configuration as it is now.
    workload
        Its Deployment, None where it could not be read.
    endpoint
        The endpoint it moves to.
    former
        Origins of the endpoints before (:func:`earlier`); with none, nothing moves.
    """
    found = [*check_dex_storage(config), *check_dex_replicas(workload)]
    if former:
        found += check_dex_connectors(config, endpoint, former)
        found += check_dex_webauthn(config, endpoint)
        found += check_dex_logout(config)
    return found


def check_dex_connectors(config: Object, endpoint: Endpoint, former: Collection[Origin]) -> list[Finding]:
    """Name the connectors whose provider sends users back to an address that is going away."""
    return [
        _warning(
            "dex-connector-redirect",
            f"Dex's connector {text(connector, 'id')!r} ({text(connector, 'type')}) has redirectURI {uri},"
            " at an address that changes",
            f"before the change, at {_provider(connector)}, add {endpoint.issuer}/callback to the"
            f" {_what(connector)} and keep the old one until the change is done; without it nobody can log in"
            " through this connector after the change",
        )
        for connector, uri in _redirecting(config)
        if origin_of(uri) in former
    ]


def _redirecting(config: Object) -> Iterator[tuple[Object, str]]:
    for connector in entries(config, "connectors"):
        uri = text(section(connector, "config"), "redirectURI")
        if uri:
            yield connector, uri


def _provider(connector: Object) -> str:
    """Return where a connector's provider is, as far as its configuration says."""
    settings = section(connector, "config")
    for key in ("issuer", "baseURL", "ssoURL", "authorizationURL", "hostName"):
        value = text(settings, key)
        if value:
            return urlsplit(value).hostname or value
    return f"the provider ({text(connector, 'type')})"


def _what(connector: Object) -> str:
    if text(connector, "type") == "saml":
        return "assertion consumer service URLs of Dex's registration"
    return "redirect (callback) URIs of Dex's client there"


def check_dex_webauthn(config: Object, endpoint: Endpoint) -> list[Finding]:
    """Warn where security keys and passkeys are bound to the address that goes away."""
    found = []
    for authenticator in entries(section(config, "mfa"), "authenticators"):
        if text(authenticator, "type") != "WebAuthn":
            continue
        rp_id = text(section(authenticator, "config"), "rpID")
        host = urlsplit(text(config, "issuer")).hostname or ""
        if rp_id in ("", host):
            found.append(
                _warning(
                    "dex-webauthn",
                    f"Dex's authenticator {text(authenticator, 'id')!r} binds security keys and passkeys to"
                    f" {rp_id or host} ({'rpID' if rp_id else 'no rpID: the host of the issuer'})",
                    f"after the change each user must enrol the key again at {endpoint.host}; have another"
                    " way to log in ready until then, or give Dex a name that does not change as rpID",
                )
            )
    return found


def check_dex_logout(config: Object) -> list[Finding]:
    """Warn where logging out hands in a token of the old issuer."""
    clients = [
        text(client, "id")
        for client in entries(config, "staticClients")
        if client.get("postLogoutRedirectURIs") or client.get("backchannelLogoutURI")
    ]
    if not clients and not config.get("sessions"):
        return []
    names = f" (clients {', '.join(filter(None, clients))})" if any(clients) else ""
    return [
        _warning(
            "dex-logout-hint",
            f"users log out through Dex{names}, which accepts only tokens of its present issuer as a hint",
            "tell users who are logged in during the change to log in again; logging out with an old tab may"
            " show an error, and their session at the old address ends by itself",
        )
    ]


def check_dex_storage(config: Object) -> list[Finding]:
    """Warn where Dex forgets its keys when it is started again."""
    if text(section(config, "storage"), "type") != MEMORY:
        return []
    return [
        _warning(
            "dex-memory-storage",
            "Dex keeps its signing keys and sessions in memory",
            "every change of its configuration logs everybody out, and tokens of before are refused at once:"
            " use storage type kubernetes",
        )
    ]


def check_dex_replicas(workload: Object | None) -> list[Finding]:
    """Warn where nobody can log in while the one pod is replaced."""
    if workload is None or section(workload, "spec").get("replicas", 1) != 1:
        return []
    name = text(section(workload, "metadata"), "name")
    return [
        _warning(
            "dex-single-replica",
            f"{workload.get('kind')} {name} has one replica",
            "give it two, on different nodes: then there is a login page while pods are replaced, and when a"
            " node is lost",
        )
    ]


def check_document(
    component: Component, data: Any, endpoint: Endpoint, former: Collection[Origin]
) -> list[Finding]:
    """Name what a component's document says of an address that goes away and what no path of its moves."""
    try:
        after = edited(data, component.sets, component.moves, endpoint, former)
    except PathError as err:
        return [
            _warning(
                "component-path",
                f"component {component.name}: {component.source_kind} {component.source}: {err}",
                f"correct the path in cp_ingress:components:{component.name}",
            )
        ]
    left = sorted(_mentions(after, former))
    if not left:
        return []
    return [
        _warning(
            "component-old-address",
            f"component {component.name}: {component.source_kind} {component.source} names an address that"
            f" changes at {', '.join(left)}",
            f"add what shall follow to cp_ingress:components:{component.name}:move",
        )
    ]


def _mentions(data: Any, former: Collection[Origin], path: str = "") -> Iterator[str]:
    if isinstance(data, Mapping):
        for key, value in data.items():
            where = f"{path}.{key}".lstrip(".")
            if origin_of(key) in former:
                yield where
            yield from _mentions(value, former, where)
    elif isinstance(data, list):
        for index, value in enumerate(data):
            yield from _mentions(value, former, f"{path}[{index}]")
    elif isinstance(data, str) and origin_of(data) in former:
        yield path


def check_flags(component: Component, workload: Object | None) -> list[Finding]:
    """Name flags of oauth2-proxy that win over the variables that the component sets."""
    if component.preset != "oauth2-proxy" or component.kind != "fragment" or workload is None:
        return []
    variables = [
        str(entry["name"])
        for node, key in places(component.part, "spec.template.spec.containers[*].env")
        for entry in node[key]
    ]
    pod = section(workload, "spec", "template", "spec")
    found = []
    for container in entries(pod, "containers"):
        given = [
            str(argument) for argument in [*(container.get("command") or []), *(container.get("args") or [])]
        ]
        for variable in variables:
            flag = "--" + variable.removeprefix("OAUTH2_PROXY_").lower().replace("_", "-")
            if any(argument == flag or argument.startswith(f"{flag}=") for argument in given):
                found.append(
                    _warning(
                        "oauth2-proxy-flag",
                        f"container {text(container, 'name')} is started with {flag}, which wins over"
                        f" the variable {variable} that component {component.name} sets",
                        "take the flag out of its arguments (of the chart's extraArgs)",
                    )
                )
    return found
