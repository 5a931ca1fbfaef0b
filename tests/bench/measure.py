"""Runs commands one after the other and keeps what each took."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

METER = Path(__file__).with_name("meter.py")
LIMIT_SECONDS = 300.0


@dataclass(frozen=True)
class Run:
    """One run of a command: `seconds` and `cpu_seconds` from start to end, `peak` memory in MiB, what it
    printed. `server_seconds` is the CPU time of the servers meanwhile.
    """

    seconds: float
    cpu_seconds: float
    peak: float
    output: str
    server_seconds: float = 0.0


class CommandFailedError(Exception):
    """A measured command did not end with 0."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str]) -> Run:
    """Run a command in a process of its own; raises CommandFailedError with what it said when it fails."""
    result, output = folder / "result.json", folder / "output"
    with output.open("wb") as stream:
        subprocess.run(
            [sys.executable, "-I", "-S", str(METER), str(result), *command],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            check=True,
            timeout=LIMIT_SECONDS,
        )
    text, found = output.read_text(encoding="utf-8", errors="replace"), json.loads(result.read_text())
    if found["code"]:
        raise CommandFailedError(f"{' '.join(command)}: exit code {found['code']}\n{text[-2000:]}")
    return Run(found["seconds"], found["cpu_seconds"], found["peak_kib"] / 1024, text)


def median(values: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(values)
