"""Kubeconfigs: what is refused before a request is sent."""

from __future__ import annotations

import json
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from cp_ingress_core.errors import KubeconfigError
from cp_ingress_core.kube import credentials
from cp_ingress_core.kube.client import connect
from tests.lighttier.credentials import Authority

MODULES = Path(__file__).resolve().parents[3] / "_modules"


def _kubeconfig(
    folder: Path, *, cluster: dict[str, Any] | None = None, user: dict[str, Any] | None = None
) -> str:
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "c",
        "contexts": [{"name": "c", "context": {"cluster": "k", "user": "u"}}],
        "clusters": [{"name": "k", "cluster": {"server": "https://127.0.0.1:1", **(cluster or {})}}],
        "users": [{"name": "u", "user": user or {"token": "t"}}],
    }
    path = folder / "admin.conf"
    path.write_text(yaml.safe_dump(content))
    return str(path)


def test_a_token(tmp_path: Path) -> None:
    client = connect(_kubeconfig(tmp_path))

    assert client.authorization() == "Bearer t"


@pytest.mark.parametrize(
    ("cluster", "message"),
    [
        pytest.param({"insecure-skip-tls-verify": True}, "always verified", id="verification off"),
        pytest.param({"server": "http://127.0.0.1:1"}, "must be an https:// URL", id="no TLS"),
    ],
)
def test_tls_cannot_be_switched_off(tmp_path: Path, cluster: dict[str, Any], message: str) -> None:
    with pytest.raises(KubeconfigError, match=message):
        connect(_kubeconfig(tmp_path, cluster=cluster))


def test_an_unknown_context(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"admin\.conf cannot be used"):
        connect(_kubeconfig(tmp_path), context="other")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(None, "cannot be read", id="missing"),
        pytest.param("a: [", "is not YAML", id="not YAML"),
        pytest.param("- a", "is not a mapping", id="a list"),
        pytest.param("a: 1", "cannot be used", id="something else"),
    ],
)
def test_a_file_that_is_no_kubeconfig(tmp_path: Path, text: str | None, message: str) -> None:
    path = tmp_path / "admin.conf"
    if text is not None:
        path.write_text(text)

    with pytest.raises(KubeconfigError, match=message) as caught:
        connect(str(path))

    assert str(path) in str(caught.value)


def _plug_in(folder: Path, script: str) -> dict[str, Any]:
    path = folder / "plug-in"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return {
        "exec": {
            "apiVersion": "client.authentication.k8s.io/v1",
            "command": str(path),
            "interactiveMode": "Never",
        }
    }


def test_an_exec_plug_in(tmp_path: Path) -> None:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": "from-plug-in"},
    }
    answer = json.dumps(credential)
    client = connect(_kubeconfig(tmp_path, user=_plug_in(tmp_path, f"echo '{answer}'")))

    assert client.authorization() == "Bearer from-plug-in"


def test_an_exec_plug_in_that_fails(tmp_path: Path) -> None:
    with pytest.raises(KubeconfigError, match=r"plug-in.*gave no credentials"):
        connect(_kubeconfig(tmp_path, user=_plug_in(tmp_path, "exit 3")))


def test_no_kubeconfig_outside_a_pod() -> None:
    with pytest.raises(KubeconfigError, match="name a kubeconfig"):
        connect(None)


@pytest.mark.parametrize("token", ["ends-in-a-newline\n", " \tblanks-around "])
def test_blanks_around_a_token_are_nothing(tmp_path: Path, token: str) -> None:
    client = connect(_kubeconfig(tmp_path, user={"token": token}))

    assert client.authorization() == f"Bearer {token.strip()}"


@pytest.mark.parametrize("token", ["two\nlines", "with\x00zero", "schlüssel"])
def test_a_token_that_no_header_can_hold_is_refused_unseen(tmp_path: Path, token: str) -> None:
    with pytest.raises(KubeconfigError, match="no HTTP header may hold") as caught:
        connect(_kubeconfig(tmp_path, user={"token": token}))

    assert token not in str(caught.value)


def test_a_token_file_is_read_again_when_it_is_a_minute_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "token"
    file.write_text("first\n")
    now = [1000.0]
    monkeypatch.setattr(credentials.time, "monotonic", lambda: now[0])
    client = connect(_kubeconfig(tmp_path, user={"tokenFile": "token"}))
    file.write_text("second\n")

    assert client.authorization() == "Bearer first"
    now[0] += 61

    assert client.authorization() == "Bearer second"


def test_plain_kubeconfigs_are_read_without_the_kubernetes_package(tmp_path: Path) -> None:
    """Its import takes longer than a run that changes nothing."""
    (tmp_path / "ca").mkdir()
    ca = Authority(tmp_path / "ca")
    pair = ca.client("alice", [])
    user = {"client-certificate": str(pair.certificate), "client-key": str(pair.key)}
    path = _kubeconfig(tmp_path, cluster={"certificate-authority": str(ca.certificate)}, user=user)
    code = (
        "import sys; from cp_ingress_core.kube.client import connect; connect(sys.argv[1]);"
        "print([name for name in ('kubernetes', 'urllib3') if name in sys.modules])"
    )

    done = subprocess.run(
        [sys.executable, "-c", code, path], cwd=MODULES, capture_output=True, text=True, check=True
    )

    assert done.stdout == "[]\n"
