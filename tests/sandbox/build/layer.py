"""The files of a container image, gathered in memory and written as one reproducible tar."""

from __future__ import annotations

import copy
import io
import struct
import tarfile
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import IO

MERGED = frozenset({"bin", "sbin", "lib", "lib64"})
"""Top-level folders that are links into /usr, as on every Debian."""

CAP_NET_BIND_SERVICE = 10
_VFS_CAP_REVISION_2 = 0x02000000
_VFS_CAP_EFFECTIVE = 1


class Layer:
    """A tree of files for an image: paths are relative to its root, later additions replace earlier ones."""

    def __init__(self, mtime: int = 0) -> None:
        self.mtime = mtime
        self._entries: dict[str, tuple[tarfile.TarInfo, bytes | Path | None]] = {}
        self.folder("tmp", 0o1777)
        self.folder("etc")

    def __contains__(self, path: str) -> bool:
        return _place(path) in self._entries

    def folder(self, path: str, mode: int = 0o755) -> None:
        """Add an empty folder, or set the mode of one."""
        self._add(path, tarfile.DIRTYPE, mode, None)

    def text(self, path: str, content: str, mode: int = 0o644) -> None:
        """Add a file with this text."""
        self._add(path, tarfile.REGTYPE, mode, content.encode())

    def file(self, path: str, source: Path, mode: int = 0o755) -> None:
        """Add a copy of the file `source`."""
        self._add(path, tarfile.REGTYPE, mode, source)

    def link(self, path: str, target: str) -> None:
        """Add a symbolic link to `target`."""
        self._add(path, tarfile.SYMTYPE, 0o777, None).linkname = target

    def tree(self, path: str, source: Path) -> None:
        """Add everything below the folder `source`, owned by root, writable by its owner only."""
        for item in sorted(source.rglob("*")):
            place = f"{path}/{item.relative_to(source).as_posix()}"
            if item.is_symlink():
                self.link(place, str(item.readlink()))
            elif item.is_dir():
                self.folder(place)
            else:
                self.file(place, item, 0o755 if item.stat().st_mode & 0o100 else 0o644)

    def tar(self, stream: IO[bytes], without: Iterable[str] = ()) -> None:
        """Add the members of a tar stream, except those below the folders `without`."""
        unwanted = tuple(f"{folder}/" for folder in without)
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            for member in archive:
                place = _place(member.name)
                if not place or f"{place}/".startswith(unwanted):
                    continue
                if member.islnk():
                    info, data = self._entries[_place(member.linkname)]
                    self._entries[place] = (copy.copy(info), data)
                    continue
                content = archive.extractfile(member) if member.isreg() else None
                self._entries[place] = (member, content.read() if content else None)

    def remove(self, *paths: str) -> None:
        """Remove these files, and these folders with everything below them."""
        for path in paths:
            for entry in [each for each in self._entries if f"{each}/".startswith(f"{_place(path)}/")]:
                del self._entries[entry]

    def read(self, path: str) -> str:
        """Return the text of a file."""
        data = self._entries[_place(path)][1]
        content = data.read_bytes() if isinstance(data, Path) else data
        if content is None:
            raise ValueError(f"/{path} is no file")
        return content.decode()

    def own(self, owner: int, *paths: str) -> None:
        """Give these files, and folders with everything below, to user and group `owner`."""
        for path in paths:
            for entry, (info, _) in self._entries.items():
                if f"{entry}/".startswith(f"{_place(path)}/"):
                    info.uid = info.gid = owner

    def allow_low_ports(self, path: str) -> None:
        """Let the program `path` listen on ports below 1024, whoever runs it."""
        permitted = 1 << CAP_NET_BIND_SERVICE
        value = struct.pack("<5I", _VFS_CAP_REVISION_2 | _VFS_CAP_EFFECTIVE, permitted, 0, 0, 0)
        info = self._entries[_place(path)][0]
        info.pax_headers = {"SCHILY.xattr.security.capability": value.decode("ascii")}

    def write(self, file: IO[bytes]) -> None:
        """Write the tree as a tar: sorted, with one time for all."""
        self._add_parents()
        with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
            for name, (info, data) in sorted(self._entries.items()):
                info.name, info.mtime, info.uname, info.gname = name, self.mtime, "", ""
                info.size = 0 if data is None else _size(data)
                with _open(data) as content:
                    archive.addfile(info, content)

    def _add(self, path: str, kind: bytes, mode: int, data: bytes | Path | None) -> tarfile.TarInfo:
        info = tarfile.TarInfo(_place(path))
        info.type, info.mode = kind, mode
        self._entries[info.name] = (info, data)
        return info

    def _add_parents(self) -> None:
        if any(entry.startswith("usr/") for entry in self._entries):
            for name in MERGED:
                info = tarfile.TarInfo(name)
                info.type, info.linkname, info.mode = tarfile.SYMTYPE, f"usr/{name}", 0o777
                self._entries[name] = (info, None)
                if f"usr/{name}" not in self._entries:
                    self.folder(f"usr/{name}")
        for entry in list(self._entries):
            for parent in [str(each) for each in PurePosixPath(entry).parents][:-1]:
                if parent not in self._entries:
                    self.folder(parent)


def _place(path: str) -> str:
    """Return `path` as the layer names it: relative, below /usr where Debian merged it."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if len(parts) > 1 and parts[0] in MERGED:
        parts.insert(0, "usr")
    elif len(parts) == 1 and parts[0] in MERGED:
        return ""
    return "/".join(parts)


def _size(data: bytes | Path) -> int:
    return data.stat().st_size if isinstance(data, Path) else len(data)


def _open(data: bytes | Path | None) -> IO[bytes]:
    return data.open("rb") if isinstance(data, Path) else io.BytesIO(data or b"")
