"""The wheel, built and installed with its dependencies into an empty environment: Salt finds all of it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.unit.contracts import public_functions

PROJECT = Path(__file__).resolve().parents[2]
CONSTRAINTS = PROJECT / "tests/setup/constraints.txt"
MINION = "id: wheel\nfile_client: local\nroot_dir: {}\nenable_fqdns_grains: false\nenable_gpu_grains: false\n"


def run(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command away from the work tree, with nothing of this environment's on its path."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "VIRTUAL_ENV"))}
    # Salt imports a module that its own Python says will go; the warning is not this project's.
    return subprocess.run(
        command,
        cwd=folder,
        env=clean | {"PYTHONWARNINGS": "ignore"},
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@dataclass
class Installed:
    """An environment that holds the wheel and what it depends on, and Salt in it."""

    folder: Path

    def salt_call(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """Call a function there, without a master."""
        salt_call = self.folder / "venv/bin/salt-call"
        options = ["--local", "-c", str(self.folder / "conf"), "--out=json", "--log-level=quiet"]
        return run(salt_call, *options, *arguments, folder=self.folder)

    def answer(self, *arguments: str) -> Any:
        """What a call that succeeds returns."""
        done = self.salt_call(*arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)["local"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this work tree."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", folder, PROJECT]
    done = run(*pip, folder=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """The wheel and its dependencies in an environment of their own."""
    folder = tmp_path_factory.mktemp("installed")
    (folder / "conf").mkdir()
    (folder / "conf/minion").write_text(MINION.format(folder / "root"))
    for command in (
        [sys.executable, "-m", "venv", folder / "venv"],
        [folder / "venv/bin/pip", "install", "--quiet", "--constraint", CONSTRAINTS, wheel],
    ):
        done = run(*command, folder=folder)
        assert done.returncode == 0, done.stdout + done.stderr
    return Installed(folder)


def test_the_wheel_holds_every_module_and_nothing_else(wheel: Path) -> None:
    packed = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    library = {f"cp_ingress_core/{name}" for name in modules_below("_modules/cp_ingress_core", "**/*.py")}
    faces = {f"cp_ingress_salt/modules/{name}" for name in modules_below("_modules", "*.py")}
    states = {f"cp_ingress_salt/states/{name}" for name in modules_below("_states", "*.py")}
    assert packed == library | faces | states


def modules_below(folder: str, pattern: str) -> set[str]:
    """The Python files of a folder of the work tree, by their paths in it."""
    return {str(path.relative_to(PROJECT / folder)) for path in PROJECT.glob(f"{folder}/{pattern}")}


def test_the_wheel_carries_the_licence(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (licence,) = (name for name in archive.namelist() if name.endswith("LICENSE"))
        assert archive.read(licence) == (PROJECT / "LICENSE").read_bytes()


@pytest.mark.parametrize(
    ("folder", "function"),
    [("_modules", "sys.list_functions"), ("_states", "sys.list_state_functions")],
    ids=["faces", "states"],
)
def test_salt_offers_every_public_function(installed: Installed, folder: str, function: str) -> None:
    names = [public.name for public in public_functions(PROJECT / folder)]
    modules = sorted({name.partition(".")[0] for name in names})
    assert installed.answer(function, *modules) == sorted(names)


def test_a_chart_is_looked_up(installed: Installed) -> None:
    pin = installed.answer("kube_chart.pin", str(PROJECT / "charts/metallb"))
    assert pin["name"] == "metallb"
    assert len(pin["sha256"]) == 64


def test_a_bootstrap_file_becomes_pillar(installed: Installed) -> None:
    bootstrap = installed.folder / "bootstrap.yaml"
    bootstrap.write_text(
        "apiVersion: cp-ingress/v1\n"
        "kind: BootstrapConfiguration\n"
        "networks:\n"
        "  controlPlane:\n"
        "    cidr: 10.200.0.0/24\n"
        "    metalLB: {enabled: true}\n"
        "    ingress: {ip: 10.200.0.50}\n"
    )
    pillar = installed.answer("bootstrap_config.pillar", str(bootstrap))
    assert "10.200.0.50" in json.dumps(pillar["networks"])


def test_settings_without_pillar_name_the_missing_key(installed: Installed) -> None:
    assert "networks" in json.dumps(installed.answer("cp_ingress.settings"))


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(["kube_objects.list", "v1", "ConfigMap", "kubeconfig={}"], id="kube_objects"),
        pytest.param(["kube_chart.pin", "{}"], id="kube_chart"),
        pytest.param(["bootstrap_config.read", "{}"], id="bootstrap_config"),
    ],
)
def test_what_is_missing_is_named_in_one_line(installed: Installed, call: list[str]) -> None:
    missing = str(installed.folder / "nothing")
    done = installed.salt_call(*(argument.format(missing) for argument in call))
    assert done.returncode != 0
    said = (done.stdout + done.stderr).strip()
    assert missing in said
    assert "Traceback" not in said
    assert said.count("\n") == 0, said


def test_a_state_without_a_cluster_fails_with_its_reason(installed: Installed) -> None:
    missing = str(installed.folder / "nothing")
    done = installed.salt_call(
        "state.single", "kube_objects.applied", "name=x", "objects=[]", f"kubeconfig={missing}"
    )
    (result,) = json.loads(done.stdout)["local"].values()
    assert result["result"] is False
    assert missing in result["comment"]
