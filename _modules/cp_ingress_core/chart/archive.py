"""Is this file the chart archive that the pin names?"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path
from typing import Any

import yaml

from ..errors import ChartError
from .manifests import ManifestLoader
from .pin import Pin

_CHUNK = 1 << 20


def digest_of(path: Path) -> str | None:
    """SHA-256 of the file as hexadecimal digits, or None when there is no readable file."""
    digest = hashlib.sha256()
    try:
        with path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return None
    return digest.hexdigest()


def check_chart(path: Path, pin: Pin) -> None:
    """Refuse what is no gzipped tar file, holds no chart, or another chart or version than pinned."""
    metadata = _read(path, pin, "Chart.yaml")
    if metadata is None:
        raise ChartError(
            f"{pin.archive} holds no readable {pin.name}/Chart.yaml; "
            f"pin the digest of an archive of chart {pin.name}",
            reason="ChartInvalid",
        )
    found = (metadata.get("name"), metadata.get("version"))
    if found != (pin.name, pin.version):
        raise ChartError(
            f"{pin.archive} holds chart {found[0]} {found[1]}, but {pin.name} {pin.version} is pinned; "
            "make version and sha256 those of one archive",
            reason="ChartInvalid",
        )


def default_values(path: Path, pin: Pin) -> dict[str, Any]:
    """Return the chart's own values; empty when it has none."""
    return _read(path, pin, "values.yaml") or {}


def _read(path: Path, pin: Pin, name: str) -> dict[str, Any] | None:
    """Return a YAML mapping from the archive, or None when there is no such file or it holds none."""
    try:
        data = _extract(path, f"{pin.name}/{name}")
    except (tarfile.TarError, OSError, EOFError, zlib.error, yaml.YAMLError) as exc:
        raise ChartError(
            f"{pin.archive} has the pinned digest but is not a chart archive (a gzipped tar file): {exc}; "
            "pin the digest of the archive itself",
            reason="ChartInvalid",
        ) from exc
    return data if isinstance(data, dict) else None


def _extract(path: Path, wanted: str) -> Any:
    found: Any = None
    with tarfile.open(path, "r:gz") as archive:
        # To the end, so that an archive that was cut short is noticed.
        for member in archive:
            if member.name.removeprefix("./") == wanted and member.isfile():
                stream = archive.extractfile(member)
                found = yaml.load(stream.read(_CHUNK), Loader=ManifestLoader) if stream else None  # noqa: S506
    return found
