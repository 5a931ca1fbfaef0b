"""Fixtures for all tests."""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Iterator

import pytest
import salt.exceptions  # noqa: F401 - before the library: its errors are Salt's where Salt is
from salt._logging import shutdown_temp_handler
from saltfactories.plugins.event_listener import EventListener

TESTS = pathlib.Path(__file__).resolve().parent
TIERS = ("unit", "formula", "chart", "apiserver", "packaging", "e2e")

Figure = Callable[[str, float, str], None]


# Called after the plugin's own, which makes the log server, and before that is started.
@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-salt-factories' log server on loopback, and Salt's own log to what pytest captures."""
    config.pluginmanager.get_plugin("saltfactories-log-server").log_host = "127.0.0.1"
    # It would write what it held back to a stream that pytest has closed by then.
    shutdown_temp_handler()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run what is quick first, the real cluster last."""

    def tier(item: pytest.Item) -> int:
        folder = item.path.relative_to(TESTS).parts[0]
        return TIERS.index(folder) if folder in TIERS else 0

    items.sort(key=tier)


@pytest.fixture(scope="session")
def event_listener() -> Iterator[EventListener]:
    """Keep pytest-salt-factories' event listener, which runs beside every test, on loopback too."""
    listener = EventListener()
    listener.host = "127.0.0.1"
    listener.address = f"tcp://{listener.host}:{listener.port}"
    with listener:
        yield listener


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
