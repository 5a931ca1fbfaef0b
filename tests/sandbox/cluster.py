"""The sandbox as tests and the command line use it."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from tests.sandbox import arp, audit, bringup, cgroups, client, health, images, network, salt, sysctl
from tests.sandbox.addresses import CLIENT, NODE_COUNTS, NodeAddress, hosts_file, node_addresses
from tests.sandbox.errors import SandboxError
from tests.sandbox.lock import Lock
from tests.sandbox.node import FILES, Node, search_path
from tests.sandbox.process import execute
from tests.sandbox.progress import Progress, figure
from tests.sandbox.state import State, data_directory
from tests.sandbox.teardown import tear_down

PROXY_MODES = ("iptables", "nftables")


class Sandbox:
    """The machine's one sandbox.

    Methods that change it take its lock, and keep it when `hold` was called before; the others may be used beside
    anybody. `owner` is recorded at `up`: `user` or `test` (what a test run left behind may be taken down by the next).
    """

    def __init__(self, directory: str | None = None, *, owner: str = "user", quiet: bool = False) -> None:
        self._wanted_directory = directory
        self._owner = owner
        self._progress = Progress(quiet=quiet)
        self.lock = Lock()

    # -- life ---------------------------------------------------------------------------------------------------------

    def hold(self) -> None:
        """Keep others from changing the sandbox until `lock.release()` or the end of the process."""
        _need_root()
        self.lock.acquire()

    def up(self, nodes: int = 3, proxy: str = "iptables", *, with_salt: bool = False) -> bool:
        """Bring the cluster up; returns False when it was up like that already.

        An unfinished one is taken down first; nodes that are switched off are switched on.
        Raises SandboxError when another cluster is up, or for values out of range.
        """
        _check_choice("--nodes", nodes, NODE_COUNTS)
        _check_choice("--proxy", proxy, PROXY_MODES)
        with self._changing():
            state = State.load()
            if state and state.phase == "up":
                self._check_same(state, nodes, proxy)
                changed = [self.power_on(name) for name in list(state.powered_off)]
                if with_salt:
                    self.start_salt()
                return bool(changed)
            self._from_nothing(state, nodes, proxy)
            if with_salt:
                self.start_salt()
            self._report()
            return True

    def down(self) -> None:
        """Take everything away, whatever state it is in; nothing happens where there is nothing."""
        with self._changing():
            try:
                state = State.load()
            except SandboxError:
                state = None  # unreadable: go by names alone
            directory = Path(state.directory) if state else data_directory(self._wanted_directory)
            self._progress.say(f"taking the sandbox in {directory} away")
            tear_down(state, directory)

    def power_off(self, name: str) -> None:
        """Cut a node's power: from one moment to the next it is gone from the LAN, and nothing on it runs."""
        with self._changing():
            state = self.state()
            node = self.node(name)
            self._progress.say(f"power of {name} off")
            node.power_off()
            state.powered_off = sorted({*state.powered_off, name})
            state.save()
            self._write_client_hosts(state)

    def power_on(self, name: str) -> bool:
        """Switch a node on again and wait until it works; returns False when it was on already."""
        with self._changing():
            state = self.state()
            node = self.node(name)
            if name not in state.powered_off and node.pid is not None:
                return False
            self._progress.say(f"power of {name} on")
            since = datetime.now(UTC)
            cgroups.kill(cgroups.find([name]))
            network.create_machine(node.address)
            network.configure_node(node.address, self.addresses)
            node.start()
            node.wait_for_containerd()
            health.wait_until_ready(node, since)
            state.powered_off = [other for other in state.powered_off if other != name]
            state.save()
            self._write_client_hosts(state)
            if state.salt:
                self.start_salt()
            self._progress.say(f"{name} works again")
            return True

    def images(self) -> list[str]:
        """Build and unpack the nodes' images, and return their names."""
        with self._changing():
            self._progress.say("images (built when missing)")
            return images.names(bringup.image_seed(bringup.programs()))

    # -- what is there ------------------------------------------------------------------------------------------------

    def state(self, *, unfinished: bool = False) -> State:
        """The recorded state.

        Raises SandboxError when no cluster is up; with `unfinished`, one whose `up` was interrupted will do.
        """
        _need_root()
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

    # -- using it -----------------------------------------------------------------------------------------------------

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

    @property
    def kubeconfig(self) -> Path:
        """Administrator's kubeconfig on the host's disk; its server's name is known on the client and the nodes."""
        return self.directory / "client" / "admin.conf"

    def kubectl(
        self, *arguments: str, stdin: str | None = None, check: bool = True, timeout: float = 60
    ) -> subprocess.CompletedProcess[str]:
        """Run kubectl on the client, as the cluster's administrator."""
        return self.client(["kubectl", *arguments], stdin=stdin, check=check, timeout=timeout)

    def https(self, url: str, ca: Path | str | None, *, timeout: float = 5) -> client.Response:
        """One HTTPS GET from the client; see `client.https`."""
        return client.https(url, ca, timeout=timeout)

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

    # -- Salt ---------------------------------------------------------------------------------------------------------

    @property
    def pillar(self) -> Path:
        """Directory of the sandbox's own pillar; tests may write into it."""
        return self.directory / "pillar"

    def start_salt(self) -> None:
        """Start the master on n1 and a minion on every node that is on, and wait until they answer."""
        with self._changing():
            state = self.state()
            self._progress.say("starting salt-master and minions")
            nodes = self.nodes
            for node in self.running:
                salt.start_daemons(node, master=node.name == nodes[0].name)
            state.salt = True
            state.save()
            if nodes[0].pid is not None:
                salt.wait_for_minions(nodes[0], [node.name for node in self.running])
            self._progress.say("Salt answers")

    def salt_call(
        self,
        node: str,
        *arguments: str,
        local: bool = True,
        test: bool = False,
        timeout: float = 600,
        env: Mapping[str, str] | None = None,
    ) -> salt.SaltResult:
        """Run salt-call on a node, masterless (`local`) or as its minion. A failed state is no error here: see `rc`."""
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

    # -- inside -------------------------------------------------------------------------------------------------------

    def _from_nothing(self, left: State | None, nodes: int, proxy: str) -> None:
        directory = data_directory(self._wanted_directory)
        if left or directory.exists() or cgroups.find(["n1"]):
            self._progress.say("removing what an unfinished sandbox left behind")
            tear_down(left, Path(left.directory) if left else _own_leftover(directory))
        bringup.check_machine()
        programs, seed = bringup.prepare(self._progress)
        saved = sysctl.save()
        state = State(str(directory), nodes, proxy, self._owner, sysctls=saved)
        state.save()
        bringup.bring_up(state, programs, seed, self._progress)
        self._write_client_hosts(state)
        shutil.copy(directory / "nodes/n1/disk/etc/kubernetes/admin.conf", directory / "client")
        state.phase = "up"
        state.save()
        salt.write_configuration(self.nodes, self.pillar)

    def _report(self) -> None:
        figure("sandbox_up", round(self._progress.elapsed, 1), "s")
        # Anonymous, kernel and tmpfs memory of everything in the nodes; page cache, which is free for others, is not.
        figure("sandbox_memory", round(self.memory() / 2**20), "MiB")

    def _write_client_hosts(self, state: State) -> None:
        addresses = node_addresses(state.nodes)
        reachable = tuple(address for address in addresses if address.name not in state.powered_off)
        path = Path(state.directory) / "client" / "hosts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hosts_file(CLIENT, addresses, reachable))

    def _check_same(self, state: State, nodes: int, proxy: str) -> None:
        if (state.nodes, state.proxy) != (nodes, proxy):
            raise SandboxError(
                f"a sandbox of {state.nodes} node(s) with kube-proxy in {state.proxy} mode is up, wanted were {nodes} "
                f"and {proxy}: run `python -m tests.sandbox down` first"
            )
        directory = data_directory(self._wanted_directory)
        if self._wanted_directory and str(directory) != state.directory:
            raise SandboxError(
                f"a sandbox is up in {state.directory}: run `python -m tests.sandbox down` first"
            )

    def _changing(self) -> _Held:
        _need_root()
        return _Held(self.lock)


class _Held:
    """Holds a lock for a block; one that was held before stays held."""

    def __init__(self, lock: Lock) -> None:
        self._lock = lock

    def __enter__(self) -> None:
        self._was_held = self._lock.held
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        if not self._was_held:
            self._lock.release()


def _need_root() -> None:
    if os.geteuid() != 0:
        raise SandboxError(
            "the sandbox needs root (it makes network namespaces, mounts and cgroups): run the command with sudo"
        )


def _check_choice(option: str, value: object, allowed: Sequence[object]) -> None:
    if value not in allowed:
        raise SandboxError(f"{option} {value}: must be one of {', '.join(map(str, allowed))}")


def _own_leftover(directory: Path) -> Path:
    """The data directory of a sandbox whose state is lost. Raises SandboxError when it is somebody else's."""
    unknown = (
        [path.name for path in directory.iterdir() if path.name not in bringup.CONTENTS]
        if directory.exists()
        else []
    )
    if unknown:
        raise SandboxError(
            f"{directory}: is not a sandbox's directory (has {', '.join(sorted(unknown)[:5])}); choose another with --dir"
        )
    return directory
