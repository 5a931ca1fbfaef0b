"""What a user may ask for, and what is refused by its key."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.apiserver import options, wanted
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ConfigError

GOOD = [{"url": "https://a.test"}]

REFUSED = {
    "no issuer": ({"issuers": []}, "issuers"),
    "an issuer without https": ({"issuers": ["http://a.test"]}, "issuers[0].url"),
    "an issuer that is no text": ({"issuers": [{"url": 1}]}, "issuers[0].url"),
    "an unknown key": ({"issuers": [{"url": "https://a.test", "ca": "x"}]}, "issuers[0]"),
    "an issuer twice": ({"issuers": ["https://a.test", "https://a.test"]}, "issuers[1].url"),
    "a document twice": (
        {
            "issuers": [
                {"url": "https://a.test", "discovery_url": "https://d.test/x"},
                {"url": "https://b.test", "discovery_url": "https://d.test/x"},
            ]
        },
        "issuers[1].discovery_url",
    ),
    "a document at the issuer": (
        {"issuers": [{"url": "https://a.test", "discovery_url": "https://a.test/"}]},
        "issuers[0].discovery_url",
    ),
    "a client and audiences": ({"issuers": GOOD, "client_id": "a", "audiences": ["b"]}, "audiences"),
    "no audience": ({"issuers": GOOD, "audiences": []}, "audiences"),
    "an audience twice": ({"issuers": GOOD, "audiences": ["a", "a"]}, "audiences"),
    "an empty claim": ({"issuers": GOOD, "username_claim": ""}, "username_claim"),
    "a prefix that is no text": ({"issuers": GOOD, "username_prefix": False}, "username_prefix"),
}


@pytest.mark.parametrize(("given", "key"), REFUSED.values(), ids=REFUSED)
def test_mistakes_are_refused_by_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        wanted.parse(**given)
    (error,) = caught.value.info["errors"]
    assert error.startswith(f"{key}: found ")


def test_an_issuer_may_be_its_url_alone() -> None:
    found = wanted.parse(["https://a.test", {"url": "https://b.test", "discovery_url": "https://d.test/x"}])
    assert found.issuers == (Issuer("https://a.test"), Issuer("https://b.test", "https://d.test/x"))
    assert [issuer.discovery for issuer in found.issuers] == [
        "https://a.test/.well-known/openid-configuration",
        "https://d.test/x",
    ]


PRESENT = Claims(("kept",), "sub", "https://old.test#", "roles", "", (("hd", "x"),))
CLAIMS = {
    "a first issuer has the defaults": (
        {"client_id": "c"},
        None,
        Claims(("c",), "email", "oidc:", "groups", "oidc:"),
    ),
    "what is there stays": ({}, PRESENT, PRESENT),
    "what is asked for wins": (
        {"audiences": ["a", "b"], "username_prefix": "", "groups_claim": ""},
        PRESENT,
        Claims(("a", "b"), "sub", "", "", "", (("hd", "x"),)),
    ),
}


@pytest.mark.parametrize(("given", "present", "expected"), CLAIMS.values(), ids=CLAIMS)
def test_users_keep_their_names_unless_asked_otherwise(
    given: dict[str, Any], present: Claims | None, expected: Claims
) -> None:
    assert wanted.parse(GOOD, **given).claims(present) == expected


def test_a_first_issuer_needs_a_client() -> None:
    with pytest.raises(ConfigError, match=r"client_id: found nothing"):
        wanted.parse(GOOD).claims(None)


OPTIONS = {
    "an unknown method": ({"method": "file"}, "method"),
    "flags without a manifest": ({"method": "flags", "manage_manifest": False}, "method"),
    "a relative path": ({"config_dir": "etc"}, "config_dir"),
    "configuration where the kubelet reads": ({"config_dir": "/etc/kubernetes/manifests/x"}, "config_dir"),
    "backups where the kubelet reads": ({"backup_dir": "/etc/kubernetes/manifests"}, "backup_dir"),
    "no time": ({"timeout": 0}, "timeout"),
    "a server without https": ({"server": "127.0.0.1:6443"}, "server"),
}


@pytest.mark.parametrize(("given", "key"), OPTIONS.values(), ids=OPTIONS)
def test_wrong_options_are_refused_by_key(given: dict[str, Any], key: str) -> None:
    with pytest.raises(ConfigError) as caught:
        options.parse(**given)
    (error,) = caught.value.info["errors"]
    assert error.startswith(f"{key}: found ")
