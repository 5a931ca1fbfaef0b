"""Asking who has an address, as bytes: ARP (RFC 826) and neighbour solicitation (RFC 4861). Pure."""

from __future__ import annotations

import struct
from ipaddress import IPv4Address, IPv6Address

ETHERTYPE_ARP = 0x0806
BROADCAST = b"\xff" * 6

_REQUEST, _REPLY = 1, 2
_ETHERNET = struct.Struct("!6s6sH")
_ARP = struct.Struct("!HHBBH6s4s6s4s")

_SOLICITATION, _ADVERTISEMENT = 135, 136
_SOURCE_ADDRESS, _TARGET_ADDRESS = 1, 2
_NEIGHBOUR = struct.Struct("!BBHI16s")


def arp_request(mac: str, own: IPv4Address | None, ip: IPv4Address) -> bytes:
    """Return the frame that asks everybody in the segment who has `ip`.

    mac
        Hardware address of the sending interface.
    own
        Its address. None sends a probe (RFC 5227), which asks without telling an address: nobody's ARP cache
        is changed by it.
    """
    sender = mac_bytes(mac)
    address = own.packed if own else bytes(4)
    return _ETHERNET.pack(BROADCAST, sender, ETHERTYPE_ARP) + _ARP.pack(
        1, 0x0800, 6, 4, _REQUEST, sender, address, bytes(6), ip.packed
    )


def arp_answer(frame: bytes, ip: IPv4Address) -> str | None:
    """Return the hardware address that an ARP reply gives for `ip`; None for any other frame."""
    if len(frame) < _ETHERNET.size + _ARP.size or _ETHERNET.unpack_from(frame)[2] != ETHERTYPE_ARP:
        return None
    hardware, protocol, _, _, operation, mac, sender, _, _ = _ARP.unpack_from(frame, _ETHERNET.size)
    if (hardware, protocol, operation) != (1, 0x0800, _REPLY) or sender != ip.packed:
        return None
    return bytes(mac).hex(":")


def solicitation(mac: str, ip: IPv6Address) -> bytes:
    """Return the ICMPv6 message that asks for `ip`; the kernel fills the checksum in.

    mac
        Hardware address of the sending interface, told along so that the answer comes straight back.
    """
    header = _NEIGHBOUR.pack(_SOLICITATION, 0, 0, 0, ip.packed)
    return header + struct.pack("!BB6s", _SOURCE_ADDRESS, 1, mac_bytes(mac))


def solicited_node(ip: IPv6Address) -> IPv6Address:
    """Return the multicast address on which the holder of `ip` listens."""
    return IPv6Address(b"\xff\x02" + bytes(9) + b"\x01\xff" + ip.packed[-3:])


def advertised(message: bytes, ip: IPv6Address) -> str | None:
    """Return the hardware address that a neighbour advertisement gives for `ip`; None for any other message.

    `message` begins with the ICMPv6 header.
    """
    if len(message) < _NEIGHBOUR.size:
        return None
    kind, _, _, _, target = _NEIGHBOUR.unpack_from(message)
    if kind != _ADVERTISEMENT or target != ip.packed:
        return None
    options = message[_NEIGHBOUR.size :]
    while len(options) >= 8 and options[1]:
        if options[0] == _TARGET_ADDRESS:
            return options[2:8].hex(":")
        options = options[8 * options[1] :]
    return None


def mac_bytes(mac: str) -> bytes:
    """Return a hardware address as its six bytes."""
    return bytes.fromhex(mac.replace(":", ""))
