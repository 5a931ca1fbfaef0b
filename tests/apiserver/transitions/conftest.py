"""The world of the transitions, one for each file of tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.apiserver.transitions.world import World, world


@pytest.fixture(scope="module")
def there(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A cluster of three masters without nodes, and the bootstrap node's minion."""
    with world(tmp_path_factory.mktemp("world")) as found:
        yield found
