"""The demonstration: what it prints at its end works when it is typed in."""

import re
import shlex
import subprocess

import pytest

from tests.sandbox import demo
from tests.sandbox.process import wait_for

pytestmark = pytest.mark.e2e


@pytest.fixture(scope="module")
def printed(machine):
    """Run the demonstration on nothing; what it printed last."""
    machine.down()
    return demo.up(machine)


def ask(printed):
    """Type in the line that asks the endpoint."""
    line = re.search(r"^ *(nsenter --net=\S+ curl --cacert .*)$", printed, re.MULTILINE)
    return subprocess.run(shlex.split(line[1]), capture_output=True, text=True, check=False, timeout=30)


def test_the_printed_line_gets_the_page(printed):
    asked = ask(printed)
    assert asked.returncode == 0, asked.stderr
    assert asked.stdout.startswith("page-")


def test_the_node_it_tells_to_power_off_is_the_announcing_one_and_another_takes_over(printed, machine):
    node = re.search(r"-m tests\.sandbox poweroff (\S+)", printed)[1]
    assert list(machine.announcers("10.200.0.50").values()) == [node]
    machine.power_off(node)
    wait_for(lambda: ask(printed).returncode == 0, timeout=60, what="the page after the power loss")
    assert node not in machine.announcers("10.200.0.50").values()


def test_it_says_how_to_end_it(printed):
    assert "make demo-down" in printed
