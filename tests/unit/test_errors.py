"""What the errors are to Salt, and that the library does without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

MODULES = Path(__file__).resolve().parents[2] / "_modules"


def _printed(*lines: str) -> str:
    """What a fresh Python process prints."""
    code = "\n".join(("import sys", f"sys.path.insert(0, {str(MODULES)!r})", *lines))
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return run.stdout.strip()


def test_a_program_that_applies_objects_loads_no_salt() -> None:
    assert _printed("from cp_ingress_core.kube import engine", "print('salt' in sys.modules)") == "False"


def test_salt_takes_the_errors_for_its_own() -> None:
    """As its loader loads the faces: Salt is there first."""
    assert (
        _printed(
            "import salt.loader",
            "from salt.exceptions import CommandExecutionError",
            "from cp_ingress_core.errors import ApiError",
            "print(issubclass(ApiError, CommandExecutionError))",
        )
        == "True"
    )


def test_an_error_reads_the_same_with_and_without_salt() -> None:
    lines = (
        "from cp_ingress_core.errors import ApiError",
        "error = ApiError('refused', status=403, obj='v1/Secret a/b')",
        "print(error, error.info)",
    )

    assert _printed(*lines) == _printed("import salt.exceptions", *lines)
