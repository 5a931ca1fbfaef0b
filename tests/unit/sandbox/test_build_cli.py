"""The builder's command line, on a cache of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.sandbox.build.parts import PARTS, builder

PROJECT = Path(__file__).parents[3]


def run(cache: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.sandbox.build", *arguments],
        cwd=PROJECT,
        env=os.environ | {"CP_INGRESS_CACHE": str(cache)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_list_shows_every_part_and_builds_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "--list")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines()] == [part.name for part in PARTS]
    assert done.stdout.count("(not built)") == len(PARTS)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_part_ends_with_a_message_and_status_1(tmp_path: Path) -> None:
    done = run(tmp_path, "etcd", "nothing")
    assert done.returncode == 1
    assert done.stderr.startswith("build: there is no part 'nothing'; the parts are: etcd, kube-light,")
    assert "Traceback" not in done.stderr


def test_prune_removes_builds_of_other_inputs(tmp_path: Path) -> None:
    builds = tmp_path / "builds"
    current = f"etcd-{builder().key('etcd')}"
    for name in (current, "etcd-0123456789abcdef", "go-toolchain-1.26.6"):
        (builds / name).mkdir(parents=True)
    done = run(tmp_path, "--prune")
    assert done.returncode == 0
    assert done.stderr == "build: removed etcd-0123456789abcdef\n"
    assert sorted(path.name for path in builds.iterdir()) == [current, "go-toolchain-1.26.6"]


def test_what_is_built_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "builds" / f"etcd-{builder().key('etcd')}").mkdir(parents=True)
    done = run(tmp_path, "etcd")
    assert (done.returncode, done.stderr) == (0, "build: all 1 part(s) are built\n")
    assert "cold_build" not in done.stdout
