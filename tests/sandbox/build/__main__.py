"""``python -m tests.sandbox.build``: builds parts of the sandbox."""

from __future__ import annotations

import argparse
import sys
import time

from tests.sandbox.build.builder import Builder
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.parts import builder
from tests.sandbox.build.progress import say


def arguments() -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.sandbox.build", description="Build what the sandbox runs."
    )
    parser.add_argument("parts", nargs="*", metavar="PART", help="parts to build, or 'all' (default: all)")
    parser.add_argument("--list", action="store_true", help="list the parts and where their builds are")
    parser.add_argument("--prune", action="store_true", help="remove builds that nothing asks for any more")
    return parser


def show(parts: Builder) -> None:
    """Print a line for each part: name, version, and the folder of its build."""
    for part in parts.parts.values():
        place = str(parts.folder(part.name)) if parts.built(part.name) else "(not built)"
        print(f"{part.name:30} {part.version:12} {place}")


def build(parts: Builder, names: list[str]) -> None:
    """Build `names`; print the figure cold_build when all was built and Go had nothing cached."""
    cold = not (parts.store.root / "go-build").exists()
    missing = parts.missing(names)
    started = time.monotonic()
    parts.ensure(names)
    if not missing:
        say(f"all {len(names)} part(s) are built")
    elif cold and set(missing) == set(parts.parts):
        print(f"figure cold_build {time.monotonic() - started:.0f} s", flush=True)


def prune(parts: Builder) -> None:
    """Remove the builds of other keys than the current ones."""
    with parts.store.locked():
        for name in parts.prune():
            say(f"removed {name}")


def main() -> int:
    """Run the command line; return the exit status."""
    options = arguments().parse_args()
    parts = builder()
    names = list(parts.parts) if options.parts in ([], ["all"]) else options.parts
    try:
        if options.list:
            show(parts)
        elif options.prune:
            prune(parts)
        else:
            build(parts, names)
    except BuildError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
