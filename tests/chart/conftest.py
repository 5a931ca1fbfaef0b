"""Rendering with the real helm, which the sandbox builder compiles."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cp_ingress_core.chart.pin import Pin
from cp_ingress_core.chart.render import Release, render
from tests.sandbox.build import binary
from tests.unit.chart.support import small_chart


@pytest.fixture(scope="session")
def helm() -> Path:
    return binary("helm")


@pytest.fixture
def counted_helm(helm: Path, tmp_path: Path) -> tuple[Path, Callable[[], int]]:
    """The real helm behind a script that writes down each call; returns it and how to count the calls."""
    log = tmp_path / "helm-calls"
    log.touch()
    script = tmp_path / "counted" / "helm"
    script.parent.mkdir()
    script.write_text(f'#!/bin/sh\necho call >>{log}\nexec {helm} "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return script, lambda: log.read_text(encoding="utf-8").count("call")


@pytest.fixture
def release(tmp_path: Path) -> Callable[..., Release]:
    """Make a release of a small chart with the given templates."""

    def make(values: dict[str, Any] | None = None, **templates: str) -> Release:
        content = small_chart(**templates)
        archive = tmp_path / "small-1.2.3.tgz"
        archive.write_bytes(content)
        pin = Pin("small", "1.2.3", "http://127.0.0.1:1/x.tgz", hashlib.sha256(content).hexdigest())
        return Release(
            "mine", "here", pin, archive, values or {}, "v1.36.3", ["apps/v1", "apps/v1/Deployment"]
        )

    return make


@pytest.fixture
def rendered(
    helm: Path, tmp_path: Path, release: Callable[..., Release]
) -> Callable[..., list[dict[str, Any]]]:
    """Render a small chart with the given templates and return its objects."""

    def run(values: dict[str, Any] | None = None, **templates: str) -> list[dict[str, Any]]:
        return render(release(values, **templates), tmp_path / "renders", helm=str(helm))

    return run
