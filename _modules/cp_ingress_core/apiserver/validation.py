"""What an apiserver would refuse in an AuthenticationConfiguration, found before it reads the file.

Follows the rules of the apiserver's own validation, except that CEL expressions are not compiled: those are
the user's, and a file whose expressions do not compile is put back after the reload failed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from cp_ingress_core.apiserver.wanted import url_problem

VERSIONS = ("v1alpha1", "v1beta1", "v1")

# Fields by place; the apiserver reads the file strictly. A dictionary nests, a list holds entries, None ends.
_PREFIXED = {"claim": None, "prefix": None, "expression": None}
_SCHEMA: dict[str, Any] = {
    "apiVersion": None,
    "kind": None,
    "jwt": [
        {
            "issuer": {
                "url": None,
                "discoveryURL": None,
                "certificateAuthority": None,
                "audiences": None,
                "audienceMatchPolicy": None,
                "egressSelectorType": None,
            },
            "claimValidationRules": [
                {"claim": None, "requiredValue": None, "expression": None, "message": None}
            ],
            "claimMappings": {
                "username": _PREFIXED,
                "groups": _PREFIXED,
                "uid": {"claim": None, "expression": None},
                "extra": [{"key": None, "valueExpression": None}],
            },
            "userValidationRules": [{"expression": None, "message": None}],
        }
    ],
    "anonymous": {"enabled": None, "conditions": [{"path": None}]},
}


def problems(document: Mapping[str, Any], reserved: Sequence[str] = ()) -> list[str]:
    """Return everything an apiserver would refuse, each as ``field: why``.

    document
        The parsed file.
    reserved
        Issuers of service account tokens.
    """
    version = str(document.get("apiVersion", "")).rpartition("/")
    if version[0] != "apiserver.config.k8s.io" or version[2] not in VERSIONS:
        return [f"apiVersion: {document.get('apiVersion')!r} is not one of apiserver.config.k8s.io"]
    shape = list(_shape(document, _SCHEMA, ""))
    # What has another shape cannot be looked into further.
    return shape or [*_entries(document.get("jwt") or [], reserved), *_anonymous(document.get("anonymous"))]


def _shape(found: Any, schema: Any, path: str) -> Iterator[str]:
    if schema is None or found is None:
        return
    if isinstance(schema, list):
        if not isinstance(found, list):
            yield f"{path}: this is not a list"
            return
        for number, entry in enumerate(found):
            yield from _shape({} if entry is None else entry, schema[0], f"{path}[{number}]")
        return
    if not isinstance(found, Mapping):
        yield f"{path}: this is not a mapping"
        return
    for key, value in found.items():
        inner = f"{path}.{key}" if path else str(key)
        if key in schema:
            yield from _shape(value, schema[key], inner)
        else:
            yield f"{inner}: there is no such field"


def _entries(entries: Sequence[Mapping[str, Any]], reserved: Sequence[str]) -> Iterator[str]:
    seen: dict[str, set[str]] = {"url": set(), "discoveryURL": set()}
    for number, entry in enumerate(entries):
        path = f"jwt[{number}]"
        issuer = entry.get("issuer") or {}
        yield from _issuer(issuer, f"{path}.issuer", reserved)
        for field, taken in seen.items():
            if issuer.get(field) and issuer[field] in taken:
                yield f"{path}.issuer.{field}: {issuer[field]} is listed twice"
            taken.add(str(issuer.get(field)))
        mappings = entry.get("claimMappings") or {}
        yield from _prefixed(mappings.get("username"), f"{path}.claimMappings.username", required=True)
        yield from _prefixed(mappings.get("groups"), f"{path}.claimMappings.groups", required=False)
        yield from _rules(entry.get("claimValidationRules") or [], f"{path}.claimValidationRules")
        yield from _expressions(entry.get("userValidationRules") or [], f"{path}.userValidationRules")


def _issuer(issuer: Mapping[str, Any], path: str, reserved: Sequence[str]) -> Iterator[str]:
    url, discovery = issuer.get("url"), issuer.get("discoveryURL")
    if why := url_problem(url):
        yield f"{path}.url: {why}"
    elif url in reserved:
        yield f"{path}.url: {url} issues the service account tokens"
    if discovery and (why := url_problem(discovery)):
        yield f"{path}.discoveryURL: {why}"
    if url and discovery and str(url).rstrip("/") == str(discovery).rstrip("/"):
        yield f"{path}.discoveryURL: it is the issuer's own URL"
    audiences = issuer.get("audiences")
    if not isinstance(audiences, list) or not all(isinstance(each, str) and each for each in audiences):
        yield f"{path}.audiences: at least one is needed, and each is text"
    elif not audiences or len(set(audiences)) != len(audiences):
        yield f"{path}.audiences: at least one is needed, each once"
    elif len(audiences) > 1 and issuer.get("audienceMatchPolicy") != "MatchAny":
        yield f"{path}.audienceMatchPolicy: several audiences need MatchAny"
    if issuer.get("audienceMatchPolicy") not in (None, "", "MatchAny"):
        yield f"{path}.audienceMatchPolicy: only MatchAny is known"
    if issuer.get("certificateAuthority") and not holds_certificates(issuer["certificateAuthority"]):
        yield f"{path}.certificateAuthority: these are not PEM certificates"


def _prefixed(mapping: Mapping[str, Any] | None, path: str, *, required: bool) -> Iterator[str]:
    found = mapping or {}
    if found.get("claim") and found.get("expression"):
        yield f"{path}: claim and expression exclude each other"
    elif found.get("claim") and found.get("prefix") is None:
        yield f'{path}.prefix: it is needed beside claim ("" for none)'
    elif found.get("expression") and found.get("prefix") is not None:
        yield f"{path}.prefix: it is not allowed beside expression"
    elif required and not found.get("claim") and not found.get("expression"):
        yield f"{path}: claim or expression is needed"


def _rules(rules: Sequence[Mapping[str, Any]], path: str) -> Iterator[str]:
    seen: set[tuple[str, str]] = set()
    for number, rule in enumerate(rules):
        kinds = [kind for kind in ("claim", "expression") if rule.get(kind)]
        if len(kinds) != 1:
            yield f"{path}[{number}]: either claim or expression is needed"
            continue
        (kind,) = kinds
        other = "message" if kind == "claim" else "requiredValue"
        if rule.get(other):
            yield f"{path}[{number}].{other}: it is not allowed beside {kind}"
        if (kind, rule[kind]) in seen:
            yield f"{path}[{number}].{kind}: it is listed twice"
        seen.add((kind, rule[kind]))


def _expressions(rules: Sequence[Mapping[str, Any]], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for number, rule in enumerate(rules):
        expression = rule.get("expression")
        if not expression or expression in seen:
            yield f"{path}[{number}].expression: one is needed, each once"
        seen.add(str(expression))


def _anonymous(anonymous: Mapping[str, Any] | None) -> Iterator[str]:
    if anonymous and not anonymous.get("enabled") and anonymous.get("conditions"):
        yield "anonymous.conditions: they need enabled: true"


def holds_certificates(text: Any) -> bool:
    """Say whether a text is PEM with at least one certificate, each readable."""
    from cryptography import x509

    try:
        return bool(x509.load_pem_x509_certificates(str(text).encode()))
    except ValueError:
        return False
