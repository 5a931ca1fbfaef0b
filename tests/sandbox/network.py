"""The LAN: one namespace with a bridge, one namespace per machine, a cable from each to the bridge.

Namespaces are files of our own (not `ip netns` names): nothing of the sandbox shows outside its directory.
"""

from __future__ import annotations

import os
from pathlib import Path

from tests.sandbox import ports
from tests.sandbox.addresses import CLIENT, GATEWAY_IP, LAN_CIDR, NodeAddress, Peer
from tests.sandbox.process import execute
from tests.sandbox.state import ANCHOR

NETNS_DIR = ANCHOR / "netns"
LAN = "lan"


def netns(name: str) -> Path:
    """File that holds the network namespace of a machine (`n1`, `client`) or of the bridge (`lan`)."""
    return NETNS_DIR / name


def enter(name: str) -> list[str]:
    """Command prefix that runs what follows in a network namespace."""
    return ["nsenter", f"--net={netns(name)}", "--"]


def create_lan() -> None:
    """The bridge's namespace; what is sent beyond the LAN is answered there with `network unreachable`."""
    _create(LAN)
    prefix = LAN_CIDR.rsplit("/", 1)[1]
    _ip(
        LAN,
        "link set lo up",
        "link add br0 type bridge forward_delay 0",
        f"addr add {GATEWAY_IP}/{prefix} dev br0",
        "link set br0 up",
    )
    _sysctl(LAN, {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "0"})


def create_machine(peer: Peer) -> None:
    """A machine's namespace with its network card, cabled to the bridge.

    An existing one is replaced: a machine that was switched off starts with an empty network stack.
    """
    remove_machine(peer)
    _create(peer.name)
    _ip(LAN, f"link add {_port(peer)} type veth peer name eth0 address {peer.mac} netns {netns(peer.name)}")
    prefix = LAN_CIDR.rsplit("/", 1)[1]
    _ip(
        peer.name,
        "link set lo up",
        f"addr add {peer.ip}/{prefix} dev eth0",
        f"addr add {peer.ip6}/64 dev eth0 nodad",
        "link set eth0 up",
        f"route add default via {GATEWAY_IP}",
    )
    _ip(LAN, f"link set {_port(peer)} master br0 up")


def configure_node(node: NodeAddress, nodes: tuple[NodeAddress, ...]) -> None:
    """Make a machine forward packets and know the way to the other nodes' pods."""
    _ip(node.name, *[f"route add {other.pod_cidr} via {other.ip}" for other in nodes if other != node])
    # Pods on one node reach each other's Services through the node's packet filter only with the second one.
    _sysctl(node.name, {"net/ipv4/ip_forward": "1", "net/bridge/bridge-nf-call-iptables": "1"})


def unplug(peer: Peer) -> None:
    """Pull the machine's cable at once."""
    _ip(LAN, f"link set {_port(peer)} down")


def remove_machine(peer: Peer) -> None:
    """Take a machine's namespace and cable away, if there are any."""
    if os.path.ismount(netns(LAN)):
        execute([*enter(LAN), "ip", "link", "del", _port(peer)], check=False)
    _delete(netns(peer.name))


def remove_all() -> None:
    """Take every namespace of the sandbox away, whatever state they are in."""
    if NETNS_DIR.is_dir():
        for path in sorted(NETNS_DIR.iterdir()):
            _delete(path)
        NETNS_DIR.rmdir()


def create(nodes: tuple[NodeAddress, ...]) -> None:
    """The LAN, the client and the nodes' network cards."""
    create_lan()
    create_machine(CLIENT)
    kept = ports.BY_THE_KERNEL
    _sysctl(CLIENT.name, {"net/ipv4/ip_local_port_range": f"{kept.start} {kept.stop - 1}"})
    for node in nodes:
        create_machine(node)
        configure_node(node, nodes)


def _port(peer: Peer) -> str:
    return f"v-{peer.name}"


def _create(name: str) -> None:
    NETNS_DIR.mkdir(mode=0o755, parents=True, exist_ok=True)
    netns(name).touch()
    execute(["unshare", f"--net={netns(name)}", "true"])


def _delete(path: Path) -> None:
    # A file that is mounted on more than once (interrupted creation) is unmounted as often, within a bound.
    for _ in range(5):
        if execute(["umount", "--lazy", str(path)], check=False).returncode != 0:
            break
    path.unlink(missing_ok=True)


def _ip(name: str, *commands: str) -> None:
    if commands:
        execute([*enter(name), "ip", "-batch", "-"], stdin="\n".join(commands) + "\n", what=f"ip in {name}")


def _sysctl(name: str, values: dict[str, str]) -> None:
    # /proc/sys/net shows the settings of the namespace that the writing process is in.
    script = "".join(
        f"[ ! -e /proc/sys/{key} ] || echo {value} > /proc/sys/{key}\n" for key, value in values.items()
    )
    execute([*enter(name), "sh", "-ec", script], what=f"network settings of {name}")
