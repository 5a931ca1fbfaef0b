"""`kube_apiserver.oidc_issuer`: a structured file on a real apiserver, with the real Dex.

The tests of this file build on each other, in their order: each start and each reload takes seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Ingress, Node, wait_for
from tests.lighttier.credentials import Authority


def footprint(node: Node) -> list[tuple[str, int, int]]:
    """Name, inode and time of every file of the node's that the state may write."""
    folders = (node.manifest.parent, node.config_dir)
    paths = sorted(path for folder in folders for path in folder.iterdir())
    return [(path.name, path.stat().st_ino, path.stat().st_mtime_ns) for path in paths]


def reloads(node: Node) -> list[str]:
    """The apiserver's counters of reloads."""
    text = node.apiserver.request("GET", "/metrics")[1]
    return [
        line for line in text.splitlines() if "authentication_config_controller_automatic_reloads" in line
    ]


@pytest.fixture
def accepted(node: Node, old: Ingress, issuer: Issuer) -> Node:
    """The node with the old issuer accepted."""
    result = issuer(old.issuer)
    assert result["result"] is True, result
    return node


def test_a_first_issuer_is_predicted_and_nothing_is_written(
    node: Node, old: Ingress, issuer: Issuer, token: str
) -> None:
    before = footprint(node)
    result = issuer(old.issuer, test=True)
    assert result["result"] is None, result
    assert result["changes"][str(node.structured)] == {old.issuer: {"old": None, "new": "accepted"}}
    assert result["changes"][str(node.manifest)]["--authentication-config"]["new"] == str(node.structured)
    assert footprint(node) == before
    assert node.whoami(token)[0] == 401


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("https://127.0.0.1:9/oidc", "does not answer this node"),
        ("{new}/other", "does not answer this node: HTTP status 404"),
        ("{new}/oidc", "names the issuer"),
    ],
    ids=["nobody listens", "nothing there", "another issuer answers"],
)
def test_an_unfit_issuer_is_found_before_anything_is_written(
    node: Node, new: Ingress, old: Ingress, issuer: Issuer, url: str, reason: str
) -> None:
    before = footprint(node)
    result = issuer(url.format(new=new.url), timeout=1)
    assert (result["result"], result["changes"]) == (False, {})
    assert reason in result["comment"]
    assert footprint(node) == before


def test_a_first_issuer_is_accepted_after_one_restart(accepted: Node, token: str) -> None:
    assert accepted.kubelet.starts == 1
    assert accepted.whoami(token) == (201, "oidc:admin@example.test")
    assert accepted.structured.stat().st_mode & 0o777 == 0o644


def test_the_kubelet_never_saw_another_file_without_a_dot(accepted: Node) -> None:
    assert {name for name in accepted.kubelet.names if not name.startswith(".")} == {accepted.manifest.name}


def test_a_second_run_touches_nothing(accepted: Node, old: Ingress, issuer: Issuer, testmode: bool) -> None:
    before, starts = footprint(accepted), accepted.kubelet.starts
    result = issuer(old.issuer, test=testmode)
    assert (result["result"], result["changes"]) == (True, {}), result
    assert footprint(accepted) == before
    assert accepted.kubelet.starts == starts


def test_what_is_set_and_what_is_live_can_be_read_back(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    where = {name: accepted.arguments[name] for name in ("manifest", "config_dir")}
    configured = issuer.salt.call("kube_apiserver.configured", **where)
    assert configured == {
        "method": "structured",
        "issuers": [old.issuer],
        "ours": [old.issuer],
        "flags": {"authentication-config": [str(accepted.structured)]},
        "manifest": str(accepted.manifest),
        "config_file": str(accepted.structured),
    }
    kubeconfig = str(accepted.apiserver.kubeconfig)
    live = issuer.salt.call("kube_apiserver.live", **where, kubeconfig=kubeconfig)
    assert live["ready"] and live["uses_file"] and live["uses_flags"], live
    assert live["flags"] == configured["flags"]
    assert live["keys_fetched"][old.issuer] > 0


@pytest.mark.parametrize("wrong", ["the CA", "the issuer", "the claim"])
def test_a_change_that_would_break_logins_leaves_them_as_they_are(
    accepted: Node, old: Ingress, new: Ingress, issuer: Issuer, authority: Authority, token: str, wrong: str
) -> None:
    before, counted = footprint(accepted), reloads(accepted)
    changed: dict[str, Any] = {
        "the CA": {"issuers": [old.issuer], "ca_file": str(accepted.apiserver.ca)},
        "the issuer": {"issuers": [new.issuer]},
        "the claim": {"issuers": [old.issuer], "username_claim": ""},
    }[wrong]
    result = issuer(*changed.pop("issuers"), timeout=1, **changed)
    assert (result["result"], result["changes"]) == (False, {}), result
    words = {"the CA": "certificate refused", "the issuer": "names the issuer", "the claim": "username_claim"}
    assert words[wrong] in result["comment"]
    assert footprint(accepted) == before
    assert reloads(accepted) == counted
    assert accepted.whoami(token)[0] == 201


@pytest.mark.parametrize("good", [True, False], ids=["a good one", "another one"])
def test_a_real_token_must_be_accepted_where_one_is_given(
    accepted: Node, old: Ingress, issuer: Issuer, token: str, tmp_path: Path, good: bool
) -> None:
    path = tmp_path / "token"
    path.write_text(f"{token if good else token[:-8] + 'AAAAAAAA'}\n")
    result = issuer(old.issuer, token_file=str(path))
    assert result["result"] is good, result
    words = "test token: accepted as oidc:admin@example.test" if good else "refused the test token (HTTP 401)"
    assert words in result["comment"]
    assert token[:40] not in str(result)


def test_a_mount_of_the_file_alone_is_refused(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    """A rename gives the file a new inode, and such a mount goes on showing the old one."""
    text = accepted.manifest.read_text()
    pod = yaml.safe_load(text)
    (volume,) = (each for each in pod["spec"]["volumes"] if each["name"] == "cp-ingress-authentication")
    volume["hostPath"] = {"path": str(accepted.structured), "type": "File"}
    mounts = pod["spec"]["containers"][0]["volumeMounts"]
    (mount,) = (each for each in mounts if each["name"] == volume["name"])
    mount["mountPath"] = str(accepted.structured)
    with accepted.kubelet.blind():
        accepted.manifest.write_text(yaml.safe_dump(pod))
        result = issuer(old.issuer)
        accepted.manifest.write_text(text)
    assert result["result"] is False
    assert f"mounts the file {accepted.structured} alone" in result["comment"]


def test_a_file_elsewhere_is_refused_with_what_to_do(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    folder = str(accepted.apiserver.folder)
    pod = yaml.safe_load(accepted.manifest.read_text())
    command = pod["spec"]["containers"][0]["command"]
    command[-1] = f"--authentication-config={folder}/theirs.yaml"
    text = accepted.manifest.read_text()
    with accepted.kubelet.blind():
        accepted.manifest.write_text(yaml.safe_dump(pod))
        result = issuer(old.issuer)
        accepted.manifest.write_text(text)
    assert result["result"] is False
    assert f"config_dir to {folder}" in result["comment"]


def test_orphans_of_a_crash_go_with_the_next_run(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    orphans = [
        path.with_name(f".{path.name}.cp-ingress-new") for path in (accepted.manifest, accepted.structured)
    ]
    for orphan in orphans:
        orphan.write_text("half of")
    assert issuer(old.issuer)["result"] is True
    assert [orphan for orphan in orphans if orphan.exists()] == []


def test_a_second_file_that_defines_the_pod_is_refused(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    copy = accepted.manifest.with_name("kube-apiserver.yaml.bak")
    copy.write_text(accepted.manifest.read_text())
    try:
        result = issuer(old.issuer)
    finally:
        copy.unlink()
    assert result["result"] is False
    assert str(copy) in result["comment"]


FOREIGN_RULE = {"expression": "claims.email_verified == true", "message": "verify your address first"}


@pytest.fixture
def foreign(new: Ingress, authority: Authority) -> dict[str, Any]:
    """An entry of the user's own, for another issuer that works, with rules in CEL."""
    url = f"{new.url}/other"
    document = {"issuer": url, "jwks_uri": f"{new.issuer}/keys"}
    new.publish("/other/.well-known/openid-configuration", document)
    source = {"url": url, "audiences": ["theirs"], "certificateAuthority": authority.certificate.read_text()}
    return {
        "issuer": source,
        "claimMappings": {"username": {"expression": '"theirs:" + claims.sub'}},
        "userValidationRules": [{"expression": "!user.username.startsWith('system:')", "message": "no"}],
    }


def edit(node: Node, change: Any) -> None:
    """Edit the structured file as a user does, with an editor that keeps the comments."""
    text = node.structured.read_text()
    head, document = [line for line in text.splitlines() if line.startswith("#")], yaml.safe_load(text)
    change(document)
    fresh = node.structured.with_name(".edited")
    fresh.write_text("\n".join(head) + "\n" + yaml.safe_dump(document, sort_keys=False))
    fresh.rename(node.structured)


def test_entries_and_rules_of_others_stay(
    accepted: Node, old: Ingress, issuer: Issuer, foreign: dict[str, Any], token: str
) -> None:
    def add(document: dict[str, Any]) -> None:
        document["jwt"].insert(0, foreign)
        document["jwt"][1]["claimValidationRules"] = [FOREIGN_RULE]

    edit(accepted, add)
    before = footprint(accepted)
    assert issuer(old.issuer)["changes"] == {}
    assert footprint(accepted) == before
    changed = issuer(old.issuer, username_prefix="dex:")
    assert changed["result"] is True, changed
    assert changed["changes"][str(accepted.structured)] == {
        old.issuer: {"claimMappings.username.prefix": {"old": "oidc:", "new": "dex:"}}
    }
    theirs, ours = yaml.safe_load(accepted.structured.read_text())["jwt"]
    assert theirs == foreign
    assert ours["claimValidationRules"] == [FOREIGN_RULE]
    assert accepted.whoami(token) == (201, "dex:admin@example.test")


def test_an_issuer_of_others_that_is_gone_is_named_before_it_blocks_the_reload(
    accepted: Node, old: Ingress, new: Ingress, issuer: Issuer, foreign: dict[str, Any]
) -> None:
    text, counted = accepted.structured.read_text(), reloads(accepted)
    assert foreign["issuer"]["url"] in text
    document = new.documents.pop("/other/.well-known/openid-configuration")
    try:
        result = issuer(old.issuer, username_prefix="other:", timeout=1)
    finally:
        new.documents["/other/.well-known/openid-configuration"] = document
    assert (result["result"], result["changes"]) == (False, {})
    assert f"{foreign['issuer']['url']} is not ours" in result["comment"]
    assert (accepted.structured.read_text(), reloads(accepted)) == (text, counted)


def test_content_that_only_the_apiserver_can_judge_is_put_back(
    accepted: Node, old: Ingress, issuer: Issuer, token: str
) -> None:
    """CEL is not compiled here, so the refusal comes from the apiserver, and the earlier file comes back."""
    good = accepted.structured.read_text()
    broken = good.replace("claims.email_verified == true", "claims.email_verified ==")
    fresh = accepted.structured.with_name(".broken")
    fresh.write_text(broken)
    fresh.rename(accepted.structured)
    wait_for(lambda: any("failure" in line for line in reloads(accepted)), "the refusal")
    result = issuer(old.issuer, username_prefix="other:")
    assert result["result"] is False
    assert "refused the AuthenticationConfiguration" in result["comment"]
    assert accepted.structured.read_text() == broken
    assert accepted.whoami(token)[0] == 201
    fresh.write_text(good)
    fresh.rename(accepted.structured)


HEAD = "apiVersion: apiserver.config.k8s.io/v1\nkind: AuthenticationConfiguration\n"
ENTRY = (
    "{issuer: {url: 'https://a.test', audiences: [a]}, claimMappings: {username: {claim: sub, prefix: ''}}}"
)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("jwt: [", "is not YAML"),
        ("kind: AuthenticationConfiguration\napiVersion: v2\n", "apiVersion"),
        (f"{HEAD}jwt:\n- {ENTRY}\n- {ENTRY}\n", "listed twice"),
        (f"# Ansible managed\n{HEAD}", "belongs to another tool"),
    ],
    ids=["not YAML", "an unknown version", "an issuer twice", "another tool's"],
)
def test_a_file_that_is_broken_or_of_others_is_refused_and_left(
    accepted: Node, old: Ingress, issuer: Issuer, content: str, words: str
) -> None:
    good = accepted.structured.read_text()
    accepted.structured.write_text(content)
    try:
        result = issuer(old.issuer)
        assert (result["result"], result["changes"]) == (False, {})
        assert words in result["comment"]
        assert accepted.structured.read_text() == content
    finally:
        accepted.structured.write_text(good)


def test_a_manifest_with_flags_and_file_is_refused(accepted: Node, old: Ingress, issuer: Issuer) -> None:
    text = accepted.manifest.read_text()
    both = yaml.safe_load(text)
    both["spec"]["containers"][0]["command"].append("--oidc-issuer-url=https://a.test")
    with accepted.kubelet.blind():
        accepted.manifest.write_text(yaml.safe_dump(both))
        result = issuer(old.issuer)
        accepted.manifest.write_text(text)
    assert result["result"] is False
    assert "does not start with both" in result["comment"]
