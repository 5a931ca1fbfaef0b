"""Runs every test: those on the real cluster, and beside them, at the lowest priority, all others.

The real cluster waits for its nodes most of the time, which leaves the processors to the rest. What that
prints is shown when the cluster's tests have ended. What failed is told once more at the very end, shortly,
where it is found in a long log. Exits with 1 when anything failed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

PROJECT = Path(__file__).resolve().parents[2]
CLUSTER = "tests/e2e"
NICE = 15
SHOWN_LINES, SHOWN_WIDTH = 15, 240


def main() -> int:
    """Run both, and show the one and then the other."""
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryFile("w+") as log:
        reports = Path(folder, "cluster.xml"), Path(folder, "others.xml")
        print("tests without the cluster have begun in the background; shown at the end", flush=True)
        others = subprocess.Popen(
            ["nice", f"--adjustment={NICE}", *_pytest(reports[1]), "tests", f"--ignore={CLUSTER}"],
            stdout=log,
            stderr=log,
            cwd=PROJECT,
        )
        try:
            cluster = subprocess.run([*_pytest(reports[0]), CLUSTER], cwd=PROJECT, check=False).returncode
            _hurry(others)
            _show(others, log.fileno())
        finally:
            if others.poll() is None:
                others.terminate()
                others.wait()
        for report in reports:
            print("".join(failures(report)), end="", flush=True)
    for name, code in (("on the cluster", cluster), ("without it", others.returncode)):
        print(f"tests {name}: {'passed' if code == 0 else f'FAILED ({code})'}", flush=True)
    return 1 if cluster or others.returncode else 0


def _pytest(report: Path) -> list[str]:
    return [sys.executable, "-m", "pytest", "--tb=short", f"--junit-xml={report}"]


def failures(report: Path) -> Iterator[str]:
    """Tell each test of a pytest report that failed, with the beginning of what it said."""
    if not report.exists():
        return
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314  pytest's own
        for found in (*case.findall("failure"), *case.findall("error")):
            lines = (found.get("message") or "").splitlines()
            said = [*lines[:SHOWN_LINES], *(["..."] if lines[SHOWN_LINES:] else [])]
            yield f"\n{found.tag.upper()}: {case.get('classname')}::{case.get('name')}\n"
            yield "".join(f"  {line[:SHOWN_WIDTH]}\n" for line in said)


def _hurry(process: subprocess.Popen[bytes]) -> None:
    """Give the rest the processors, now that they are free."""
    if process.poll() is None:
        os.setpriority(os.PRIO_PROCESS, process.pid, 0)


def _show(process: subprocess.Popen[bytes], log: int) -> None:
    """Print what the process wrote and writes, until it ends."""
    offset = 0
    while True:
        ended = process.poll() is not None
        text = os.pread(log, 1 << 16, offset)
        offset += len(text)
        sys.stdout.buffer.write(text)
        sys.stdout.flush()
        if not text and ended:
            return
        if not text:
            time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
