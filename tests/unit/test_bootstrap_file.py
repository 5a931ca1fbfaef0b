"""The Bootstrap file as a file: where it is looked for, what cannot be read, what is not YAML."""

from __future__ import annotations

import os
import pathlib

import pytest

from cp_ingress_core import bootstrap
from cp_ingress_core.errors import ConfigError
from tests.unit.bootstrap_files import FILE, GOOD, METALK8S, errors_of, parse

UNREADABLE = {
    "not YAML": (b"networks:\n  controlPlane: {cidr: [}\n", "this is not YAML: line 2, column 25: "),
    "a tab for indentation": (b"networks:\n\tcontrolPlane:\n", "this is not YAML: line 2, column 1: "),
    "two documents": (
        GOOD.encode() + b"\n---\n{}\n",
        "this is not YAML: line 4, column 1: but found another document",
    ),
    "an escape out of range": (b'a: "\\U7fffffff"', "this is not YAML: "),
    "a control character": (b"a: \x00", "this is not YAML: character 4: special characters are not allowed"),
    "nesting without end": (b"[" * 60_000, "this is not YAML: it is nested too deeply"),
    "an empty file": (b"", "the file is empty"),
    "comments alone": (b"# nothing yet\n", "the file is empty"),
    "a list": (b"- apiVersion\n", "this is YAML, but not a mapping"),
    "not UTF-8": (b"a: 1\nb: \xff\n", "line 2 is not UTF-8"),
    "UTF-16": ("\ufeffa: 1".encode("utf-16-le"), "line 1 is not UTF-8"),
    "too large": (b"#" * (bootstrap.MAX_BYTES + 1), "this file is too large for a Bootstrap file"),
}


@pytest.mark.parametrize(("content", "why"), UNREADABLE.values(), ids=UNREADABLE)
def test_unreadable_content(content: bytes, why: str) -> None:
    (error,) = errors_of(content)
    assert error.startswith(f"{FILE}: {why}")
    assert ". Allowed: " in error
    assert ". Remedy: " in error


def test_aliases_that_multiply_are_read_in_no_time() -> None:
    lines = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 20)}]" for n in range(1, 60)]
    assert parse(METALK8S + "\n".join(lines) + "\nnetworks: {controlPlane: 10.200.0.0/24}\n").ip is None


def test_unreadable_paths(tmp_path: pathlib.Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    for path, why in (
        (tmp_path / "missing", "it cannot be read: No such file or directory"),
        (tmp_path, "this is a directory"),
        (pipe, "this is not a regular file"),
        (loop, "it cannot be read: Too many levels of symbolic links"),
        ("nul\0byte", "this cannot be a path"),
    ):
        with pytest.raises(ConfigError) as caught:
            bootstrap.load(str(path))
        (error,) = caught.value.info["errors"]
        assert f": {why}. Allowed: a readable Bootstrap file" in error


def test_the_file_is_read_from_disk(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "bootstrap.yaml"
    path.write_text(GOOD)
    assert bootstrap.load(str(path)) == parse(GOOD)
    path.write_bytes(b"#" * 10_000_000)
    with pytest.raises(ConfigError, match="too large"):
        bootstrap.load(str(path))


def test_metalk8s_file_is_the_fallback(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own, other = tmp_path / "own.yaml", tmp_path / "metalk8s.yaml"
    monkeypatch.setattr(bootstrap, "DEFAULT_PATH", str(own))
    monkeypatch.setattr(bootstrap, "METALK8S_PATH", str(other))
    assert bootstrap.default_path() == str(own)
    other.touch()
    assert bootstrap.default_path() == str(other)
    own.touch()
    assert bootstrap.default_path() == str(own)
