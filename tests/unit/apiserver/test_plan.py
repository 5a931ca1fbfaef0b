"""What the files shall be: the method, the flags in step with kubeadm, and what is refused beforehand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from cp_ingress_core.apiserver import authentication_config as structured
from cp_ingress_core.apiserver import plan, wanted
from cp_ingress_core.apiserver.options import Options
from cp_ingress_core.apiserver.present import Present
from cp_ingress_core.errors import ApiserverError
from tests.unit.apiserver.test_manifest import PATH, parsed, pod

FOLDER = "/etc/kubernetes/cp-ingress"
FILE = f"{FOLDER}/authentication.yaml"
OLD, NEW = "https://old.test/oidc", "https://new.test/oidc"


def present(*flags: str, config: structured.AuthenticationFile | None = None) -> Present:
    manifest = parsed(pod(["kube-apiserver", *(flags or ["--v=1"])]))
    return Present(manifest, manifest.render(), FILE, config)


def make(found: Present, *issuers: str, version: tuple[int, int] = (1, 36), **more: Any) -> plan.Plan:
    options = Options(**{name: more.pop(name) for name in ("method", "config_dir") if name in more})
    asked = wanted.parse(list(issuers), **{"client_id": "console", **more})
    return plan.make(found, asked, options, version)


METHODS = [
    ("auto", (1, 29), "flags"),
    ("auto", (1, 30), "structured"),
    ("flags", (1, 36), "flags"),
    ("structured", (1, 34), "structured"),
]


@pytest.mark.parametrize(("asked", "version", "expected"), METHODS)
def test_the_method_follows_the_version_unless_set(
    asked: str, version: tuple[int, int], expected: str
) -> None:
    assert make(present(), OLD, method=asked, version=version).method == expected


def test_a_file_before_its_version_is_refused() -> None:
    with pytest.raises(ApiserverError, match=r"Kubernetes 1\.29 reads no structured file"):
        make(present(), OLD, method="structured", version=(1, 29))


def test_without_a_manifest_the_method_is_never_flags() -> None:
    options = Options(manage_manifest=False)
    assert plan.choose("auto", (1, 30), options) == "structured"
    with pytest.raises(ApiserverError, match="method to flags"):
        plan.choose("auto", (1, 29), options)


def test_flags_take_the_last_issuer_and_say_so() -> None:
    made = make(present(), OLD, NEW, method="flags")
    assert made.manifest is not None
    assert made.manifest.flags["oidc-issuer-url"] == [NEW]
    assert made.warnings == (f"flags take one issuer: {NEW} is accepted, {OLD} is not",)
    assert [issuer.url for issuer in made.issuers] == [NEW]


def test_changes_name_flags_and_issuers() -> None:
    made = make(present("--oidc-issuer-url=" + OLD, "--oidc-client-id=c"), NEW, client_id=None)
    assert made.changes == {
        FILE: {NEW: {"old": None, "new": "accepted"}},
        PATH: {
            "--authentication-config": {"old": None, "new": FILE},
            "--oidc-client-id": {"old": "c", "new": None},
            "--oidc-issuer-url": {"old": OLD, "new": None},
            "mount": {"old": None, "new": FOLDER},
        },
    }


def test_kubeadm_gets_the_flags_of_the_manifest_and_loses_older_ones() -> None:
    made = make(present(), OLD)
    server = {"extraArgs": [{"name": "oidc-later", "value": "x"}, {"name": "v", "value": "2"}]}
    text = yaml.safe_dump(
        {"apiVersion": "kubeadm.k8s.io/v1beta4", "kind": "ClusterConfiguration", "apiServer": server}
    )
    edited = made.kubeadm(text)
    assert yaml.safe_load(edited)["apiServer"]["extraArgs"] == [
        {"name": "v", "value": "2"},
        {"name": "authentication-config", "value": FILE},
    ]
    assert made.kubeadm(edited) == edited


def file_of(**more: Any) -> structured.AuthenticationFile:
    claims = wanted.Claims(("console",), "email", "oidc:", "", "")
    made = structured.merged(None, [wanted.Issuer(OLD)], claims, "", structured.api_version((1, 36)))
    return structured.AuthenticationFile({**made.document, **more}, made.ours, made.text)


REFUSED = {
    "a flag without an equivalent": (
        present("--oidc-issuer-url=" + OLD, "--oidc-client-id=c", "--oidc-signing-algs=ES256"),
        {},
        "--oidc-signing-algs=ES256",
    ),
    "a CA that is not on this node": (
        present("--oidc-issuer-url=" + OLD, "--oidc-client-id=c", "--oidc-ca-file=/gone"),
        {},
        "--oidc-ca-file=/gone cannot be read",
    ),
    "a CA that is none": (present(), {"ca_pem": "x"}, "is not PEM"),
    "the service accounts' issuer": (
        present(f"--service-account-issuer={OLD}"),
        {},
        "issues the service account tokens",
    ),
    "anonymous access in both": (
        present("--anonymous-auth=false", config=file_of(anonymous={"enabled": True})),
        {},
        "does not start with both",
    ),
    "a file that says more than flags can": (
        present(f"--authentication-config={FILE}", config=file_of(anonymous={"enabled": True})),
        {"method": "flags"},
        "anonymous, which flags cannot express",
    ),
    "several clients in flags": (
        present(),
        {"method": "flags", "client_id": None, "audiences": ["a", "b"]},
        "flags take one client",
    ),
}


@pytest.mark.parametrize(("found", "more", "words"), REFUSED.values(), ids=REFUSED)
def test_refused_before_anything_is_written(found: Present, more: dict[str, Any], words: str) -> None:
    with pytest.raises(ApiserverError, match=words):
        make(found, OLD, **more)
