"""Who announces an address: every hardware address that answers an ARP request for it."""

from __future__ import annotations

import socket
import struct
import time

from tests.sandbox.addresses import CLIENT, Peer
from tests.sandbox.client import in_namespace

ETH_P_ARP = 0x0806
REQUEST, REPLY = 1, 2
BROADCAST = b"\xff" * 6


def request(sender: Peer, ip: str) -> bytes:
    """The Ethernet frame by which `sender` asks everybody who has `ip`."""
    own = mac_bytes(sender.mac)
    header = BROADCAST + own + struct.pack("!H", ETH_P_ARP)
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, REQUEST)
    return header + body + own + socket.inet_aton(sender.ip) + bytes(6) + socket.inet_aton(ip)


def answer(frame: bytes, ip: str) -> str | None:
    """Hardware address in an ARP reply for `ip`; None for every other frame."""
    if len(frame) < 42 or frame[12:14] != struct.pack("!H", ETH_P_ARP):
        return None
    if struct.unpack("!H", frame[20:22])[0] != REPLY or frame[28:32] != socket.inet_aton(ip):
        return None
    return frame[22:28].hex(":")


def who_has(ip: str, *, wait: float = 0.5, sender: Peer = CLIENT) -> set[str]:
    """Hardware addresses that answer for `ip` within `wait` seconds of one request from the client."""
    with in_namespace(raw_socket) as card:
        card.send(request(sender, ip))
        found: set[str] = set()
        deadline = time.monotonic() + wait
        while (left := deadline - time.monotonic()) > 0:
            card.settimeout(left)
            try:
                mac = answer(card.recv(2048), ip)
            except TimeoutError:
                break
            if mac:
                found.add(mac)
        return found


def mac_bytes(mac: str) -> bytes:
    """Six bytes of a hardware address in text."""
    return bytes.fromhex(mac.replace(":", ""))


def raw_socket() -> socket.socket:
    """A socket for ARP frames on the network card of the namespace that the caller is in."""
    card = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
    card.bind(("eth0", ETH_P_ARP))
    return card
