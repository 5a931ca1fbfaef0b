"""Places inside a document."""

from __future__ import annotations

from typing import Any

import pytest

from cp_ingress_core.component.paths import PathError, parse, places

DATA = {
    "issuer": "x",
    "staticClients": [{"id": "a", "uris": ["1", "2"]}, {"id": "b"}],
    "auth.generic_oauth": {"url": "u"},
    "empty": None,
}


@pytest.mark.parametrize(
    ("path", "values"),
    [
        ("issuer", ["x"]),
        ("staticClients[*].id", ["a", "b"]),
        ("staticClients[1].id", ["b"]),
        ("staticClients[id=a].uris[*]", ["1", "2"]),
        ("staticClients[id=c].uris", []),
        ("staticClients[*].uris", [["1", "2"]]),
        ('"auth.generic_oauth".url', ["u"]),
        ("missing", []),
        ("empty.below", []),
    ],
)
def test_places(path: str, values: list[Any]) -> None:
    assert [node[key] for node, key in places(DATA, path)] == values


def test_a_new_key_is_a_place() -> None:
    assert places(DATA, "staticClients[id=b].uris", new=True) == [(DATA["staticClients"][1], "uris")]
    assert places(DATA, "nowhere.uris", new=True) == []


@pytest.mark.parametrize("path", ["issuer.a", "staticClients.id", "issuer[0]"])
def test_a_step_that_does_not_fit(path: str) -> None:
    with pytest.raises(PathError, match="looked for in something that is no"):
        places(DATA, path)


@pytest.mark.parametrize("path", ["", ".", "a..b", "a[", "a[x]", "a]", 'a."', "a b", ".a", "a*", "a.[0]"])
def test_what_is_no_path(path: str) -> None:
    with pytest.raises(PathError):
        parse(path)
