"""Folders and files of the chart caches: right modes, whole or absent."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ChartError


def make_folder(folder: Path, mode: int) -> None:
    """Create ``folder`` with exactly ``mode``, or correct the mode of the one that is there.

    Raises :class:`ChartError` when it cannot be created or is not ours to change.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if folder.stat().st_mode & 0o777 != mode:
            folder.chmod(mode)
    except OSError as exc:
        raise ChartError(
            f"cache folder {folder} cannot be used: {exc.strerror}; run as root, "
            "or set cache_dir to a folder that this user may write",
            reason="CacheUnusable",
        ) from exc


@contextmanager
def replacing(path: Path, mode: int) -> Iterator[Path]:
    """Yield the path of an empty temporary file that takes the place of ``path`` when the block ends well.

    The file is complete on disk (fsync) before the rename; when the block raises, nothing is left behind and
    ``path`` is as it was. The temporary file is readable by its owner only until then.
    """
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    except OSError as exc:
        raise ChartError(
            f"nothing can be written into {path.parent}: {exc.strerror}", reason="CacheUnusable"
        ) from exc
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(mode)
        _sync(temporary, os.O_RDONLY)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    _sync(path.parent, os.O_RDONLY | os.O_DIRECTORY)


def _sync(path: Path, flags: int) -> None:
    handle = os.open(path, flags)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
