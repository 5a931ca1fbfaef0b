"""The command line of the sandbox."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from tests.sandbox import health
from tests.sandbox.addresses import CLIENT_IP, NODE_COUNTS, VIP_FIRST
from tests.sandbox.build import BuildError
from tests.sandbox.cluster import Sandbox
from tests.sandbox.datadir import DEFAULT_DIR, DIR_VARIABLE
from tests.sandbox.errors import SandboxBusyError, SandboxError
from tests.sandbox.node import Node
from tests.sandbox.options import EXTERNAL_IPS, PROXY_MODES
from tests.sandbox.state import State

DESCRIPTION = f"""A real Kubernetes cluster in network namespaces of this machine: kubeadm's masters,
containerd, etcd, kube-proxy, and a client on their LAN. Needs root. Nodes are n1 to n3 (10.200.0.11 to .13),
the client is {CLIENT_IP}, ingress IPs are free from {VIP_FIRST} on."""

LOGS = ("init", "containerd", "kubelet", "kubeadm", "salt-master", "salt-minion")


def parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    top = argparse.ArgumentParser(prog="python -m tests.sandbox", description=DESCRIPTION)
    top.add_argument(
        "--dir",
        help=f"where the nodes' disks are kept, for `up` (default: ${DIR_VARIABLE}, else {DEFAULT_DIR})",
    )
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    up = commands.add_parser("up", help="bring the cluster up; finishes or repeats what was interrupted")
    up.add_argument(
        "--nodes", type=int, choices=NODE_COUNTS, default=3, help="number of masters (default: 3)"
    )
    up.add_argument(
        "--proxy", choices=PROXY_MODES, default="iptables", help="kube-proxy's mode (default: iptables)"
    )
    up.add_argument(
        "--external-ips",
        choices=EXTERNAL_IPS,
        default="allowed",
        help="externalIPs of Services: served, not served by kube-proxy, or denied by the apiserver "
        "(default: allowed)",
    )
    up.add_argument(
        "--salt", action="store_true", help="also start a Salt master on n1 and a minion on each node"
    )
    commands.add_parser("down", help="take everything away; works after a crash too")
    commands.add_parser("status", help="what is up, node by node; exit code 1 when nothing is")
    run = commands.add_parser("exec", help="run a command inside a node (kubectl works there)")
    run.add_argument("node")
    run.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD", help="default: bash")
    off = commands.add_parser("poweroff", help="cut a node's power")
    off.add_argument("node")
    on = commands.add_parser("poweron", help="switch a node on again and wait until it works")
    on.add_argument("node")
    outside = commands.add_parser("client", help="run a command on the client (kubectl works there too)")
    outside.add_argument("argv", nargs=argparse.REMAINDER, metavar="CMD", help="default: bash")
    commands.add_parser("images", help="build and unpack the nodes' images, and list them")
    logs = commands.add_parser("logs", help="the end of a node's logs")
    logs.add_argument("node")
    logs.add_argument("name", nargs="?", choices=LOGS, help="one log (default: all there are)")
    logs.add_argument("-n", "--lines", type=int, default=20, help="how many lines of each (default: 20)")
    return top


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code (2: busy, 1: another error)."""
    options = parser().parse_args(arguments)
    try:
        return COMMANDS[options.command](Sandbox(options.dir), options)
    except SandboxBusyError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 2
    except (SandboxError, BuildError) as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(
            "sandbox: interrupted; run the command again, or `python -m tests.sandbox down`", file=sys.stderr
        )
        return 130


def _up(sandbox: Sandbox, options: argparse.Namespace) -> int:
    chosen = {"proxy": options.proxy, "external_ips": options.external_ips}
    if not sandbox.up(options.nodes, with_salt=options.salt, **chosen):
        print("the sandbox is up already", file=sys.stderr)
    return 0


def _down(sandbox: Sandbox, _: argparse.Namespace) -> int:
    sandbox.down()
    return 0


def _status(sandbox: Sandbox, _: argparse.Namespace) -> int:
    recorded = State.load()
    if recorded is None or recorded.phase != "up":
        print("no sandbox is up" if recorded is None else f"unfinished sandbox (phase {recorded.phase})")
        return 1
    state = sandbox.state()
    salt = ", Salt" if state.salt else ""
    print(f"{state.nodes} node(s) in {state.directory}, {state.options}{salt}")
    for node in sandbox.nodes:
        print(f"{node.name}  {node.ip}  {_condition(node)}")
    print(f"memory {sandbox.memory() / 2**20:.0f} MiB")
    print(f"kubeconfig {sandbox.kubeconfig} (for `client` and `exec`)")
    return 0


def _condition(node: Node) -> str:
    if node.pid is None:
        return "off"
    try:
        return "Ready" if health.is_ready(node) else "NotReady"
    except SandboxError as error:
        return f"on, its apiserver does not answer ({str(error).splitlines()[0]})"


def _exec(sandbox: Sandbox, options: argparse.Namespace) -> int:
    return sandbox.node(options.node).interactive(_command(options.argv))


def _client(sandbox: Sandbox, options: argparse.Namespace) -> int:
    command = sandbox.client_command(_command(options.argv))
    return subprocess.run(command, env=sandbox.client_environment(), check=False).returncode


def _poweroff(sandbox: Sandbox, options: argparse.Namespace) -> int:
    sandbox.power_off(options.node)
    return 0


def _poweron(sandbox: Sandbox, options: argparse.Namespace) -> int:
    if not sandbox.power_on(options.node):
        print(f"{options.node} is on already", file=sys.stderr)
    return 0


def _images(sandbox: Sandbox, _: argparse.Namespace) -> int:
    print("\n".join(sandbox.images()))
    return 0


def _logs(sandbox: Sandbox, options: argparse.Namespace) -> int:
    node = sandbox.node(options.node)
    for name in [options.name] if options.name else LOGS:
        if options.name or (node.directory / "log" / f"{name}.log").exists():
            print(node.log_tail(name, options.lines))
    return 0


def _command(argv: list[str]) -> list[str]:
    given = argv[1:] if argv[:1] == ["--"] else argv
    return given or ["bash"]


COMMANDS = {
    "up": _up,
    "down": _down,
    "status": _status,
    "exec": _exec,
    "poweroff": _poweroff,
    "poweron": _poweron,
    "client": _client,
    "images": _images,
    "logs": _logs,
}
