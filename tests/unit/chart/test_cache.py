"""Renders on disk: private, whole, and never believed when damaged."""

import os
from pathlib import Path

import pytest

from cp_ingress_core.chart.cache import RenderCache, cache_key

from .support import listing

OBJECTS = [
    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "x"}, "data": {"password": "Y2FuYXJ5"}}
]


def test_what_was_put_comes_back(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path / "renders")
    assert cache.get("a") is None
    cache.put("a", OBJECTS)
    assert cache.get("a") == OBJECTS
    assert cache.get("b") is None


def test_nobody_else_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    folder = tmp_path / "renders"
    folder.mkdir(mode=0o755)
    umask = os.umask(0)
    try:
        RenderCache(folder).put("a", OBJECTS)
    finally:
        os.umask(umask)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert {path.stat().st_mode & 0o777 for path in folder.iterdir()} == {0o600}


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data: data[:-20], id="cut short"),
        pytest.param(lambda data: data.replace(b"Y2FuYXJ5", b"Y2FuYXJ6"), id="one value changed"),
        pytest.param(lambda data: b"", id="emptied"),
        pytest.param(lambda data: b"\xff\xfe", id="not text"),
        pytest.param(lambda data: data.partition(b"\n")[2], id="without its digest"),
    ],
)
def test_a_damaged_file_is_as_none_and_is_written_anew(tmp_path: Path, damage) -> None:
    cache = RenderCache(tmp_path)
    cache.put("a", OBJECTS)
    (path,) = tmp_path.iterdir()
    path.write_bytes(damage(path.read_bytes()))
    assert cache.get("a") is None
    cache.put("a", OBJECTS)
    assert cache.get("a") == OBJECTS


def test_the_folder_does_not_grow_without_end(tmp_path: Path) -> None:
    cache = RenderCache(tmp_path)
    for number in range(40):
        cache.put(f"{number:02}", OBJECTS)
        os.utime(tmp_path / f"render-{number:02}.json", (number, number))
    assert len(listing(tmp_path)) == 32
    assert cache.get("39") == OBJECTS
    assert cache.get("00") is None


def test_the_key_depends_on_every_part_but_not_on_the_order_of_mappings() -> None:
    assert cache_key("a", {"x": 1, "y": 2}) == cache_key("a", {"y": 2, "x": 1})
    keys = {
        cache_key("a", {"x": 1}),
        cache_key("b", {"x": 1}),
        cache_key("a", {"x": 2}),
        cache_key("a", ["x", 1]),
    }
    assert len(keys) == 4
