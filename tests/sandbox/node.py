"""A node: its disk, its processes, its power switch."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import uuid
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.sandbox import cgroups, containerd, network
from tests.sandbox.addresses import NodeAddress, hosts_file
from tests.sandbox.errors import SandboxError
from tests.sandbox.process import execute, wait_for

FILES = Path(__file__).parent / "files"
NAMESPACES = ("--mount", "--uts", "--ipc", "--net", "--pid", "--cgroup")


class Node:
    """One node of the sandbox.

    `directory` is its disk on the host; what a test reads from outside is under `disk/`, for instance
    `disk/etc/kubernetes/admin.conf`.
    """

    def __init__(self, address: NodeAddress, nodes: tuple[NodeAddress, ...], root: Path, path: str) -> None:
        self.address = address
        self.name = address.name
        self.ip = address.ip
        self.directory = root / "nodes" / address.name
        self.disk = self.directory / "disk"
        self._nodes = nodes
        self._path = path

    @property
    def pid(self) -> int | None:
        """Host's id of the node's first process; None while the node is switched off."""
        # The init is the only process of the node's own process namespace that has number 1 there; containers
        # are one namespace further down.
        own_depth = len(_namespace_ids(os.getpid()))
        for directory in cgroups.find([self.name]):
            for pid in cgroups.processes(directory):
                ids = _namespace_ids(pid)
                if len(ids) == own_depth + 1 and ids[-1] == 1:
                    return pid
            return None
        return None

    def prepare(self) -> None:
        """Make the files of the node's disk that its start needs."""
        for name in ("disk", "home", "log", "tmp"):
            (self.directory / name).mkdir(parents=True, exist_ok=True)
        (self.directory / "containerd.toml").write_text(containerd.configuration())
        (self.disk / "etc/cni/net.d").mkdir(parents=True, exist_ok=True)
        (self.disk / "etc/cni/net.d/10-pods.conflist").write_text(containerd.pod_network(self.address))
        (self.directory / "machine-id").write_text(uuid.uuid4().hex + "\n")

    def start(self) -> list[Path]:
        """Switch the node on; returns its cgroups. Its network card must be there."""
        found = cgroups.hierarchies()
        cgroups.remove(cgroups.find([self.name]))
        directories = cgroups.create(self.name, found)
        (self.directory / "hosts").write_text(hosts_file(self.address, self._nodes, self._nodes))
        log = (self.directory / "log" / "init.log").open("a")
        join = str(FILES / "join-cgroups.sh")
        argv = [join, *(str(directory / "cgroup.procs") for directory in directories), "--"]
        argv += ["nsenter", f"--net={network.netns(self.name)}", "unshare", "--cgroup"]
        argv += [join, *cgroups.entrances(directories), "--"]
        argv += ["unshare", "--mount", "--uts", "--pid", "--ipc", "--fork", "--kill-child"]
        argv += ["bash", str(FILES / "node-init.sh")]
        v1 = " ".join(hierarchy.options for hierarchy in found if hierarchy.options)
        env = self.environment() | {"NODE": self.name, "NODE_DIR": str(self.directory), "CGROUP_V1": v1}
        with log:
            subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=env,
                cwd="/",
                start_new_session=True,
            )
        return directories

    def wait_for_containerd(self) -> None:
        """Return when containerd answers; raises SandboxError with the node's own messages otherwise."""
        try:
            wait_for(
                lambda: self.run(["ctr", "version"], check=False, timeout=10).returncode == 0,
                timeout=60,
                what=f"containerd on {self.name} answering",
            )
        except SandboxError as error:
            raise SandboxError(f"{error}\n{self.log_tail('init')}\n{self.log_tail('containerd')}") from error

    def power_off(self) -> None:
        """Lose power: the cable is dead and every process ends, with nothing written and nobody told."""
        network.unplug(self.address)
        pid = self.pid
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
        cgroups.kill(cgroups.find([self.name]))

    def environment(self) -> dict[str, str]:
        """Environment of what runs in the node: nothing of the caller's but where programs are."""
        return {
            "PATH": self._path,
            "HOME": str(self.directory / "home"),
            "TMPDIR": str(self.directory / "tmp"),
            "KUBECONFIG": "/etc/kubernetes/admin.conf",
            "LANG": "C.UTF-8",
            "PYTHONDONTWRITEBYTECODE": "1",
        }

    def command(self, argv: Sequence[str]) -> list[str]:
        """The command line on the host that runs `argv` inside the node, in all its namespaces and cgroups.

        Raises SandboxError when the node is switched off.
        """
        pid = self.pid
        if pid is None:
            raise SandboxError(
                f"node {self.name} is switched off: python -m tests.sandbox poweron {self.name}"
            )
        entrances = cgroups.entrances(cgroups.find([self.name]))
        enter = ["nsenter", f"--target={pid}", *NAMESPACES, "--wd=/", "--"]
        return [str(FILES / "join-cgroups.sh"), *entrances, "--", *enter, *argv]

    def run(
        self,
        argv: Sequence[str],
        *,
        timeout: float = 60,
        check: bool = True,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command in the node; see `process.execute` for the parameters. `env` adds variables."""
        what = f"{self.name}: {' '.join(argv)}"
        variables = self.environment() | dict(env or {})
        return execute(
            self.command(argv), timeout=timeout, check=check, stdin=stdin, env=variables, what=what
        )

    def popen(
        self, argv: Sequence[str], *, log: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a command in the node without waiting for it.

        Its output goes to the file `log`, or to pipes when that is None. It is in a process group of its own,
        which `process.kill_group` ends; it also ends with the node's power.
        """
        variables = self.environment() | dict(env or {})
        if log is None:
            return self._popen(argv, subprocess.PIPE, variables)
        with log.open("a") as stream:
            return self._popen(argv, stream.fileno(), variables)

    def interactive(self, argv: Sequence[str]) -> int:
        """Run a command in the node with the caller's terminal; returns its exit code."""
        variables = self.environment() | {"TERM": os.environ.get("TERM", "dumb")}
        return subprocess.run(self.command(argv), env=variables, check=False).returncode

    def remove_disk(self) -> None:
        """Remove the node's disk, with everything on it."""
        shutil.rmtree(self.directory, ignore_errors=True)

    def log_tail(self, name: str, lines: int = 15) -> str:
        """The last lines of one of the node's logs, under a heading."""
        path = self.directory / "log" / f"{name}.log"
        text = path.read_text(errors="replace") if path.exists() else "(no such log)\n"
        return f"--- {path}\n" + "\n".join(text.splitlines()[-lines:])

    def _popen(self, argv: Sequence[str], output: int, variables: dict[str, str]) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(argv),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            text=True,
            env=variables,
            start_new_session=True,
        )


def _namespace_ids(pid: int) -> list[int]:
    """Numbers of a process in its process namespaces, outermost first; empty when it has ended."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return []
    for line in text.splitlines():
        if line.startswith("NSpid:"):
            return [int(number) for number in line.split()[1:]]
    return []


def search_path(directories: Sequence[Path]) -> str:
    """PATH of what runs in the sandbox: the built programs, the caller's Python environment, the system's."""
    own = [*map(str, directories), str(Path(sys.executable).parent)]
    system = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"]
    return ":".join([*own, *system])
