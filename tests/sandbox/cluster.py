"""The sandbox as tests and the command line use it."""

from __future__ import annotations

import shutil
from datetime import UTC, datetime
from pathlib import Path

from tests.sandbox import bringup, cgroups, datadir, health, images, network, salt, sysctl
from tests.sandbox.access import Access, need_root
from tests.sandbox.addresses import CLIENT, NODE_COUNTS, hosts_file, node_addresses
from tests.sandbox.datadir import data_directory
from tests.sandbox.errors import SandboxError
from tests.sandbox.lock import Lock
from tests.sandbox.options import Options, check_choice
from tests.sandbox.progress import Progress, figure
from tests.sandbox.state import State
from tests.sandbox.teardown import tear_down


class Sandbox(Access):
    """The machine's one sandbox.

    Methods that change it take its lock, and keep it when `hold` was called before. `owner` is recorded at
    `up`: `user` or `test` (what a test run left behind may be taken down by the next one).
    """

    def __init__(self, directory: str | None = None, *, owner: str = "user", quiet: bool = False) -> None:
        self._wanted_directory = directory
        self._owner = owner
        self._quiet = quiet
        self._progress = Progress(quiet=quiet)
        self.lock = Lock()

    def hold(self) -> None:
        """Keep others from changing the sandbox until `lock.release()` or the end of the process."""
        need_root()
        self.lock.acquire()

    def up(self, nodes: int = 3, *, with_salt: bool = False, **options: str) -> bool:
        """Bring the cluster up; returns False when it was up like that already.

        `options` are those of `Options`: `proxy="nftables"`, `external_ips="denied"`. An unfinished one is
        taken down first; nodes that are switched off are switched on.
        Raises SandboxError when another cluster is up, or for values out of range.
        """
        check_choice("--nodes", nodes, NODE_COUNTS)
        wanted = Options(**options)
        with self._changing():
            state = State.load()
            if state and state.phase == "up":
                self._check_same(state, nodes, wanted)
                changed = [self.power_on(name) for name in list(state.powered_off)]
                if with_salt:
                    self.start_salt()
                return bool(changed)
            seconds = self._from_nothing(state, nodes, wanted)
            if with_salt:
                self.start_salt()
            self._report(seconds)
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

    def _from_nothing(self, left: State | None, nodes: int, options: Options) -> float:
        """Make the cluster; returns the seconds that took, builds and images not counted."""
        progress = self._progress = Progress(quiet=self._quiet)
        directory = data_directory(self._wanted_directory)
        if left or datadir.is_ours(directory):
            progress.say("removing what an unfinished sandbox left behind")
        tear_down(left, Path(left.directory) if left else directory)
        bringup.check_machine()
        programs, seed = bringup.prepare(progress)
        start = progress.elapsed
        saved = sysctl.save()
        state = State(str(directory), nodes, options.proxy, self._owner, options.external_ips, sysctls=saved)
        state.save()
        datadir.claim(directory)
        bringup.bring_up(state, programs, seed, progress)
        self._write_client_hosts(state)
        shutil.copy(directory / "nodes/n1/disk/etc/kubernetes/admin.conf", directory / "client")
        salt.write_configuration(self.nodes, self.pillar)
        state.phase = "up"
        state.save()
        return progress.elapsed - start

    def _report(self, seconds: float) -> None:
        figure("sandbox_up", round(seconds, 1), "s")
        # Anonymous, kernel and tmpfs memory of everything in the nodes, without page cache (free for others).
        figure("sandbox_memory", round(self.memory() / 2**20), "MiB")

    def _write_client_hosts(self, state: State) -> None:
        addresses = node_addresses(state.nodes)
        reachable = tuple(address for address in addresses if address.name not in state.powered_off)
        path = Path(state.directory) / "client" / "hosts"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(hosts_file(CLIENT, addresses, reachable))

    def _check_same(self, state: State, nodes: int, options: Options) -> None:
        if (state.nodes, state.options) != (nodes, options):
            raise SandboxError(
                f"a sandbox of {state.nodes} node(s) with {state.options} is up, "
                f"wanted were {nodes} with {options}: run `python -m tests.sandbox down` first"
            )
        directory = data_directory(self._wanted_directory)
        if self._wanted_directory and str(directory) != state.directory:
            raise SandboxError(
                f"a sandbox is up in {state.directory}: run `python -m tests.sandbox down` first"
            )

    def _changing(self) -> _Held:
        need_root()
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
