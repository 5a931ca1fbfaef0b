"""Finding helm, and what is said when what was found is no use. Rendering with the real one: tests/chart."""

import os
from pathlib import Path

import pytest

from cp_ingress_core.chart.helm import find_helm, helm_version, run_helm
from cp_ingress_core.errors import ChartError

from .support import listing


def program(folder: Path, body: str) -> Path:
    path = folder / "helm"
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_helm_is_found_on_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = program(tmp_path, "true")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin")
    assert find_helm() == wanted


def test_a_named_helm_is_taken_without_looking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    wanted = program(tmp_path, "true")
    assert find_helm(str(wanted)) == wanted


def test_a_missing_helm_names_the_folders_and_the_remedy(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("cp_ingress_core.chart.helm._MORE_FOLDERS", (f"{tmp_path}/more",))
    monkeypatch.setenv("PATH", f"{tmp_path}/one:{tmp_path}/two")
    with pytest.raises(ChartError) as caught:
        find_helm()
    for said in (f"{tmp_path}/one, {tmp_path}/two, {tmp_path}/more", "cp_ingress:helm", "3.14"):
        assert said in str(caught.value)
    assert caught.value.info["reason"] == "HelmMissing"


@pytest.mark.parametrize("name", ["helm", "/nowhere/helm", "{folder}/plain", "{folder}"])
def test_a_named_helm_must_be_an_executable_file(tmp_path: Path, name: str) -> None:
    (tmp_path / "plain").write_text("", encoding="utf-8")
    (tmp_path / "plain").chmod(0o644)
    named = name.format(folder=tmp_path)
    with pytest.raises(ChartError, match=f"helm is set to '{named}'"):
        find_helm(named)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param("v3.13.3", r"is version v3\.13\.3; needed is 3\.14", id="too old"),
        pytest.param("v2.17.0", "is version v2", id="much too old"),
        pytest.param("v5.0.0", r"up to 4\.x", id="newer than what is known"),
        pytest.param("", "does not answer like helm", id="no answer"),
        pytest.param("hello", "its version is 'hello'", id="another program"),
    ],
)
def test_an_unsuitable_helm_is_refused(tmp_path: Path, answer: str, said: str) -> None:
    helm = program(tmp_path, f"echo '{answer}'")
    with pytest.raises(ChartError, match=said) as caught:
        helm_version(helm, tmp_path / "renders")
    assert caught.value.info["reason"] == "HelmUnsupported"
    assert listing(tmp_path / "renders") == []


@pytest.mark.parametrize("answer", ["v3.14.0", "v3.22.1+g1234", "v4.3", "4.0.0-rc.1"])
def test_suitable_versions(tmp_path: Path, answer: str) -> None:
    assert helm_version(program(tmp_path, f"echo {answer}"), tmp_path / "renders") == answer


def test_helm_is_asked_once_until_it_changes(tmp_path: Path) -> None:
    helm = program(tmp_path, f"echo asked >> {tmp_path}/log; echo v4.1.0")
    memo = tmp_path / "renders"
    assert {helm_version(helm, memo) for _ in range(3)} == {"v4.1.0"}
    assert (tmp_path / "log").read_text(encoding="utf-8").count("asked") == 1
    program(tmp_path, f"echo asked again >> {tmp_path}/log; echo v4.2.0")
    assert helm_version(helm, memo) == "v4.2.0"


@pytest.mark.parametrize("memo", ["", "[]", "{", "null"])
def test_a_damaged_memo_is_ignored(tmp_path: Path, memo: str) -> None:
    folder = tmp_path / "renders"
    folder.mkdir()
    (folder / "helm-versions.json").write_text(memo, encoding="utf-8")
    assert helm_version(program(tmp_path, "echo v4.1.0"), folder) == "v4.1.0"


def test_the_users_own_set_up_does_not_reach_helm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HELM_PLUGINS", "HELM_NAMESPACE", "HELM_KUBETOKEN", "KUBECONFIG", "HELM_DEBUG", "HOME"):
        monkeypatch.setenv(name, "/the/users/own")
    seen = run_helm(program(tmp_path, "env; pwd"), ["version"], timeout=10)
    assert "/the/users/own" not in seen
    assert "HELM_CONFIG_HOME=" in seen


def test_helms_own_message_is_shown(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="chart x 1: helm template failed: Error: no such value") as caught:
        helm = program(tmp_path, "echo 'Error: no such value' >&2; exit 3")
        run_helm(helm, ["template"], timeout=10, what="chart x 1")
    assert caught.value.info["reason"] == "HelmFailed"


def test_a_silent_failure_gives_at_least_the_exit_code(tmp_path: Path) -> None:
    with pytest.raises(ChartError, match="exit code 3 without a message"):
        run_helm(program(tmp_path, "exit 3"), ["template"], timeout=10)


def test_a_helm_that_hangs_is_ended(tmp_path: Path) -> None:
    helm = program(tmp_path, f"echo $$ > {tmp_path}/pid; exec cat {tmp_path}/never")
    os.mkfifo(tmp_path / "never")
    with pytest.raises(ChartError, match=r"did not end within 0\.5 s"):
        run_helm(helm, ["template"], timeout=0.5)
    pid = (tmp_path / "pid").read_text(encoding="utf-8").strip()
    with pytest.raises(ProcessLookupError):
        os.kill(int(pid), 0)


def test_a_program_for_another_machine_is_said(tmp_path: Path) -> None:
    (tmp_path / "helm").write_bytes(b"\x7fELF not for here")
    (tmp_path / "helm").chmod(0o755)
    with pytest.raises(ChartError, match="cannot be run: Exec format error"):
        run_helm(tmp_path / "helm", ["version"], timeout=10)
