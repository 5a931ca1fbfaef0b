"""The sandbox as fixtures, and the figures that its tests measure."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from selenium.webdriver.chrome.webdriver import WebDriver

from tests.sandbox.browser import opened
from tests.sandbox.cluster import Sandbox
from tests.sandbox.errors import SandboxError
from tests.sandbox.state import State

SandboxOf = Callable[..., Sandbox]
BrowserOf = Callable[[Path | str], WebDriver]


@pytest.fixture(scope="session")
def machine() -> Iterator[Sandbox]:
    """This machine's sandbox, with nothing up, kept from others until the tests have ended.

    What an earlier test run left behind, or an interrupted `up`, is taken away; one that a user brought up is
    not.
    """
    if os.geteuid() != 0:
        pytest.fail("the tests on the real cluster need root: run them with sudo, or only `make test-fast`")
    sandbox = Sandbox(owner="test")
    sandbox.hold()
    try:
        state = _recorded()
        if state and state.phase == "up" and state.owner != "test":
            pytest.fail(f"a sandbox is up in {state.directory}: end it with `python -m tests.sandbox down`")
        sandbox.down()
        yield sandbox
    finally:
        state = _recorded()
        if state is None or state.phase != "up" or state.owner == "test":
            sandbox.down()
        sandbox.lock.release()


@pytest.fixture(scope="session")
def sandbox_of(machine: Sandbox) -> SandboxOf:
    """Make a bare cluster: `sandbox_of(3)`, `sandbox_of(1, proxy="nftables")`. What was up before is gone."""

    def bare(nodes: int, **options: str) -> Sandbox:
        machine.down()
        machine.up(nodes, **options)
        return machine

    return bare


@pytest.fixture
def browser(machine: Sandbox) -> Iterator[BrowserOf]:
    """Open a browser on the client: `browser(ca)` is the Selenium driver of one that trusts that CA."""
    with contextlib.ExitStack() as stack:
        yield lambda ca: stack.enter_context(opened(machine, ca))


def _recorded() -> State | None:
    try:
        return State.load()
    except SandboxError:
        return None


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Repeat the figures that passing tests printed, which pytest keeps to itself."""
    lines: dict[str, None] = {}
    for reports in terminalreporter.stats.values():
        for report in reports:
            for _, text in getattr(report, "sections", ()):
                lines.update(dict.fromkeys(line for line in text.splitlines() if line.startswith("figure ")))
    for line in lines:
        terminalreporter.write_line(line)
