"""Looking at the running sandbox and using it: nothing here changes what is up."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.sandbox import arp, audit, bringup, build, cgroups, images, network, salt
from tests.sandbox import client as outside
from tests.sandbox.addresses import CLIENT, NodeAddress, node_addresses
from tests.sandbox.client import Response
from tests.sandbox.errors import SandboxError
from tests.sandbox.node import FILES, Node, search_path
from tests.sandbox.process import execute
from tests.sandbox.state import State


class Access:
    """The sandbox that is up on this machine. May be used beside anybody: it takes no lock."""

    def state(self, *, unfinished: bool = False) -> State:
        """The recorded state.

        Raises SandboxError when no cluster is up; with `unfinished`, one whose `up` was interrupted will do.
        """
        need_root()
        state = State.load()
        if state is None or not (unfinished or state.phase == "up"):
            found = "none" if state is None else f"an unfinished one (phase {state.phase})"
            raise SandboxError(f"no sandbox is up (found {found}): python -m tests.sandbox up")
        return state

    @property
    def directory(self) -> Path:
        """Where the nodes' disks are on the host."""
        return Path(self.state(unfinished=True).directory)

    @property
    def addresses(self) -> tuple[NodeAddress, ...]:
        """Addresses of the nodes, n1 first."""
        return node_addresses(self.state(unfinished=True).nodes)

    @property
    def nodes(self) -> list[Node]:
        """The nodes, n1 (where kubeadm init ran: the bootstrap node) first."""
        state = self.state(unfinished=True)
        path = search_path([bringup.programs()])
        addresses = node_addresses(state.nodes)
        return [Node(address, addresses, Path(state.directory), path) for address in addresses]

    def node(self, name: str) -> Node:
        """One node by name. Raises SandboxError for an unknown one."""
        for node in self.nodes:
            if node.name == name:
                return node
        known = ", ".join(address.name for address in self.addresses)
        raise SandboxError(f"node {name!r}: there is no such node; there are {known}")

    @property
    def running(self) -> list[Node]:
        """The nodes that are switched on."""
        return [node for node in self.nodes if node.pid is not None]

    def memory(self) -> int:
        """Bytes of memory that all nodes hold, without page cache: the sum over their memory cgroups."""
        directories = [cgroups.find([address.name]) for address in self.addresses]
        return sum(cgroups.memory_in_use(cgroups.memory_directory(found)) for found in directories if found)

    def run(
        self,
        node: str,
        argv: Sequence[str],
        *,
        timeout: float = 60,
        check: bool = True,
        stdin: str | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command inside a node; see `process.execute`. KUBECONFIG is the node's admin.conf."""
        return self.node(node).run(argv, timeout=timeout, check=check, stdin=stdin, env=env)

    def popen(
        self, node: str, argv: Sequence[str], *, log: Path | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.Popen[str]:
        """Start a command inside a node without waiting; end it with `process.kill_group`."""
        return self.node(node).popen(argv, log=log, env=env)

    def client_command(self, argv: Sequence[str]) -> list[str]:
        """The command line on the host that runs `argv` on the client, with the sandbox's names."""
        view = ["unshare", "--mount", str(FILES / "client-view.sh"), str(self.directory / "client" / "hosts")]
        return [*network.enter(CLIENT.name), *view, *argv]

    def client_environment(self) -> dict[str, str]:
        """Environment of commands on the client: `kubectl` works there."""
        home = self.directory / "client"
        path = search_path([bringup.programs()])
        return {"PATH": path, "HOME": str(home), "KUBECONFIG": str(self.kubeconfig), "LANG": "C.UTF-8"}

    def client(
        self, argv: Sequence[str], *, timeout: float = 60, check: bool = True, stdin: str | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run a command on the client, a machine on the LAN that is not a node; see `process.execute`."""
        command = self.client_command(argv)
        what = f"client: {' '.join(argv)}"
        environment = self.client_environment()
        return execute(command, timeout=timeout, check=check, stdin=stdin, env=environment, what=what)

    def client_popen(self, argv: Sequence[str]) -> subprocess.Popen[str]:
        """Start a command on the client without waiting; end it with `process.kill_group`."""
        return subprocess.Popen(
            self.client_command(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=self.client_environment(),
            start_new_session=True,
        )

    def load_image(self, name: str) -> None:
        """Give every node that is on an image that not all sandboxes need, built when missing."""
        archive = build.extra_image(name)
        for node in self.running:
            node.run(["ctr", "--namespace", images.NAMESPACE, "images", "import", str(archive)], timeout=120)

    @property
    def kubeconfig(self) -> Path:
        """Administrator's kubeconfig on the host's disk; client and nodes know its server's name."""
        return self.directory / "client" / "admin.conf"

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl on the client, as the cluster's administrator."""
        return self.client(["kubectl", *arguments], stdin=stdin, check=check, timeout=timeout)

    def https(self, url: str, ca: Path | str | None, *, timeout: float = 5) -> Response:
        """One HTTPS GET from the client; see `client.https`."""
        return outside.https(url, ca, timeout=timeout)

    def announcers(self, ip: str, *, wait: float = 0.5) -> dict[str, str]:
        """Who answers ARP requests for an IP: node name by hardware address (`?` for an unknown one)."""
        names = {address.mac: address.name for address in self.addresses}
        return {mac: names.get(mac, "?") for mac in arp.who_has(ip, wait=wait)}

    def audit_mark(self) -> audit.Mark:
        """A point in all audit logs, for `audit_events`."""
        return audit.mark(self.nodes)

    def audit_events(self, since: audit.Mark | None = None) -> list[audit.Event]:
        """Requests to all apiservers after the mark, in order of arrival; see `audit.events`."""
        return audit.events(self.nodes, since)

    @property
    def pillar(self) -> Path:
        """Directory of the sandbox's own pillar; tests may write into it."""
        return self.directory / "pillar"

    def salt_call(
        self,
        node: str,
        *arguments: str,
        local: bool = True,
        test: bool = False,
        timeout: float = 600,
        env: Mapping[str, str] | None = None,
    ) -> salt.SaltResult:
        """Run salt-call on a node, masterless (`local`) or as its minion; a failed state is told by `rc`."""
        found = self.node(node)
        argv = salt.salt_call_command(found, arguments, local=local, test=test)
        return salt.result(found.run(argv, check=False, timeout=timeout, env=env))

    def salt_call_popen(self, node: str, *arguments: str, test: bool = False) -> subprocess.Popen[str]:
        """Start a masterless salt-call on a node without waiting; end it with `process.kill_group`."""
        found = self.node(node)
        return found.popen(salt.salt_call_command(found, arguments, local=True, test=test))

    def salt(self, *arguments: str, program: str = "salt", timeout: float = 600) -> salt.SaltResult:
        """Run `salt` (or `salt-run`, `salt-key`) on the master with JSON output."""
        master = self.nodes[0]
        argv = [program, f"--config-dir={salt.salt_paths(master).master}", "--out=json"]
        argv += ["--static"] if program == "salt" else []
        return salt.result(master.run([*argv, *arguments], check=False, timeout=timeout))

    def bootstrap_file(self, text: str, node: str = "n1") -> None:
        """Write the Bootstrap configuration file inside a node."""
        self.run(node, ["tee", salt.BOOTSTRAP_FILE], stdin=text)


def need_root() -> None:
    """Raise SandboxError unless the process is root."""
    if os.geteuid() != 0:
        raise SandboxError(
            "the sandbox needs root (for network namespaces, mounts and cgroups): run the command with sudo"
        )
