"""What the apiserver's --oidc flags mean, and what moving them to a file keeps."""

from __future__ import annotations

import pytest

from cp_ingress_core.apiserver import authentication_config, flags, oidc_flags
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError

BASE = ["--oidc-issuer-url=https://a.test", "--oidc-client-id=c"]

MEANINGS = [
    ([], Claims(("c",), "sub", "https://a.test#", "", ""), "defaults: the issuer is in every name"),
    (["--oidc-username-claim=email"], Claims(("c",), "email", "", "", ""), "e-mail addresses have no prefix"),
    (["--oidc-username-prefix=-"], Claims(("c",), "sub", "", "", ""), "a dash is no prefix"),
    (
        ["--oidc-username-prefix=p:", "--oidc-groups-claim=g", "--oidc-groups-prefix=q:"],
        Claims(("c",), "sub", "p:", "g", "q:"),
        "prefixes and groups",
    ),
    (
        ["--oidc-required-claim=b=2", "--oidc-required-claim=a=1"],
        Claims(("c",), "sub", "https://a.test#", "", "", (("a", "1"), ("b", "2"))),
        "required claims",
    ),
]


@pytest.mark.parametrize(("more", "expected", "_"), MEANINGS, ids=[row[2] for row in MEANINGS])
def test_flags_mean_what_the_apiserver_makes_of_them(more: list[str], expected: Claims, _: str) -> None:
    assert oidc_flags.claims(flags.read([*BASE, *more])) == expected


@pytest.mark.parametrize(("more", "expected", "_"), MEANINGS, ids=[row[2] for row in MEANINGS])
def test_what_flags_mean_survives_the_way_to_the_file_and_back(
    more: list[str], expected: Claims, _: str
) -> None:
    issuer = Issuer("https://b.test")
    made = authentication_config.merged(None, [issuer], expected, "", "apiserver.config.k8s.io/v1")
    read = authentication_config.parse(made.text, "file")
    assert read.claims((issuer,)) == expected
    written = oidc_flags.written(issuer.url, expected, None, {})
    assert oidc_flags.claims({name: values for name, values in written.items() if values}) == expected


def test_without_issuer_or_client_there_is_nothing() -> None:
    assert oidc_flags.claims(flags.read(BASE[:1])) is None
    assert oidc_flags.claims({}) is None


def test_what_has_no_equivalent_is_named() -> None:
    found = flags.read([*BASE, "--oidc-signing-algs=ES256", "--oidc-later=1"])
    assert oidc_flags.without_equivalent(found) == ["--oidc-later=1", "--oidc-signing-algs=ES256"]
    assert oidc_flags.without_equivalent(flags.read(BASE)) == []


def test_flags_without_an_opinion_of_ours_are_kept() -> None:
    found = flags.read([*BASE, "--oidc-signing-algs=ES256"])
    assert oidc_flags.written("https://b.test", Claims(("c",), "sub", "", "", ""), "/ca", found) == {
        "oidc-issuer-url": ["https://b.test"],
        "oidc-client-id": ["c"],
        "oidc-ca-file": ["/ca"],
        "oidc-username-claim": ["sub"],
        "oidc-username-prefix": ["-"],
        "oidc-groups-claim": [],
        "oidc-groups-prefix": [],
        "oidc-required-claim": [],
        "oidc-signing-algs": ["ES256"],
        "authentication-config": [],
    }


def test_several_audiences_are_refused() -> None:
    with pytest.raises(ApiserverError, match="flags take one client, not a, b"):
        oidc_flags.written("https://a.test", Claims(("a", "b"), "sub", "", "", ""), None, {})
