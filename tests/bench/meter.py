"""Runs one command and writes how long it took and how much memory it had at its peak.

A process of its own, as small as Python goes: the kernel counts the memory of the process that starts a
command as the command's, too.

usage: meter.py RESULT COMMAND [ARGUMENT ...]
"""

import json
import os
import sys
import time


def main() -> None:
    """Run the command, then write exit code, seconds and peak memory in KiB to the file RESULT as JSON."""
    result, command = sys.argv[1], sys.argv[2:]
    started = time.monotonic()
    child = os.posix_spawnp(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    seconds = time.monotonic() - started
    with open(result, "w", encoding="utf-8") as stream:
        found = {
            "code": os.waitstatus_to_exitcode(status),
            "seconds": seconds,
            "cpu_seconds": usage.ru_utime + usage.ru_stime,
            "peak_kib": usage.ru_maxrss,
        }
        json.dump(found, stream)


if __name__ == "__main__":
    main()
