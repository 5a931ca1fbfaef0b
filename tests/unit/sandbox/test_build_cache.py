"""The store of finished builds."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sandbox.build.cache import Store, cache_root

PROJECT = Path(__file__).parents[3]
HALF_A_BUILD = """
import sys
from pathlib import Path
from tests.sandbox.build.cache import Store
store = Store(Path(sys.argv[1]))
with store.locked(), store.making("part", "key") as into:
    (into / "file").write_text("half")
    print("half", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def start_half_a_build(store: Store) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HALF_A_BUILD, str(store.root)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "half\n"
    return process


def test_a_build_is_there_only_when_it_is_finished(store: Store) -> None:
    with store.making("part", "key") as into:
        (into / "file").write_text("content")
        assert not store.has("part", "key")
        assert store.finished() == []
    assert store.has("part", "key")
    assert (store.path("part", "key") / "file").read_text() == "content"


def test_a_failed_build_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.making("part", "key") as into:
        (into / "file").write_text("half")
        raise ZeroDivisionError
    assert not store.has("part", "key")
    assert list(store.builds.iterdir()) == []


def test_a_killed_build_is_not_taken_for_finished_and_is_cleared_away(store: Store) -> None:
    process = start_half_a_build(store)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not store.has("part", "key")
    assert [path.name[:12] for path in store.builds.iterdir()] == [".unfinished-"]
    with store.locked():
        assert list(store.builds.iterdir()) == []


def test_a_second_builder_waits_and_says_for_whom(store: Store, capfd: pytest.CaptureFixture[str]) -> None:
    first = start_half_a_build(store)
    second = subprocess.Popen(
        [sys.executable, "-c", HALF_A_BUILD.replace('"part"', '"other"'), str(store.root)],
        cwd=PROJECT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert second.stderr is not None
        assert second.stderr.readline() == (
            f"build: waiting for another build on this cache (process {first.pid})\n"
        )
        assert not list(store.builds.glob("*other*"))
        first.communicate("\n", timeout=30)
        assert second.communicate("\n", timeout=30)[0] == "half\n"
    finally:
        for process in (first, second):
            process.kill()
            process.wait()
    assert store.has("part", "key")
    assert store.has("other", "key")


def test_a_removed_build_is_gone(store: Store) -> None:
    with store.making("part", "key") as into:
        (into / "file").write_text("content")
    store.remove(store.path("part", "key"))
    assert list(store.builds.iterdir()) == []


def test_the_cache_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("CP_INGRESS_CACHE", str(tmp_path / "own"))
    assert cache_root() == tmp_path / "own"
    monkeypatch.delenv("CP_INGRESS_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_root() == tmp_path / "xdg" / "cp-ingress"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_root() == tmp_path / ".cache" / "cp-ingress"
