"""Which ports the client asks from, and when one comes back."""

from __future__ import annotations

from tests.sandbox import ports
from tests.sandbox.ports import PER_SECOND, Ports

REMEMBERED_SECONDS = 120


def test_every_port_is_used_before_one_comes_back():
    found = Ports(ports.FOR_WATCHES)
    used = [found.next() for _ in ports.FOR_WATCHES]
    assert set(used) == set(ports.FOR_WATCHES)
    assert found.next() == used[0]


def test_no_port_comes_back_while_a_node_remembers_it():
    for several in (ports.FOR_WATCHES, ports.FOR_REQUESTS):
        assert len(several) / PER_SECOND > 3 * REMEMBERED_SECONDS


def test_another_process_does_not_begin_with_the_ports_of_the_one_before():
    first, after = Ports(ports.FOR_WATCHES, lambda: 700.0), Ports(ports.FOR_WATCHES, lambda: 760.0)
    used = {first.next() for _ in range(60 * PER_SECOND)}
    assert used.isdisjoint({after.next() for _ in range(60 * PER_SECOND)})


def test_the_kernel_chooses_among_others():
    theirs = set(ports.BY_THE_KERNEL)
    assert theirs.isdisjoint(ports.FOR_WATCHES)
    assert theirs.isdisjoint(ports.FOR_REQUESTS)
    assert set(ports.FOR_WATCHES).isdisjoint(ports.FOR_REQUESTS)
