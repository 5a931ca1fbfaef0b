"""Salt in the nodes: masterless everywhere; on demand a master on n1 and a minion on each node."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.sandbox.errors import SandboxError
from tests.sandbox.node import Node
from tests.sandbox.process import wait_for

REPOSITORY = Path(__file__).resolve().parents[2]
BOOTSTRAP_FILE = "/etc/cp-ingress/bootstrap.yaml"


@dataclass(frozen=True)
class SaltResult:
    """What a Salt command printed and returned; `data` is its JSON output, None where it printed none."""

    rc: int
    stdout: str
    stderr: str
    data: Any


@dataclass(frozen=True)
class SaltPaths:
    """Where one node keeps its Salt configuration and data."""

    root: Path

    @property
    def masterless(self) -> Path:
        """Configuration directory for `salt-call --local`."""
        return self.root / "masterless"

    @property
    def minion(self) -> Path:
        """Configuration directory of the minion that has a master."""
        return self.root / "minion"

    @property
    def master(self) -> Path:
        """Configuration directory of the master."""
        return self.root / "master"


def salt_paths(node: Node) -> SaltPaths:
    """Paths on a node's disk."""
    return SaltPaths(node.directory / "salt")


def pillar_files(charts: Mapping[str, Mapping[str, str]], helm: Path) -> dict[str, str]:
    """The sandbox's own pillar, as file texts by name.

    Parameters: per chart name its `version`, `sha256` and `directory`; the helm program.
    """
    pins: dict[str, dict[str, Any]] = {
        name: {**chart, "source": "directory"} for name, chart in charts.items()
    }
    # The image was made here, so it has another digest than the one the chart names.
    pins["ingress-nginx"]["values"] = {"controller": {"image": {"digest": ""}}}
    tuned = {"cp_ingress": {"charts": pins, "helm": str(helm), "kubeconfig": "/etc/kubernetes/admin.conf"}}
    # This top file hides the repository's, so it names the formula's pillar too; sandbox comes last and wins.
    top = {"base": {"*": ["cp_ingress", "sandbox"]}}
    return {"top.sls": yaml.safe_dump(top), "sandbox.sls": yaml.safe_dump(tuned)}


def masterless_config(node: Node, pillar: Path) -> dict[str, Any]:
    """Configuration for `salt-call --local` on a node."""
    return {
        "id": node.name,
        "root_dir": str(salt_paths(node).masterless),
        "file_client": "local",
        **_roots(pillar),
        **_quick(),
    }


def minion_config(node: Node, master: Node) -> dict[str, Any]:
    """Configuration of a node's minion."""
    return {
        "id": node.name,
        "root_dir": str(salt_paths(node).minion),
        "master": master.ip,
        "module_dirs": [str(REPOSITORY)],
        "acceptance_wait_time": 1,
        "random_reauth_delay": 1,
        "recon_default": 200,
        "recon_max": 1000,
        "auth_safemode": False,
        # A master that lost power says no goodbye: without this its minions notice after five minutes.
        "tcp_keepalive_idle": 5,
        "tcp_keepalive_intvl": 2,
        "tcp_keepalive_cnt": 3,
        **_quick(),
    }


def master_config(node: Node, pillar: Path) -> dict[str, Any]:
    """Configuration of the master."""
    return {
        "root_dir": str(salt_paths(node).master),
        "interface": node.ip,
        "auto_accept": True,
        "worker_threads": 3,
        "timeout": 5,
        "gather_job_timeout": 10,
        "user": "root",
        **_roots(pillar),
        **_quick(),
    }


def write_configuration(nodes: Sequence[Node], pillar: Path) -> None:
    """Write every node's Salt configuration; data that is there already stays."""
    for node in nodes:
        paths = salt_paths(node)
        _write(paths.masterless / "minion", masterless_config(node, pillar))
        _write(paths.minion / "minion", minion_config(node, nodes[0]))
    _write(salt_paths(nodes[0]).master / "master", master_config(nodes[0], pillar))


def start_daemons(node: Node, *, master: bool) -> None:
    """Start the node's minion, and the master when it is the one, unless they run already."""
    if master:
        _start(node, "salt-master", salt_paths(node).master)
    _start(node, "salt-minion", salt_paths(node).minion)


def wait_for_minions(master: Node, names: Sequence[str], *, timeout: float = 90) -> None:
    """Return when every named minion answers the master."""
    wanted = ",".join(names)

    def answer() -> bool:
        argv = ["salt", f"--config-dir={salt_paths(master).master}", "--out=json", "--static", "--timeout=5"]
        done = master.run([*argv, "--list", wanted, "test.ping"], check=False, timeout=40)
        answers = parse_json(done.stdout)
        return isinstance(answers, dict) and all(answers.get(name) is True for name in names)

    try:
        wait_for(answer, timeout=timeout, what=f"minions {wanted} answering")
    except SandboxError as error:
        tails = "\n".join(master.log_tail(name) for name in ("salt-master", "salt-minion"))
        raise SandboxError(f"{error}\n{tails}") from error


def salt_call_command(node: Node, arguments: Sequence[str], *, local: bool, test: bool) -> list[str]:
    """Command line of `salt-call` with JSON output: masterless (`local`) or as the node's minion."""
    paths = salt_paths(node)
    where = ["--local", f"--config-dir={paths.masterless}"] if local else [f"--config-dir={paths.minion}"]
    return [
        "salt-call",
        *where,
        "--out=json",
        "--retcode-passthrough",
        *arguments,
        *(["test=True"] if test else []),
    ]


def result(done: subprocess.CompletedProcess[str]) -> SaltResult:
    """What a finished Salt command told, with `local` unpacked where salt-call wraps its answer in it."""
    data = parse_json(done.stdout)
    if isinstance(data, dict) and set(data) == {"local"}:
        data = data["local"]
    return SaltResult(done.returncode, done.stdout, done.stderr, data)


def parse_json(text: str) -> Any:
    """The JSON value in a command's output, after any lines that precede it; None where there is none."""
    start = re.search(r"^[\[{]", text, re.MULTILINE)
    if start is None:
        return None
    try:
        return json.loads(text[start.start() :])
    except ValueError:
        return None


def _roots(pillar: Path) -> dict[str, Any]:
    return {
        "file_roots": {"base": [str(REPOSITORY / "salt")]},
        "pillar_roots": {"base": [str(pillar), str(REPOSITORY / "pillar")]},
        "module_dirs": [str(REPOSITORY)],
        "fileserver_list_cache_time": 0,
    }


def _quick() -> dict[str, Any]:
    """What keeps Salt from waiting for names and hardware that aren't there."""
    return {"enable_fqdns_grains": False, "enable_gpu_grains": False, "log_level": "warning", "ipv6": False}


def _write(path: Path, values: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(values))


def _start(node: Node, program: str, config: Path) -> None:
    running = node.run(["pgrep", "--full", f"{program} --config-dir={config}"], check=False)
    if running.returncode != 0:
        node.popen([program, f"--config-dir={config}"], log=node.directory / "log" / f"{program}.log")
