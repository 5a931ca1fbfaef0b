"""Go parts: what decides a build, and which go command is used."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.sandbox.build import golang
from tests.sandbox.build.builder import Builder
from tests.sandbox.build.cache import Store
from tests.sandbox.build.golang import GoPart, find_go
from tests.sandbox.build.parts import GO_PARTS


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the go.mod files that a test may change."""
    folder = tmp_path / "gomod"
    shutil.copytree(golang.GOMOD, folder)
    monkeypatch.setattr(golang, "GOMOD", folder)
    return folder


def key(part: GoPart, root: Path) -> str:
    return Builder([part], Store(root)).key(part.name)


@pytest.mark.parametrize("changed", ["go.mod", "go.sum", "frr-k8s/api/v1beta1/types.go"])
def test_every_file_of_a_module_decides_its_parts(modules: Path, tmp_path: Path, changed: str) -> None:
    part = next(part for part in GO_PARTS if part.name == "metallb")
    before = key(part, tmp_path)
    assert key(part, tmp_path) == before
    with (modules / "metallb" / changed).open("a", encoding="utf-8") as file:
        file.write("\n")
    assert key(part, tmp_path) != before


def test_renaming_a_file_of_a_module_decides_its_parts(modules: Path, tmp_path: Path) -> None:
    part = next(part for part in GO_PARTS if part.name == "small")
    before = key(part, tmp_path)
    (modules / "small" / "web").rename(modules / "small" / "web2")
    assert key(part, tmp_path) != before


def test_flags_and_programs_decide_a_part(tmp_path: Path) -> None:
    base = GoPart("part", "1", "small", {"web": "./web"})
    others = [
        GoPart("part", "2", "small", {"web": "./web"}),
        GoPart("part", "1", "small", {"web": "./pause"}),
        GoPart("part", "1", "small", {"web": "./web"}, ldflags="-X a=b"),
        GoPart("part", "1", "small", {"web": "./web"}, tags="osusergo"),
    ]
    assert len({key(part, tmp_path) for part in [base, *others]}) == 5


@pytest.mark.parametrize(
    ("version", "found"),
    [("go1.26.0", True), ("go1.27rc1", True), ("go2.0", True), ("go1.25.9", False), ("devel", False)],
)
def test_only_a_new_enough_go_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, found: bool
) -> None:
    command = tmp_path / "go"
    command.write_text(f"#!/bin/sh\n[ $GOTOOLCHAIN = local ] && echo {version}\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.defpath}")
    assert find_go() == (str(command) if found else None)


def test_without_go_none_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_go() is None
