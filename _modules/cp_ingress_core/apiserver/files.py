"""Files that another process watches, replaced so that it never sees half of one.

The new content goes to a name with a dot in front, which the kubelet skips, is flushed to the disk, and is
renamed over the old one. The folder itself is never replaced: containers have it mounted.
"""

from __future__ import annotations

import os
from pathlib import Path

from cp_ingress_core.apiserver import manifest as manifests
from cp_ingress_core.errors import ApiserverError

SUFFIX = ".cp-ingress-new"


def read(path: str) -> str | None:
    """Return a file's text, None where there is no such file; raises ApiserverError when it is unreadable."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as err:
        why = getattr(err, "strerror", None) or "not UTF-8"
        raise ApiserverError(f"cannot read {path}: {why}", reason="Unreadable") from None


def replace(path: str, text: str, mode: int = 0o600) -> None:
    """Give a file new content in one step; a file with that content already is left as it is.

    path
        The file. Its folder is made when missing.
    text
        The content.
    mode
        Permissions of a new file; one that exists keeps its own, and its owner.
    """
    target = Path(path)
    if read(path) == text:
        return
    temporary = _temporary(target)
    try:
        target.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        temporary.unlink(missing_ok=True)
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            _take_after(target, descriptor, mode)
            stream.flush()
            os.fsync(descriptor)
        temporary.rename(target)
        _flush_folder(target.parent)
    except OSError as err:
        temporary.unlink(missing_ok=True)
        raise ApiserverError(f"cannot write {path}: {err.strerror}", reason="Unwritable") from None


def remove(path: str) -> None:
    """Remove a file; nothing happens where there is none."""
    Path(path).unlink(missing_ok=True)


def clean(path: str) -> bool:
    """Remove what an interrupted :func:`replace` of a file left beside it; say whether it left something."""
    temporary = _temporary(Path(path))
    found = temporary.exists()
    temporary.unlink(missing_ok=True)
    return found


def same_pod(manifest: manifests.Manifest) -> list[str]:
    """Return the other files of a manifest's folder that define the same pod to the kubelet.

    The kubelet reads every file whose name does not begin with a dot, whatever its end (``.bak`` too).
    """
    own = Path(manifest.path)
    found = []
    for path in sorted(own.parent.iterdir()):
        if path == own or path.name.startswith(".") or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue
        if manifests.defines(text, manifest):
            found.append(str(path))
    return found


def _temporary(target: Path) -> Path:
    return target.with_name(f".{target.name}{SUFFIX}")


def _take_after(target: Path, descriptor: int, mode: int) -> None:
    """Give a new file the permissions and the owner of the one that it replaces."""
    try:
        old = target.stat()
    except FileNotFoundError:
        os.fchmod(descriptor, mode)
        return
    os.fchmod(descriptor, old.st_mode & 0o7777)
    if (old.st_uid, old.st_gid) != (os.geteuid(), os.getegid()):
        os.fchown(descriptor, old.st_uid, old.st_gid)


def _flush_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
