"""Runs every linter, prints a line for each, and exits with 1 when one of them found something."""

import pathlib
import subprocess
import sys
import time

PROJECT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = pathlib.Path(sys.executable).parent


def sls_files() -> list[str]:
    """Return the SLS files written in Jinja and YAML (those in Python are ruff's)."""
    paths = sorted([*PROJECT.glob("salt/**/*.sls"), *PROJECT.glob("pillar/**/*.sls")])
    return [str(path) for path in paths if not path.read_text(encoding="utf-8").startswith("#!py")]


def commands() -> dict[str, tuple[list[str], pathlib.Path]]:
    """Return, per linter, its command and the folder it runs in."""
    return {
        "ruff check": (["ruff", "check", "--quiet", "."], PROJECT),
        "ruff format": (["ruff", "format", "--quiet", "--check", "."], PROJECT),
        "mypy --strict": (
            ["mypy", "--config-file", "../pyproject.toml", "-p", "cp_ingress_core"],
            PROJECT / "_modules",
        ),
        "yamllint": (["yamllint", "--strict", "."], PROJECT),
        "salt-lint": (["salt-lint", "-c", str(PROJECT / ".salt-lint"), *sls_files()], PROJECT),
        "layers": (["python", "-m", "pytest", "-q", "--no-header", "tests/unit/test_layers.py"], PROJECT),
    }


def main() -> int:
    """Run the linters one after the other; return 1 if any failed."""
    failed = []
    for name, (command, folder) in commands().items():
        started = time.monotonic()
        done = subprocess.run(
            [str(TOOLS / command[0]), *command[1:]], cwd=folder, capture_output=True, text=True, check=False
        )
        verdict = "ok" if done.returncode == 0 else "FAILED"
        print(f"lint: {name}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
        if done.returncode:
            failed.append(name)
            print(done.stdout + done.stderr, flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
