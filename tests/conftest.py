"""Fixtures for all tests."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from salt._logging import shutdown_temp_handler

Figure = Callable[[str, float, str], None]


@pytest.hookimpl(tryfirst=True)
def pytest_sessionstart(session: pytest.Session) -> None:
    """Keep pytest-salt-factories' log server on loopback, and Salt's own log to what pytest captures."""
    session.config.pluginmanager.get_plugin("saltfactories-log-server").log_host = "127.0.0.1"
    # It would write what it held back to a stream that pytest has closed by then.
    shutdown_temp_handler()


@pytest.fixture(params=[False, True], ids=["for real", "test mode"])
def testmode(request: pytest.FixtureRequest) -> bool:
    """Whether the state under test runs with ``test=True``; a test that takes this runs in both modes."""
    return bool(request.param)


@pytest.fixture(scope="session")
def figure(pytestconfig: pytest.Config) -> Figure:
    """Print a measured value, ``figure NAME VALUE UNIT``, on a line of its own, past pytest's capture."""
    capture = pytestconfig.pluginmanager.getplugin("capturemanager")

    def show(name: str, value: float, unit: str) -> None:
        with capture.global_and_fixture_disabled():
            print(f"\nfigure {name} {round(value, 2):.10g} {unit}", flush=True)

    return show
