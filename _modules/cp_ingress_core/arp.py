"""Who answers for an address in this machine's own network segments: ARP, or neighbour discovery for IPv6."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from cp_ingress_core import arp_frames as frames
from cp_ingress_core import interfaces
from cp_ingress_core.addresses import IPAddress, parse_address
from cp_ingress_core.errors import CpIngressError

Exchange = tuple[socket.socket, Callable[[], None], Callable[[bytes], str | None]]

_ASKED = 2


class ArpUnavailable(CpIngressError):  # noqa: N818
    """This machine cannot ask: ``info["reason"]`` is NotPermitted, NoInterface or InterfacesUnreadable."""

    reason = "NoInterface"


def local_holder(ip: str) -> bool:
    """Say whether an interface of this machine has the address `ip` itself.

    What kube-proxy in IPVS mode adds to its own interface on every node does not count. Raises CpIngressError
    where iproute2's `ip` is missing.
    """
    return bool(interfaces.holders(interfaces.read(), ip))


def answering(ip: str, wait: float = 0.5) -> set[str]:
    """Return the hardware addresses that answer for `ip`: none is silence, two are two holders.

    ip
        The address. This machine never answers itself: :func:`local_holder` tells of it.
    wait
        Seconds to listen, all of them used, since a second holder may answer later than the first. The
        question is asked twice in that time.

    Raises ArpUnavailable when no interface of this machine is in the network of `ip`, or without CAP_NET_RAW.
    """
    wanted = parse_address(ip)
    if wanted is None:
        raise ArpUnavailable(f"{ip!r} is not an IP address")
    near = [item for item in interfaces.read() if item.resolves and item.near(wanted)]
    if not near:
        raise ArpUnavailable(f"no interface of this machine is in the network of {ip}")
    found: set[str] = set()
    for interface in near:
        found |= _ask(interface, wanted, wait)
    return found


def _ask(interface: interfaces.Interface, ip: IPAddress, wait: float) -> set[str]:
    try:
        opened, send, understand = _arp(interface, ip) if ip.version == 4 else _neighbours(interface, ip)
    except PermissionError as err:
        raise ArpUnavailable(
            "asking who has an address needs CAP_NET_RAW; run as root", reason="NotPermitted"
        ) from err
    except OSError as err:
        raise ArpUnavailable(f"{interface.name} cannot be used to ask for {ip}: {err.strerror}") from err
    with opened:
        found: set[str] = set()
        for _ in range(_ASKED):
            send()
            found |= _listen(opened, understand, wait / _ASKED)
        return found


def _listen(opened: socket.socket, understand: Callable[[bytes], str | None], seconds: float) -> set[str]:
    found: set[str] = set()
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        opened.settimeout(left)
        try:
            mac = understand(opened.recv(2048))
        except TimeoutError:
            break
        if mac:
            found.add(mac)
    return found


def _arp(interface: interfaces.Interface, ip: IPv4Address) -> Exchange:
    opened = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(frames.ETHERTYPE_ARP))
    opened.bind((interface.name, frames.ETHERTYPE_ARP))
    own = interface.own(ip)
    request = frames.arp_request(interface.mac, own if isinstance(own, IPv4Address) else None, ip)
    return opened, lambda: _send(opened.send, request), lambda frame: frames.arp_answer(frame, ip)


def _neighbours(interface: interfaces.Interface, ip: IPv6Address) -> Exchange:
    opened = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
    # Neighbours drop what did not come from the same segment, which the hop limit proves.
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
    opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, interface.index)
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, interface.name.encode())
    message = frames.solicitation(interface.mac, ip)
    group = (str(frames.solicited_node(ip)), 0, 0, interface.index)
    return (
        opened,
        lambda: _send(lambda data: opened.sendto(data, group), message),
        lambda answer: frames.advertised(answer, ip),
    )


def _send(send: Callable[[bytes], int], data: bytes) -> None:
    try:
        send(data)
    except OSError as err:
        raise ArpUnavailable(f"the question cannot be sent: {err.strerror}") from err
