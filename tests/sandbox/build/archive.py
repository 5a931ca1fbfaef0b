"""Image archives: one layer and its configuration, in the format of ``docker save``."""

from __future__ import annotations

import hashlib
import io
import json
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from tests.sandbox.build.layer import Layer

SEARCH_PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
ARCHITECTURE = "amd64"


def write_image(path: Path, reference: str, layer: Layer, **config: Any) -> None:
    """Write an image archive.

    `reference` is the name it is imported under; `config` are fields of the image's configuration
    (Entrypoint, Cmd, User, Env, WorkingDir).
    """
    with tempfile.TemporaryFile(dir=path.parent) as content:
        layer.write(content)
        size = content.tell()
        content.seek(0)
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        content.seek(0)
        document = {
            "architecture": ARCHITECTURE,
            "os": "linux",
            "config": {"Env": [SEARCH_PATH], **config},
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
            "history": [{"created_by": "tests.sandbox.build"}],
        }
        configuration = json.dumps(document, sort_keys=True).encode()
        name = f"{hashlib.sha256(configuration).hexdigest()}.json"
        manifest = [{"Config": name, "RepoTags": [reference], "Layers": ["layer.tar"]}]
        with tarfile.open(path, "w") as archive:
            _add(archive, name, len(configuration), io.BytesIO(configuration))
            _add(archive, "layer.tar", size, content)
            manifest_text = json.dumps(manifest).encode()
            _add(archive, "manifest.json", len(manifest_text), io.BytesIO(manifest_text))


def _add(archive: tarfile.TarFile, name: str, size: int, content: Any) -> None:
    info = tarfile.TarInfo(name)
    info.size = size
    archive.addfile(info, content)
