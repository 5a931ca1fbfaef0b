"""The structured file: our entries set, everything else as it was."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from cp_ingress_core.apiserver import authentication_config as config
from cp_ingress_core.apiserver.validation import problems
from cp_ingress_core.apiserver.wanted import Claims, Issuer
from cp_ingress_core.errors import ApiserverError
from tests.unit.pki import make_ca

VERSION = "apiserver.config.k8s.io/v1"
CLAIMS = Claims(("console",), "email", "oidc:", "groups", "oidc:")
OLD, NEW = Issuer("https://old.test/oidc"), Issuer("https://new.test/oidc", "https://new.test/doc")
CA = make_ca().certificate_pem


def entry(url: str, **more: Any) -> dict[str, Any]:
    mappings = {"username": {"claim": "sub", "prefix": ""}}
    return {"issuer": {"url": url, "audiences": ["a"]}, "claimMappings": mappings, **more}


def document(*entries: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"apiVersion": VERSION, "kind": "AuthenticationConfiguration", "jwt": list(entries), **more}


def found(*entries: dict[str, Any], ours: tuple[str, ...] = (), **more: Any) -> config.AuthenticationFile:
    return config.AuthenticationFile(document(*entries, **more), ours, "as it was")


def merged(
    file: config.AuthenticationFile | None, *issuers: Issuer, ca: str = ""
) -> config.AuthenticationFile:
    return config.merged(file, issuers, CLAIMS, ca, VERSION)


def test_a_first_file() -> None:
    made = merged(None, OLD, NEW, ca=CA)
    assert problems(made.document) == []
    assert made.issuers == [OLD.url, NEW.url]
    assert made.document["jwt"][1] == {
        "issuer": {
            "url": NEW.url,
            "audiences": ["console"],
            "discoveryURL": NEW.discovery_url,
            "certificateAuthority": CA,
        },
        "claimMappings": {
            "username": {"claim": "email", "prefix": "oidc:"},
            "groups": {"claim": "groups", "prefix": "oidc:"},
        },
    }


def test_what_was_written_is_read_as_it_was_meant() -> None:
    made = merged(None, OLD, NEW, ca=CA)
    read = config.parse(made.text, "file")
    assert (read.document, read.ours) == (made.document, (OLD.url, NEW.url))
    assert merged(read, OLD, NEW, ca=CA) is read


def test_a_certificate_is_written_as_a_block() -> None:
    assert f"certificateAuthority: |\n      {CA.splitlines()[0]}" in merged(None, OLD, ca=CA).text


STEPS = [
    (("old",), ("old", "new"), ["theirs", "old", "new"], "widened"),
    (("old", "new"), ("new",), ["theirs", "new"], "narrowed"),
    (("old",), ("new",), ["theirs", "new"], "moved at once"),
]
URLS = {"old": OLD, "new": NEW}


@pytest.mark.parametrize(("before", "after", "expected", "_"), STEPS, ids=[row[3] for row in STEPS])
def test_only_our_entries_follow(
    before: tuple[str, ...], after: tuple[str, ...], expected: list[str], _: str
) -> None:
    theirs = entry("https://theirs.test", userValidationRules=[{"expression": "true"}])
    ours = [merged(None, URLS[name]).document["jwt"][0] for name in before]
    file = found(theirs, *ours, ours=tuple(URLS[name].url for name in before), anonymous={"enabled": True})
    made = merged(file, *(URLS[name] for name in after))
    names = {"https://theirs.test": "theirs", OLD.url: "old", NEW.url: "new"}
    assert [names[url] for url in made.issuers] == expected
    assert made.document["jwt"][0] == theirs
    assert made.document["anonymous"] == {"enabled": True}


def test_rules_on_our_entry_come_along_to_the_next_issuer() -> None:
    rules = {
        "claimValidationRules": [{"claim": "hd", "requiredValue": "example.test"}],
        "userValidationRules": [{"expression": "true"}],
    }
    ours = merged(None, OLD).document["jwt"][0] | copy.deepcopy(rules)
    (new,) = merged(found(ours, ours=(OLD.url,)), NEW).document["jwt"]
    assert {name: new[name] for name in rules} == rules


def test_an_entry_that_the_user_made_for_our_issuer_becomes_ours_with_its_extras() -> None:
    theirs = entry(OLD.url, claimValidationRules=[{"expression": "true"}])
    theirs["claimMappings"]["extra"] = [{"key": "a.test/b", "valueExpression": "'c'"}]
    made = merged(found(theirs), OLD)
    (only,) = made.document["jwt"]
    assert made.ours == (OLD.url,)
    assert only["claimMappings"]["extra"] == theirs["claimMappings"]["extra"]
    assert only["claimMappings"]["username"] == {"claim": "email", "prefix": "oidc:"}
    assert only["claimValidationRules"] == [{"expression": "true"}]


def test_expressions_for_names_stay_where_no_claim_is_asked_for() -> None:
    theirs = entry(OLD.url)
    theirs["claimMappings"] = {"username": {"expression": "'x:' + claims.sub"}}
    claims = found(theirs).claims((OLD,))
    assert claims is not None
    made = config.merged(found(theirs), [OLD], claims, "", VERSION)
    assert made.document["jwt"][0]["claimMappings"] == theirs["claimMappings"]


ENTRIES = st.lists(st.sampled_from(["https://a.test", "https://b.test", OLD.url, NEW.url]), unique=True)
CHOICES = st.lists(st.sampled_from([OLD, NEW]), unique=True, min_size=1)


@given(ENTRIES, st.sets(st.sampled_from([OLD.url, NEW.url])), CHOICES)
def test_whatever_is_there_others_keep_theirs_and_ours_are_the_wanted_ones(
    urls: list[str], ours: set[str], wanted: list[Issuer]
) -> None:
    file = found(*(entry(url) for url in urls), ours=tuple(ours))
    made = merged(file, *wanted)
    asked = {issuer.url for issuer in wanted}
    kept = [url for url in urls if url not in ours and url not in asked]
    assert [url for url in made.issuers if url in kept] == kept
    assert set(made.issuers) == {*kept, *asked}
    assert set(made.ours) == asked
    assert [e for e in made.entries if e["issuer"]["url"] in kept] == [entry(url) for url in kept]
    assert problems(made.document) == []
    assert merged(made, *wanted) is made


@pytest.mark.parametrize(
    "line", ["# Ansible managed", "# This file is managed by Puppet", "# DO NOT EDIT", "# Generated by x"]
)
def test_a_file_of_another_tool_is_refused(line: str) -> None:
    with pytest.raises(ApiserverError, match="belongs to another tool"):
        config.parse(f"{line}\n{yaml.safe_dump(document())}", "file")


def test_a_damaged_mark_is_refused() -> None:
    text = merged(None, OLD).text.replace('["https', "[https")
    with pytest.raises(ApiserverError, match="is damaged"):
        config.parse(text, "file")


@pytest.mark.parametrize(
    ("version", "expected"), [((1, 30), "v1beta1"), ((1, 33), "v1beta1"), ((1, 34), "v1")]
)
def test_the_version_that_the_server_reads(version: tuple[int, int], expected: str) -> None:
    assert config.api_version(version) == f"apiserver.config.k8s.io/{expected}"


def broken(change: Any) -> dict[str, Any]:
    made = document(entry("https://a.test"))
    change(made["jwt"][0], made)
    return made


INVALID = {
    "an issuer twice": (lambda e, d: d["jwt"].append(copy.deepcopy(e)), "jwt[1].issuer.url"),
    "no https": (lambda e, d: e["issuer"].update(url="http://a.test"), "jwt[0].issuer.url"),
    "a query": (lambda e, d: e["issuer"].update(url="https://a.test?x=1"), "jwt[0].issuer.url"),
    "the service accounts' issuer": (
        lambda e, d: e["issuer"].update(url="https://kubernetes.default.svc"),
        "service account",
    ),
    "discovery at the issuer itself": (
        lambda e, d: e["issuer"].update(discoveryURL="https://a.test/"),
        "jwt[0].issuer.discoveryURL",
    ),
    "no audience": (lambda e, d: e["issuer"].update(audiences=[]), "jwt[0].issuer.audiences"),
    "audiences without a policy": (
        lambda e, d: e["issuer"].update(audiences=["a", "b"]),
        "jwt[0].issuer.audienceMatchPolicy",
    ),
    "no certificate": (
        lambda e, d: e["issuer"].update(certificateAuthority="x"),
        "jwt[0].issuer.certificateAuthority",
    ),
    "no prefix": (lambda e, d: e["claimMappings"]["username"].pop("prefix"), "username.prefix"),
    "no user name": (lambda e, d: e["claimMappings"].clear(), "jwt[0].claimMappings.username"),
    "claim and expression": (
        lambda e, d: e["claimMappings"]["username"].update(expression="claims.sub"),
        "exclude each other",
    ),
    "an unknown field": (lambda e, d: e.update(claimMapping={}), "jwt[0].claimMapping: there is no such"),
    "a list for a mapping": (lambda e, d: e.update(issuer=[]), "jwt[0].issuer: this is not a mapping"),
    "a rule of both kinds": (
        lambda e, d: e.update(claimValidationRules=[{"claim": "a", "expression": "b"}]),
        "claimValidationRules[0]",
    ),
    "a rule twice": (
        lambda e, d: e.update(userValidationRules=[{"expression": "b"}, {"expression": "b"}]),
        "userValidationRules[1]",
    ),
    "anonymous conditions without anonymous": (
        lambda e, d: d.update(anonymous={"enabled": False, "conditions": [{"path": "/livez"}]}),
        "anonymous.conditions",
    ),
}


@pytest.mark.parametrize(("change", "words"), INVALID.values(), ids=INVALID)
def test_what_the_apiserver_would_refuse_is_found(change: Any, words: str) -> None:
    (problem,) = problems(broken(change), ["https://kubernetes.default.svc"])
    assert words in problem
