"""The ``--oidc-*`` flags of an apiserver: what they mean, and the flags that mean something."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from cp_ingress_core.apiserver import flags as command_line
from cp_ingress_core.apiserver.wanted import Claims
from cp_ingress_core.errors import ApiserverError

STRUCTURED = "authentication-config"
ISSUER, CLIENT, CA_FILE = "oidc-issuer-url", "oidc-client-id", "oidc-ca-file"
SIGNING_ALGORITHMS = "oidc-signing-algs"
REQUIRED = "oidc-required-claim"
NAMES = (
    ISSUER,
    CLIENT,
    CA_FILE,
    "oidc-username-claim",
    "oidc-username-prefix",
    "oidc-groups-claim",
    "oidc-groups-prefix",
    REQUIRED,
    SIGNING_ALGORITHMS,
)
"""All that Kubernetes has; the order in which new ones are written."""


def present(flags: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the names of the ``--oidc-*`` flags that are set, those of later releases too."""
    return sorted(name for name in flags if name.startswith("oidc-"))


def claims(flags: Mapping[str, Sequence[str]]) -> Claims | None:
    """Return what the flags mean, the apiserver's own defaults filled in; None where no issuer is set.

    Without a prefix the apiserver puts the issuer's URL before every user name but e-mail addresses: that is
    written out, since it must outlive the URL.
    """
    issuer, client = command_line.last(flags, ISSUER), command_line.last(flags, CLIENT)
    if not issuer or not client:
        return None
    claim = command_line.last(flags, "oidc-username-claim", "sub")
    prefix = command_line.last(flags, "oidc-username-prefix")
    if not prefix and claim != "email":
        prefix = f"{issuer}#"
    pairs = {}
    for value in flags.get(REQUIRED, []):
        name, _, required = value.partition("=")
        pairs[name.strip()] = required.strip()
    return Claims(
        audiences=(client,),
        username_claim=claim,
        username_prefix="" if prefix == "-" else prefix,
        groups_claim=command_line.last(flags, "oidc-groups-claim"),
        groups_prefix=command_line.last(flags, "oidc-groups-prefix"),
        required=tuple(sorted(pairs.items())),
    )


def without_equivalent(flags: Mapping[str, Sequence[str]]) -> list[str]:
    """Return the flags that a structured file cannot express: it accepts every signing algorithm."""
    known = set(NAMES) - {SIGNING_ALGORITHMS}
    return [
        f"--{name}={','.join(flags[name])}"
        for name in present(flags)
        if name not in known and any(flags[name])
    ]


def written(
    issuer: str, claims: Claims, ca_file: str | None, flags: Mapping[str, Sequence[str]]
) -> dict[str, list[str]]:
    """Return the values of all flags that make an apiserver accept one issuer.

    issuer
        Its URL.
    claims
        How a token becomes a user.
    ca_file
        Path inside the container of the CA; None for the system's.
    flags
        What is there: flags without a meaning of ours keep their values.

    Raises ApiserverError for more than one audience, which flags cannot express.
    """
    if len(claims.audiences) > 1:
        raise ApiserverError(
            f"flags take one client, not {', '.join(claims.audiences)}: set client_id to one of them,"
            " or method to structured",
            reason="NoEquivalent",
        )
    values = {
        ISSUER: [issuer],
        CLIENT: list(claims.audiences),
        CA_FILE: [ca_file] if ca_file else [],
        "oidc-username-claim": [claims.username_claim],
        "oidc-username-prefix": [claims.username_prefix or "-"],
        "oidc-groups-claim": [claims.groups_claim] if claims.groups_claim else [],
        "oidc-groups-prefix": [claims.groups_prefix] if claims.groups_claim and claims.groups_prefix else [],
        REQUIRED: [f"{name}={value}" for name, value in claims.required],
    }
    kept = {name: list(flags[name]) for name in present(flags) if name not in values}
    return {**values, **kept, STRUCTURED: []}


def none(flags: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Return what takes every ``--oidc-*`` flag away."""
    return {name: [] for name in present(flags)}
