"""The command line of the benchmarks: the name of one, then its own options."""

from __future__ import annotations

import importlib
import sys

BENCHMARKS = {
    "engine": "50 to 5,000 objects: no-op, all created, all changed, beside kubectl apply --server-side",
    "failover": "power losses of the announcing node, beside keepalived; false failovers on a busy machine",
    "following": "the IP changed with Dex, a console and every apiserver, from the Salt master (root)",
    "transitions": "every change of IP and mode on the real cluster, watched, and broken off (root)",
}


def main(arguments: list[str]) -> int:
    """Run the benchmark named first; returns its exit code, 2 when there is none of that name."""
    name, options = (arguments or ["--help"])[0], arguments[1:]
    if name not in BENCHMARKS:
        listed = "\n".join(f"  {known:<12} {about}" for known, about in BENCHMARKS.items())
        text = f"usage: python -m tests.bench WHAT [--help | options of WHAT]\n\nWHAT is one of\n{listed}"
        print(text, file=sys.stdout if name in {"-h", "--help"} else sys.stderr)
        return 0 if name in {"-h", "--help"} else 2
    return int(importlib.import_module(f"tests.bench.{name}").main(options))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
