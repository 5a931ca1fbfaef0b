"""Renders kept on disk. They may hold Secrets, so the folder is 0700 and every file 0600."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from .files import make_folder, replacing

_KEEP = 32


class RenderCache:
    """Objects by key; a file that is damaged is treated as absent and written anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def get(self, key: str) -> list[dict[str, Any]] | None:
        """Return the objects kept under ``key``, or None."""
        try:
            text = self._path(key).read_text(encoding="utf-8")
            digest, _, body = text.partition("\n")
            if digest != _digest(body):
                return None
            objects = json.loads(body)
        except (OSError, ValueError):
            return None
        return objects if isinstance(objects, list) else None

    def put(self, key: str, objects: list[dict[str, Any]]) -> None:
        """Keep ``objects`` under ``key``; the oldest renders make room."""
        make_folder(self.folder, 0o700)
        body = json.dumps(objects)
        with replacing(self._path(key), 0o600) as temporary:
            temporary.write_text(f"{_digest(body)}\n{body}", encoding="utf-8")
        self._trim()

    def _path(self, key: str) -> Path:
        return self.folder / f"render-{key}.json"

    def _trim(self) -> None:
        """Remove the files written longest ago; another run may be doing the same."""
        entries: list[tuple[float, Path]] = []
        for path in self.folder.glob("render-*.json"):
            try:
                entries.append((path.stat().st_mtime, path))
            except FileNotFoundError:
                continue
        for _, path in sorted(entries)[:-_KEEP]:
            path.unlink(missing_ok=True)


def cache_key(*parts: Any) -> str:
    """Return one key for everything a render depends on; mappings count the same in any order."""
    return _digest(json.dumps(parts, sort_keys=True))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
