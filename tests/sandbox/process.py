"""Running commands and waiting for conditions, always within a bound."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from tests.sandbox.errors import SandboxError

T = TypeVar("T")


def execute(
    argv: Sequence[str],
    *,
    timeout: float = 60,
    check: bool = True,
    stdin: str | None = None,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    what: str = "",
) -> subprocess.CompletedProcess[str]:
    """Run a command in a process group of its own, so that a timeout ends its children too.

    Parameters: `argv` the command; `timeout` seconds; `check` whether a non-zero exit is an error;
    `stdin` text for its standard input; `env` its whole environment; `cwd` its directory; `what` how to call
    it in errors.
    Raises SandboxError with the command's output when it fails (`check`) or takes longer than `timeout`.
    """
    name = what or " ".join(argv)
    process = subprocess.Popen(
        argv,
        stdin=subprocess.PIPE if stdin is not None else subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        env=env,
        cwd=cwd,
        start_new_session=True,
    )
    try:
        out, err = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired:
        kill_group(process)
        raise SandboxError(f"{name}: still running after {timeout:g} s; ended") from None
    except BaseException:
        kill_group(process)
        raise
    done = subprocess.CompletedProcess(list(argv), process.returncode, out, err)
    if check and done.returncode != 0:
        text = (err.strip() + "\n" + out.strip()).strip()[-4000:]
        raise SandboxError(f"{name}: exit code {done.returncode}\n{text}")
    return done


def kill_group(process: subprocess.Popen[str], sig: int = signal.SIGKILL) -> None:
    """Send `sig` to the process group that `execute` or a node's `popen` started, and collect the leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, sig)
    process.communicate()


def wait_for(probe: Callable[[], T | None], *, timeout: float, what: str, interval: float = 0.2) -> T:
    """Call `probe` until it returns something true, at most for `timeout` seconds.

    SandboxErrors and OSErrors of the probe count as "not yet"; the last one is told when time is up.
    Raises SandboxError naming `what` was waited for.
    """
    deadline = time.monotonic() + timeout
    last = ""
    while True:
        try:
            value = probe()
            if value:
                return value
        except (SandboxError, OSError) as error:
            last = f" (last error: {error})"
        if time.monotonic() > deadline:
            raise SandboxError(f"{what}: not so after {timeout:g} s{last}")
        time.sleep(interval)
