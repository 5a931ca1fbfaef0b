"""Rewrite the golden plans; `git diff` shows what changed in them."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Bring up a cluster without nodes, plan each change on it, and write the files."""
    # pytest has this from pyproject.toml; a plain "python -m" does not.
    sys.path.insert(0, str(HERE.parents[3] / "_modules"))
    from tests.apiserver.transitions.world import world

    from . import golden, texts

    with (
        tempfile.TemporaryDirectory(prefix="cp-ingress-plans-") as folder,
        world(Path(folder)) as there,
    ):
        for name, text in texts(there):
            golden(name).write_text(text, encoding="utf-8")
            print(f"{name}.txt: {text.count(chr(10))} lines", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
