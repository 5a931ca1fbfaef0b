"""Fixtures of the engine's tests on a real apiserver."""

from __future__ import annotations

import pytest


@pytest.fixture(params=[False, True], ids=["run", "test"])
def testmode(request: pytest.FixtureRequest) -> bool:
    """Both modes of every state."""
    return bool(request.param)
