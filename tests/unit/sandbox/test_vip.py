"""keepalived's shipped example, as the tests use it."""

import pytest

from tests.sandbox import vip
from tests.sandbox.addresses import node_addresses


def read_on(text, host):
    """Return the words of each line that keepalived reads on a host."""
    rows = [line.split("#")[0].split() for line in text.splitlines()]
    kept = []
    for first, *rest in filter(None, rows):
        if first.startswith("@^"):
            kept += [rest] if first[2:] != host else []
        elif first.startswith("@"):
            kept += [rest] if first[1:] == host else []
        else:
            kept.append([first, *rest])
    return kept


@pytest.mark.parametrize("own", node_addresses(3), ids=lambda node: node.name)
def test_each_node_speaks_for_itself_and_to_the_others(own):
    rows = read_on(vip.example("10.200.0.60"), own.name)
    assert ["unicast_src_ip", own.ip] in rows
    others = {node.ip for node in node_addresses(3)} - {own.ip}
    assert {row[0] for row in rows if len(row) == 1} >= others
    assert [own.ip] not in rows


def test_the_ip_is_both_held_and_checked():
    text = vip.example("10.200.0.60")
    assert "10.200.0.60/32 dev eth0" in text
    assert f"{vip.CHECK} 10.200.0.60 8443" in text
    assert "192.0.2." not in text
