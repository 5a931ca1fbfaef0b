"""Rewrite the golden files, and show what changed in them."""

from __future__ import annotations

import difflib
import sys
import tempfile
from pathlib import Path

import yaml

HERE = Path(__file__).resolve().parent


def main() -> int:
    """Render every case and write its golden file."""
    # pytest has this from pyproject.toml; a plain "python -m" does not.
    sys.path.insert(0, str(HERE.parents[2] / "_modules"))
    from .cases import CASES
    from .summary import summary

    with tempfile.TemporaryDirectory(prefix="cp-ingress-goldens-") as folder:
        for name, case in CASES.items():
            path = HERE / f"{name}.yaml"
            before = path.read_text(encoding="utf-8") if path.exists() else ""
            text = yaml.safe_dump(summary(case.render(Path(folder))), sort_keys=True, width=110)
            path.write_text(text, encoding="utf-8")
            diff = difflib.unified_diff(
                before.splitlines(), text.splitlines(), "before", "after", lineterm="", n=1
            )
            lines = list(diff)
            print(f"{path.name}: {'changed' if lines else 'as before'}", *lines, sep="\n", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
