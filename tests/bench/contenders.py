"""What is measured side by side: kubectl, the library in a plain Python process, and salt-call."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tests.lighttier import LightApiserver
from tests.sandbox.build import binary

PROJECT = Path(__file__).resolve().parents[2]
KUBECTL, LIBRARY, SALT = "kubectl", "library", "salt-call"
AGENT = "salt-cp-ingress/"


@dataclass(frozen=True)
class Contender:
    """`command` gives what applies a file to a namespace; `environment` is added to this process's own."""

    name: str
    command: Callable[[Path, str], list[str]]
    environment: dict[str, str] = field(default_factory=dict)


def contenders(server: LightApiserver) -> list[Contender]:
    """Return all contenders, each set up for the server."""
    return [_kubectl(server), _library(server), _salt(server)]


def _kubectl(server: LightApiserver) -> Contender:
    program = str(binary("kubectl"))

    def command(file: Path, namespace: str) -> list[str]:
        return [program, f"--kubeconfig={server.kubeconfig}", "apply", "--server-side", "-f", str(file)]

    # kubectl keeps what it knows of the server below HOME.
    return Contender(KUBECTL, command, {"HOME": str(server.folder)})


def _library(server: LightApiserver) -> Contender:
    script = str(Path(__file__).with_name("apply_once.py"))

    def command(file: Path, namespace: str) -> list[str]:
        return [sys.executable, script, str(server.kubeconfig), namespace, str(file)]

    return Contender(LIBRARY, command, _bytecode(server))


def _salt(server: LightApiserver) -> Contender:
    folder = server.folder / "salt"
    folder.mkdir()
    config = {
        "id": "bench",
        "file_client": "local",
        "root_dir": str(folder),
        "module_dirs": [str(PROJECT)],
        "pillar_roots": {"base": [str(folder / "pillar")]},
        "file_roots": {"base": [str(folder / "states")]},
        # Looking up host names leaves the machine.
        "enable_fqdns_grains": False,
        "log_level": "quiet",
        "log_file": str(folder / "log"),
    }
    (folder / "minion").write_text(yaml.safe_dump(config), encoding="utf-8")
    program = str(Path(sys.executable).with_name("salt-call"))

    def command(file: Path, namespace: str) -> list[str]:
        function = ["kube_objects.apply", str(file), "applyset=bench", f"applyset_namespace={namespace}"]
        return [program, "--local", f"--config-dir={folder}", *function, f"kubeconfig={server.kubeconfig}"]

    return Contender(SALT, command, _bytecode(server))


def _bytecode(server: LightApiserver) -> dict[str, str]:
    """Let Python keep what it compiled, as where the modules are installed; the work tree stays clean."""
    return {"PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": str(server.folder / "bytecode")}
