"""Fixtures for all tests."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[False, True], ids=["for real", "test mode"])
def testmode(request: pytest.FixtureRequest) -> bool:
    """Whether the state under test runs with ``test=True``; a test that takes this runs in both modes."""
    return bool(request.param)
