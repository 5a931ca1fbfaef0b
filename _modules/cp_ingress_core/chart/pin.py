"""Which archive a chart folder stands for: ``chart.yaml``.

::

    name: metallb
    version: 0.16.1
    url: https://example.com/charts/metallb-{version}.tgz
    sha256: fb06bb58...      # of the archive, 64 hexadecimal digits

``{version}`` in ``url`` is replaced, so that another version needs no other address.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ..errors import ChartError

PIN_FILE = "chart.yaml"
_KEYS = ("name", "version", "url", "sha256")
_PATTERNS = {
    "name": (re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"), "lower-case letters, digits and dashes"),
    "version": (re.compile(r"v?\d+\.\d+\.\d+([-+][0-9A-Za-z.+-]+)?"), "a version such as 1.2.3"),
    "url": (re.compile(r"https?://[^\s@]*\{version\}\S*"), "an http(s) address that holds {version}"),
    "sha256": (re.compile(r"[0-9a-f]{64}"), "64 lower-case hexadecimal digits"),
}


@dataclass(frozen=True)
class Pin:
    """One chart archive: what it is called, where upstream keeps it, and its SHA-256 digest."""

    name: str
    version: str
    url: str
    sha256: str

    @property
    def archive(self) -> str:
        """File name of the archive, as Helm names it."""
        return f"{self.name}-{self.version}.tgz"

    @property
    def cache_name(self) -> str:
        """File name in the cache: two archives of one version never share it."""
        return f"{self.name}-{self.version}-{self.sha256[:12]}.tgz"


def read_pin(chart_dir: Path, version: str | None = None, sha256: str | None = None) -> Pin:
    """Read ``chart_dir/chart.yaml``; ``version`` and ``sha256`` replace its own when given.

    Raises :class:`ChartError` naming the file, the key and what is allowed; also when only one of the two
    is given, since a version without its digest could not be verified.
    """
    path = chart_dir / PIN_FILE
    data = _load(path)
    if (version is None) != (sha256 is None):
        given, missing = ("version", "sha256") if sha256 is None else ("sha256", "version")
        raise ChartError(
            f"chart {data.get('name', chart_dir.name)}: {given} is set without {missing}; set both, "
            f"or neither to use the pair in {path}",
            reason="PinInvalid",
        )
    if version is not None:
        data = {**data, "version": version, "sha256": sha256}
    _check(path, data)
    return Pin(
        data["name"], data["version"], data["url"].replace("{version}", data["version"]), data["sha256"]
    )


def _load(path: Path) -> dict[str, Any]:
    try:
        data = yaml.load(path.read_bytes(), Loader=yaml.CSafeLoader)
    except OSError as exc:
        raise ChartError(
            f"{path}: {exc.strerror}; a chart folder holds a {PIN_FILE} with {', '.join(_KEYS)}",
            reason="PinInvalid",
        ) from exc
    except yaml.YAMLError as exc:
        raise ChartError(f"{path} is not YAML: {exc}", reason="PinInvalid") from exc
    if not isinstance(data, Mapping):
        raise ChartError(f"{path} must be a mapping of {', '.join(_KEYS)}", reason="PinInvalid")
    return dict(data)


def _check(path: Path, data: Mapping[str, Any]) -> None:
    problems = [f"{key!r} is not known" for key in data if key not in _KEYS]
    for key, (pattern, allowed) in _PATTERNS.items():
        value = data.get(key)
        if not isinstance(value, str):
            problems.append(f"{key} is {value!r}, must be a string ({allowed}); put it in quotes")
        elif not pattern.fullmatch(value):
            problems.append(f"{key} is {value!r}, must be {allowed}")
    if problems:
        raise ChartError(f"{path}: {'; '.join(problems)}", reason="PinInvalid")
