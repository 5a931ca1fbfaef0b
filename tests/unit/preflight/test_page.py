"""The page for operators and the code know the same findings, at the same levels."""

from __future__ import annotations

import ast
import re
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[3]
LIBRARY = PROJECT / "_modules" / "cp_ingress_core"
PAGE = PROJECT / "docs" / "preflight.md"

# What makes a finding, and the levels that it may have.
MAKERS = {"error": {"error"}, "warning": {"warning"}, "finding": {"error", "warning"}}
# Those about components are warnings, all of them.
MAKERS |= {"_warning": {"warning"}, "Finding": {"warning"}}
FILES = (
    *sorted(path for path in (LIBRARY / "preflight").glob("*.py") if path.name != "model.py"),
    LIBRARY / "component" / "findings.py",
    LIBRARY / "component" / "checks.py",
)


def in_code() -> dict[str, set[str]]:
    """Return the levels of every finding that the checks make, by its id."""
    found: dict[str, set[str]] = {}
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in MAKERS:
                if isinstance(node.args[0], ast.Constant):
                    found.setdefault(str(node.args[0].value), set()).update(MAKERS[node.func.id])
                else:
                    assert "identifier" in ast.unparse(node), f"{path}:{node.lineno}: no literal id"
    return found


def on_page() -> dict[str, set[str]]:
    """Return the levels in the page's tables, by id: rows of `id` | level | meaning | remedy."""
    rows = re.findall(
        r"^\| `([a-z0-9-]+)` \| ([a-z, ]+) \| [^|]+ \| [^|]+ \|$",
        PAGE.read_text(encoding="utf-8"),
        re.MULTILINE,
    )
    assert len(rows) == len({identifier for identifier, _ in rows}), "an id has two rows"
    return {identifier: set(levels.replace(" ", "").split(",")) for identifier, levels in rows}


def test_the_code_is_understood() -> None:
    assert {"no-masters", "stale-pillar", "clock-skew"} <= set(in_code())


def test_every_finding_is_on_the_page_and_no_other() -> None:
    assert on_page() == in_code()
