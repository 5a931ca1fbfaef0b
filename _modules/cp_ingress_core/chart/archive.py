"""Is this file the chart archive that the pin names?"""

from __future__ import annotations

import hashlib
import tarfile
import zlib
from pathlib import Path
from typing import Any

import yaml

from ..errors import ChartError
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
    try:
        metadata = _chart_metadata(path, pin)
    except (tarfile.TarError, OSError, EOFError, zlib.error, yaml.YAMLError) as exc:
        raise ChartError(
            f"{pin.archive} has the pinned digest but is not a chart archive (a gzipped tar file): {exc}; "
            "pin the digest of the archive itself",
            reason="ChartInvalid",
        ) from exc
    found = (metadata.get("name"), metadata.get("version"))
    if found != (pin.name, pin.version):
        raise ChartError(
            f"{pin.archive} holds chart {found[0]} {found[1]}, but {pin.name} {pin.version} is pinned; "
            "make version and sha256 those of one archive",
            reason="ChartInvalid",
        )


def _chart_metadata(path: Path, pin: Pin) -> dict[str, Any]:
    wanted = f"{pin.name}/Chart.yaml"
    found: Any = None
    with tarfile.open(path, "r:gz") as archive:
        # To the end, so that an archive that was cut short is noticed.
        for member in archive:
            if member.name.removeprefix("./") == wanted and member.isfile():
                stream = archive.extractfile(member)
                found = yaml.load(stream.read(_CHUNK), Loader=yaml.CSafeLoader) if stream else None
    if not isinstance(found, dict):
        raise ChartError(
            f"{pin.archive} holds no readable {wanted}; it is not an archive of chart {pin.name}",
            reason="ChartInvalid",
        )
    return found
