"""Who answers for an address: the bytes, the interfaces, and both on a real segment of network namespaces."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from ipaddress import IPv4Address, IPv6Address
from typing import Any

import pytest

from cp_ingress_core import arp, arp_frames, interfaces
from tests.formula.salt_caller import PROJECT

MAC = "02:00:00:00:00:01"
OTHER = "02:00:00:00:00:02"
IP = IPv4Address("10.200.0.50")
IP6 = IPv6Address("fd00:c0::32")


def arp_reply(ip: str = "0ac80032", operation: str = "0002", kind: str = "0806") -> bytes:
    """The frame by which OTHER tells MAC that it has an address (10.200.0.50 unless said otherwise)."""
    header = "020000000001020000000002" + kind
    return bytes.fromhex(header + "000108000604" + operation + "020000000002" + ip + "0200000000010ac8000b")


@pytest.mark.parametrize(
    ("own", "sender"),
    [
        pytest.param(IPv4Address("10.200.0.11"), "0ac8000b", id="with an address of its own"),
        pytest.param(None, "00000000", id="without one it is a probe"),
    ],
)
def test_a_request_is_a_broadcast_that_says_who_asks_for_what(own: IPv4Address | None, sender: str) -> None:
    wanted = "ffffffffffff02000000000108060001080006040001020000000001" + sender
    assert arp_frames.arp_request(MAC, own, IP).hex() == wanted + "0000000000000ac80032"


@pytest.mark.parametrize(
    ("frame", "mac"),
    [
        pytest.param(arp_reply(), OTHER, id="a reply"),
        pytest.param(arp_reply() + bytes(18), OTHER, id="a reply, padded to Ethernet's least length"),
        pytest.param(arp_reply("0ac80033"), None, id="a reply for another address"),
        pytest.param(arp_reply(operation="0001"), None, id="another machine's question"),
        pytest.param(arp_reply(kind="0800"), None, id="another protocol"),
        pytest.param(arp_reply()[:30], None, id="cut short"),
    ],
)
def test_only_a_reply_for_the_address_is_an_answer(frame: bytes, mac: str | None) -> None:
    assert arp_frames.arp_answer(frame, IP) == mac


def advertisement(target: IPv6Address = IP6, kind: int = 136, options: str = "0201020000000002") -> bytes:
    return bytes([kind]) + bytes(7) + target.packed + bytes.fromhex(options)


@pytest.mark.parametrize(
    ("message", "mac"),
    [
        pytest.param(advertisement(), OTHER, id="an advertisement"),
        pytest.param(
            advertisement(options="0e010000000000000201020000000002"), OTHER, id="with a nonce before"
        ),
        pytest.param(advertisement(IPv6Address("fd00:c0::33")), None, id="for another address"),
        pytest.param(advertisement(kind=135), None, id="another machine's question"),
        pytest.param(advertisement(options=""), None, id="without a hardware address"),
        pytest.param(advertisement(options="0200020000000002"), None, id="an option of no length"),
        pytest.param(advertisement()[:20], None, id="cut short"),
    ],
)
def test_only_an_advertisement_of_the_address_is_an_answer(message: bytes, mac: str | None) -> None:
    assert arp_frames.advertised(message, IP6) == mac


def test_a_solicitation_goes_to_the_holders_group() -> None:
    assert str(arp_frames.solicited_node(IP6)) == "ff02::1:ff00:32"
    assert arp_frames.solicitation(MAC, IP6).hex() == "87" + "00" * 7 + IP6.packed.hex() + "0101020000000001"


def listed(name: str = "eth0", *addresses: str, **changed: Any) -> dict[str, Any]:
    found = [
        {"local": address.split("/")[0], "prefixlen": int(address.split("/")[1])} for address in addresses
    ]
    up = {"ifname": name, "ifindex": 2, "flags": ["BROADCAST", "UP"], "link_type": "ether", "address": MAC}
    return {**up, "addr_info": found, **changed}


def test_interfaces_tell_which_network_they_are_in() -> None:
    (eth0,) = interfaces.parse(
        json.dumps([listed("eth0", "10.200.0.11/24", "10.200.0.50/32", "fd00:c0::1/64")])
    )
    assert eth0.near(IP)
    assert eth0.near(IP6)
    assert not eth0.near(IPv4Address("10.201.0.1"))
    assert eth0.own(IP) == IPv4Address("10.200.0.11")
    assert eth0.own(IPv4Address("10.200.0.11")) is None


@pytest.mark.parametrize(
    ("changed", "resolves"),
    [
        pytest.param({}, True, id="an Ethernet card that is up"),
        pytest.param({"flags": ["BROADCAST"]}, False, id="one that is down"),
        pytest.param({"flags": ["UP", "NOARP"]}, False, id="one without ARP"),
        pytest.param({"link_type": "loopback"}, False, id="loopback"),
        pytest.param({"link_type": "none"}, False, id="a tunnel"),
    ],
)
def test_where_arp_works(changed: dict[str, Any], resolves: bool) -> None:
    (found,) = interfaces.parse(json.dumps([listed("eth0", **changed), {}]))
    assert found.resolves is resolves


def test_what_kube_proxy_puts_on_its_own_interface_is_held_by_nobody() -> None:
    found = interfaces.parse(
        json.dumps([listed("kube-ipvs0", "10.200.0.50/32"), listed("lo", "10.200.0.51/32")])
    )
    assert interfaces.holders(found, "10.200.0.50") == []
    assert interfaces.holders(found, "10.200.0.51") == ["lo"]


@pytest.mark.parametrize("ip", ["no address", "0.0.0.1"])
def test_where_no_interface_is_near_nothing_is_claimed(ip: str) -> None:
    with pytest.raises(arp.ArpUnavailable) as refused:
        arp.answering(ip, wait=0.0)
    assert ip in str(refused.value)
    assert refused.value.info["reason"] == "NoInterface"


# A bridge with this machine on it, and two machines that both hold .50 and ::32; .51 is nobody's.
SEGMENT = """
mount -t tmpfs none /run && mkdir /run/netns
ip link add br0 type bridge forward_delay 0 && ip link set br0 up
ip addr add 10.200.0.1/24 dev br0 && ip addr add fd00:c0::1/64 dev br0 nodad
for n in 1 2; do
  ip netns add m$n
  ip link add p$n type veth peer name eth0 address 02:00:00:00:00:0$n netns m$n
  ip link set p$n master br0 up
  ip -n m$n addr add 10.200.0.1$n/24 dev eth0 && ip -n m$n addr add 10.200.0.50/32 dev eth0
  ip -n m$n addr add fd00:c0::32/64 dev eth0 nodad
  ip -n m$n link set eth0 up
done
exec "$0" -c "$1"
"""
ASK = """
import json, time
from cp_ingress_core import arp
deadline = time.monotonic() + 10
while True:  # link-local addresses are tried out by the kernel for a second or two
    try:
        arp.answering("fd00:c0::32", wait=0.1)
        break
    except arp.ArpUnavailable:
        assert time.monotonic() < deadline
ips = "10.200.0.11", "10.200.0.50", "10.200.0.51", "fd00:c0::32", "fd00:c0::33", "10.200.0.1"
print(json.dumps([[ip, sorted(arp.answering(ip)), arp.local_holder(ip)] for ip in ips]))
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_on_a_real_segment_every_holder_answers() -> None:
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--propagation=private", "sh", "-ec", SEGMENT, sys.executable, ASK],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "_modules")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        ["10.200.0.11", [MAC], False],
        ["10.200.0.50", [MAC, OTHER], False],
        ["10.200.0.51", [], False],
        ["fd00:c0::32", [MAC, OTHER], False],
        ["fd00:c0::33", [], False],
        ["10.200.0.1", [], True],
    ]


@pytest.mark.skipif(os.geteuid() != 0, reason="network namespaces need root")
def test_without_the_right_to_ask_it_is_said() -> None:
    code = (
        "import sys\n"
        "from cp_ingress_core import arp\n"
        "try:\n    arp.answering('10.200.0.50')\n"
        "except arp.ArpUnavailable as err:\n    print(err.info['reason'], arp.local_holder('10.200.0.1'))\n"
    )
    inner = 'exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw "$0" -c "$1"'
    done = subprocess.run(
        [
            "unshare",
            "--net",
            "--mount",
            "sh",
            "-ec",
            SEGMENT.replace('exec "$0" -c "$1"', inner),
            sys.executable,
            code,
        ],
        env={**os.environ, "PYTHONPATH": str(PROJECT / "_modules")},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stdout) == (0, "NotPermitted True\n"), done.stderr
