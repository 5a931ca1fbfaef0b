"""Files of many ConfigMaps, all of them different, with a revision that changes every one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

LINES = 8


def write_file(path: Path, namespace: str, count: int, revision: int) -> Path:
    """Write `count` ConfigMaps of `namespace` to a YAML file, one document each; return the path."""
    with path.open("w", encoding="utf-8") as stream:
        for number in range(count):
            stream.writelines(_document(namespace, number, revision))
    return path


def _document(namespace: str, number: int, revision: int) -> Iterator[str]:
    """Yield the lines of one document: about 600 bytes, as of a small program's settings."""
    yield "---\napiVersion: v1\nkind: ConfigMap\nmetadata:\n"
    yield f"  name: settings-{number:05d}\n  namespace: {namespace}\n"
    yield f"  labels: {json.dumps({'app.kubernetes.io/name': 'bench', 'shard': str(number % 10)})}\n"
    yield f'data:\n  number: "{number}"\n  revision: "{revision}"\n  settings.conf: |\n'
    for line in range(LINES):
        yield f"    option-{line}.of.shard-{number % 10} = value {number * LINES + line}, as it is\n"
