"""Which issuers an apiserver shall accept and how a token becomes a user: checked, and with what is there
filled in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlsplit

from cp_ingress_core.findings import ABSENT, Findings

METHODS = ("auto", "structured", "flags")

# For a cluster without an issuer; one that has one keeps what it has.
USERNAME_CLAIM = "email"
GROUPS_CLAIM = "groups"
PREFIX = "oidc:"


@dataclass(frozen=True)
class Issuer:
    """An issuer by its URL, and the URL of its discovery document where that is another than its own."""

    url: str
    discovery_url: str | None = None

    @property
    def discovery(self) -> str:
        """Where its discovery document is fetched."""
        return self.discovery_url or f"{self.url.rstrip('/')}/.well-known/openid-configuration"


@dataclass(frozen=True)
class Claims:
    """How a token becomes a user. ``groups_claim`` "" takes no groups; prefixes may be ""."""

    audiences: tuple[str, ...]
    username_claim: str
    username_prefix: str
    groups_claim: str
    groups_prefix: str
    required: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Wanted:
    """What was asked for; None keeps what the apiserver has. ``ca_pem`` "" trusts the system's CAs."""

    issuers: tuple[Issuer, ...]
    audiences: tuple[str, ...] | None = None
    username_claim: str | None = None
    username_prefix: str | None = None
    groups_claim: str | None = None
    groups_prefix: str | None = None
    ca_pem: str = ""

    def claims(self, present: Claims | None) -> Claims:
        """Return what was asked for, with the rest from what is there, or else from the defaults.

        present
            What the apiserver has now; None where it has no issuer of ours.

        Raises ConfigError when neither names a client.
        """
        if present is None and not self.audiences:
            findings = Findings()
            findings.refuse(
                "client_id",
                ABSENT,
                "the apiserver has no issuer yet, so no client to keep",
                allowed="the client that tokens are made for (their claim aud)",
                remedy="set cp_ingress:apiserver:client_id to the client of kubectl or your UI in Dex",
            )
            findings.raise_errors()
        base = present or Claims((), USERNAME_CLAIM, PREFIX, GROUPS_CLAIM, PREFIX)
        given = {
            name: value
            for name in ("audiences", "username_claim", "username_prefix", "groups_claim", "groups_prefix")
            if (value := getattr(self, name)) is not None
        }
        return replace(base, **given)


def parse(
    issuers: Any,
    *,
    client_id: Any = None,
    audiences: Any = None,
    username_claim: Any = None,
    username_prefix: Any = None,
    groups_claim: Any = None,
    groups_prefix: Any = None,
    ca_pem: str = "",
) -> Wanted:
    """Check what a user asked for; raises ConfigError with every finding."""
    findings = Findings()
    if client_id is not None and audiences is not None:
        findings.refuse(
            "audiences",
            audiences,
            "client_id is set too",
            allowed="client_id or audiences",
            remedy="remove one of them",
        )
    texts = {
        name: _text(name, value, findings, empty=name != "username_claim")
        for name, value in (
            ("username_claim", username_claim),
            ("username_prefix", username_prefix),
            ("groups_claim", groups_claim),
            ("groups_prefix", groups_prefix),
        )
    }
    found = Wanted(
        issuers=_issuers(issuers, findings),
        audiences=_audiences(client_id if audiences is None else audiences, findings),
        ca_pem=ca_pem,
        **texts,
    )
    findings.raise_errors()
    return found


def _text(name: str, value: Any, findings: Findings, *, empty: bool) -> str | None:
    if value is None or (isinstance(value, str) and (value or empty)):
        return value
    findings.refuse(name, value, "this is not a name", allowed="text", remedy="write it in quotes")
    return None


def _audiences(value: Any, findings: Findings) -> tuple[str, ...] | None:
    if value is None:
        return None
    listed = [value] if isinstance(value, str) else value
    proper = isinstance(listed, Sequence) and all(isinstance(each, str) and each for each in listed)
    if proper and listed and len(set(listed)) == len(listed):
        return tuple(listed)
    findings.refuse(
        "audiences",
        value,
        "these are not clients",
        allowed="client names, each once",
        remedy="write a list of text, or client_id for a single one",
    )
    return None


def _issuers(value: Any, findings: Findings) -> tuple[Issuer, ...]:
    entries = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
    if not entries:
        findings.refuse(
            "issuers", value, "there is none", allowed="at least one issuer", remedy="name its url"
        )
    found: list[Issuer] = []
    for number, entry in enumerate(entries):
        issuer = _issuer(entry, f"issuers[{number}]", findings)
        if issuer is None:
            continue
        for name in ("url", "discovery_url"):
            taken = [getattr(other, name) for other in found]
            if getattr(issuer, name) is not None and getattr(issuer, name) in taken:
                findings.refuse(
                    f"issuers[{number}].{name}",
                    getattr(issuer, name),
                    "another issuer has it",
                    allowed="each once",
                    remedy="remove one of them",
                )
        found.append(issuer)
    return tuple(found)


def _issuer(entry: Any, key: str, findings: Findings) -> Issuer | None:
    given = {"url": entry} if isinstance(entry, str) else entry
    if not isinstance(given, Mapping) or not set(given) <= {"url", "discovery_url"}:
        findings.refuse(
            key,
            entry,
            "this is not an issuer",
            allowed="a mapping with url and, where it differs, discovery_url",
            remedy="write url: https://...",
        )
        return None
    for name in ("url", "discovery_url"):
        value = given.get(name)
        if (name == "url" or value is not None) and (why := url_problem(value)):
            findings.refuse(
                f"{key}.{name}",
                value,
                why,
                allowed="an https:// URL without user, query and fragment",
                remedy="write it exactly as the issuer says it",
            )
            return None
    if given.get("discovery_url") and given["discovery_url"].rstrip("/") == given["url"].rstrip("/"):
        findings.refuse(
            f"{key}.discovery_url",
            given["discovery_url"],
            "it is the issuer's own URL",
            allowed="the whole URL of the discovery document",
            remedy="leave it out where the document is at the usual place",
        )
        return None
    return Issuer(given["url"], given.get("discovery_url"))


def url_problem(value: Any) -> str:
    """Say why an apiserver would not take a URL for an issuer's; "" when it would."""
    if not isinstance(value, str) or not value:
        return "this is not a URL"
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return "this is not a URL"
    if parts.scheme != "https" or not host:
        return "it does not begin with https:// and a host"
    if "@" in parts.netloc or parts.query or parts.fragment:
        return "it holds a user, a query or a fragment"
    return ""
