"""The ``--oidc-*`` flags on a real apiserver: set, moved to the file, refused where that loses something.

Each change starts the apiserver anew; the tests build on each other, in their order.
"""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.apiserver.issuer.conftest import Issuer
from tests.apiserver.issuer.kit import Ingress, Node, log_in
from tests.lighttier.credentials import Authority


@pytest.fixture(scope="module")
def by_hand(node: Node, old: Ingress, authority: Authority) -> list[str]:
    """Flags as an administrator set them: no prefix, so the issuer's URL is in every name."""
    return [
        f"--oidc-issuer-url={old.issuer}",
        "--oidc-client-id=console",
        f"--oidc-ca-file={node.apiserver.folder}/oidc.crt",
        "--oidc-username-claim=name",
        "--oidc-required-claim=email=admin@example.test",
    ]


@pytest.fixture(scope="module")
def flagged(node: Node, authority: Authority, by_hand: list[str]) -> Node:
    (node.apiserver.folder / "oidc.crt").write_text(authority.certificate.read_text())
    node.reset(*by_hand)
    return node


@pytest.fixture(scope="module")
def name(old: Ingress) -> str:
    """The user's name under those flags."""
    return f"{old.issuer}#admin"


def test_flags_set_by_hand_are_read_back(
    flagged: Node, old: Ingress, issuer: Issuer, token: str, name: str
) -> None:
    where = {key: flagged.arguments[key] for key in ("manifest", "config_dir")}
    found = issuer.salt.call("kube_apiserver.configured", **where)
    assert (found["method"], found["issuers"]) == ("flags", [old.issuer])
    assert issuer.salt.call("kube_apiserver.method") == "structured"
    assert flagged.whoami(token) == (201, name)


def test_a_flag_without_equivalent_is_refused_by_name(
    flagged: Node, old: Ingress, issuer: Issuer, by_hand: list[str], testmode: bool
) -> None:
    text = flagged.manifest.read_text()
    with flagged.kubelet.blind():
        flagged.manifest.write_text(yaml.safe_dump(flagged.pod(*by_hand, "--oidc-signing-algs=RS256,ES256")))
        result = issuer(old.issuer, test=testmode, client_id=None)
        flagged.manifest.write_text(text)
    assert (result["result"], result["changes"]) == (False, {})
    assert "--oidc-signing-algs=RS256,ES256" in result["comment"]
    assert "method to flags" in result["comment"]


def test_flags_of_ours_move_to_another_issuer_with_a_restart(
    flagged: Node, old: Ingress, issuer: Issuer, token: str, name: str
) -> None:
    starts = flagged.kubelet.starts
    result = issuer(old.issuer, method="flags", client_id=None)
    assert result["result"] is True, result
    assert flagged.kubelet.starts == starts + 1
    assert f"--oidc-username-prefix={old.issuer}#" in flagged.flags
    (ca,) = flagged.config_dir.glob("oidc-ca-*.crt")
    assert f"--oidc-ca-file={ca}" in flagged.flags
    assert flagged.whoami(token) == (201, name)
    again = issuer(old.issuer, method="flags", client_id=None)
    assert (again["result"], again["changes"]) == (True, {}), again
    assert flagged.kubelet.starts == starts + 1


def test_a_restart_waits_for_that_of_another_master(flagged: Node, old: Ingress, issuer: Issuer) -> None:
    path = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases"
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "cp-ingress-apiserver-restart"},
        "spec": {"holderIdentity": "another", "leaseDurationSeconds": 600},
    }
    assert flagged.apiserver.request("POST", path, lease)[0] == 201
    text, starts = flagged.manifest.read_text(), flagged.kubelet.starts
    try:
        result = issuer(old.issuer, method="flags", username_prefix="other:", timeout=1)
    finally:
        flagged.apiserver.request("DELETE", f"{path}/cp-ingress-apiserver-restart")
    assert result["result"] is False
    assert "the turn of another" in result["comment"]
    assert (flagged.manifest.read_text(), flagged.kubelet.starts) == (text, starts)


def test_a_manifest_that_the_kubelet_misses_fails_and_comes_back(
    flagged: Node, old: Ingress, issuer: Issuer, token: str, name: str
) -> None:
    text = flagged.manifest.read_text()
    with flagged.kubelet.blind():
        result = issuer(old.issuer, method="flags", username_prefix="other:", timeout=2)
    assert result["result"] is False
    assert "the kubelet has not started it again" in result["comment"]
    assert f"Put back as before: {flagged.manifest}" in result["comment"]
    assert flagged.manifest.read_text() == text
    assert flagged.whoami(token) == (201, name)


def test_all_that_flags_say_is_moved_to_the_file(
    flagged: Node, old: Ingress, issuer: Issuer, token: str, name: str
) -> None:
    result = issuer(old.issuer, client_id=None)
    assert result["result"] is True, result
    assert flagged.flags == [f"--authentication-config={flagged.structured}"]
    assert flagged.whoami(token) == (201, name)
    (entry,) = yaml.safe_load(flagged.structured.read_text())["jwt"]
    assert entry["claimMappings"] == {"username": {"claim": "name", "prefix": f"{old.issuer}#"}}
    assert entry["claimValidationRules"] == [{"claim": "email", "requiredValue": "admin@example.test"}]
    assert entry["issuer"]["audiences"] == ["console"]


def test_the_name_stays_when_the_issuer_moves(
    flagged: Node, old: Ingress, new: Ingress, dex: Any, issuer: Issuer, authority: Authority, name: str
) -> None:
    """A prefix that the apiserver made of the old URL must not become the new URL: RBAC would break."""
    dex.start(new.issuer)
    assert issuer(new.issuer, client_id=None)["result"] is True
    assert flagged.whoami(log_in(new.issuer, authority.certificate)) == (201, name)
    dex.start(old.issuer)
    assert issuer(old.issuer, client_id=None)["result"] is True


def test_a_file_with_rules_is_not_given_up_for_flags(flagged: Node, old: Ingress, issuer: Issuer) -> None:
    text = flagged.structured.read_text()
    document = yaml.safe_load(text)
    document["jwt"][0]["userValidationRules"] = [{"expression": "true"}]
    head = [line for line in text.splitlines() if line.startswith("#")]
    flagged.structured.write_text("\n".join(head) + "\n" + yaml.safe_dump(document))
    result = issuer(old.issuer, method="flags")
    flagged.structured.write_text(text)
    assert result["result"] is False
    assert "flags cannot express" in result["comment"]


def test_a_new_apiserver_that_does_not_start_gives_way_to_the_old_one(
    flagged: Node, old: Ingress, issuer: Issuer, by_hand: list[str], name: str
) -> None:
    """The apiserver ends at a file whose CEL does not compile; the flags of before come back with it."""
    flagged.reset(*by_hand)
    broken = f"""
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
- issuer: {{url: {old.issuer}, audiences: [console]}}
  claimMappings: {{username: {{claim: sub, prefix: ''}}}}
  userValidationRules: [{{expression: 'user.username =='}}]
"""
    flagged.structured.write_text(broken)
    text = flagged.manifest.read_text()
    result = issuer(old.issuer, client_id=None, timeout=15)
    assert result["result"] is False
    assert str(flagged.manifest) in result["comment"]
    assert (flagged.manifest.read_text(), flagged.structured.read_text()) == (text, broken)
    assert flagged.ready()
    flagged.structured.unlink()


def test_a_run_after_a_crash_in_the_middle_goes_back_too(
    flagged: Node, old: Ingress, issuer: Issuer, by_hand: list[str]
) -> None:
    """Killed after the manifest was written: the next run finds nothing to change, and no apiserver."""
    flagged.reset(*by_hand)
    good = flagged.manifest.read_text()
    assert issuer(old.issuer, method="flags", client_id=None)["result"] is True
    ours = yaml.safe_load(flagged.manifest.read_text())
    ours["spec"]["containers"][0]["command"].append("--no-such-flag")
    (flagged.backup_dir / "kube-apiserver.yaml.pending").write_text(good)
    fresh = flagged.manifest.with_name(".fresh")
    fresh.write_text(yaml.safe_dump(ours, sort_keys=False))
    fresh.rename(flagged.manifest)
    result = issuer(old.issuer, method="flags", client_id=None, timeout=10)
    assert result["result"] is False
    assert "Put back as before" in result["comment"]
    assert flagged.manifest.read_text() == good
    assert flagged.ready()


def test_a_run_after_a_crash_does_not_take_the_old_process_for_the_new_one(
    flagged: Node, old: Ingress, issuer: Issuer, by_hand: list[str]
) -> None:
    """Killed just after the rename: the process of before still answers, and knows the issuer."""
    flagged.reset(*by_hand)
    assert issuer(old.issuer, method="flags", client_id=None)["result"] is True
    good = flagged.manifest.read_text()
    flagged.wait_until_aged()
    with flagged.kubelet.blind():
        ours = yaml.safe_load(good)
        ours["metadata"]["annotations"] = {"a": "b"}
        (flagged.backup_dir / "kube-apiserver.yaml.pending").write_text(good)
        fresh = flagged.manifest.with_name(".fresh")
        fresh.write_text(yaml.safe_dump(ours))
        fresh.rename(flagged.manifest)
        result = issuer(old.issuer, method="flags", client_id=None, timeout=4)
    assert result["result"] is False
    assert "the kubelet has not started it again" in result["comment"]
    assert flagged.manifest.read_text() == good


def test_the_files_of_before_come_back_without_asking_the_cluster(
    flagged: Node, old: Ingress, issuer: Issuer, by_hand: list[str]
) -> None:
    flagged.reset(*by_hand)
    good = flagged.manifest.read_text()
    assert issuer(old.issuer, method="flags", client_id=None)["result"] is True
    where = {name: flagged.arguments[name] for name in ("manifest", "config_dir", "backup_dir")}
    assert issuer.salt.call("kube_apiserver.restore", **where) == []
    restored = issuer.salt.call("kube_apiserver.restore", "previous", **where)
    assert restored == [str(flagged.manifest)]
    assert flagged.manifest.read_text() == good
