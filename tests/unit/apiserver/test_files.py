"""Replacing a file that others watch: in one step, or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from cp_ingress_core.apiserver import files
from cp_ingress_core.errors import ApiserverError


def identity(path: Path) -> tuple[int, int]:
    return path.stat().st_ino, path.stat().st_mtime_ns


def test_a_file_is_replaced_by_another_one_with_its_permissions(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")
    path.chmod(0o640)
    before = identity(path)
    files.replace(str(path), "new")
    assert path.read_text() == "new"
    assert identity(path)[0] != before[0]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert os.listdir(tmp_path) == ["a.yaml"]


def test_a_file_that_is_right_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("same")
    before = identity(path)
    files.replace(str(path), "same")
    assert identity(path) == before


def test_a_new_file_gets_its_folder_and_permissions(tmp_path: Path) -> None:
    path = tmp_path / "folder" / "a.yaml"
    files.replace(str(path), "new", 0o644)
    assert stat.S_IMODE(path.stat().st_mode) == 0o644


def test_a_crash_before_the_rename_leaves_the_old_file_and_goes_with_the_next_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("old")

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            files.replace(str(path), "new")
    assert path.read_text() == "old"
    (orphan,) = (name for name in os.listdir(tmp_path) if name != "a.yaml")
    assert orphan.startswith(".")
    assert files.clean(str(path)) is True
    assert os.listdir(tmp_path) == ["a.yaml"]
    assert files.clean(str(path)) is False


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ApiserverError, match=r"file/a\.yaml"):
        files.replace(str(tmp_path / "file" / "a.yaml"), "new")


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"\xff\xfe")
    with pytest.raises(ApiserverError, match="not UTF-8"):
        files.read(str(tmp_path / "a"))
