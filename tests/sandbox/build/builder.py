"""Builds parts and what they need, in order, each once."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Protocol

from tests.sandbox.build.cache import Store
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.golang import TOOLCHAIN
from tests.sandbox.build.progress import say, step

KEY_LENGTH = 16
LINKS = "bin"


class Part(Protocol):
    """Something that can be built into a folder of its own."""

    @property
    def name(self) -> str:
        """The part's name, unique."""

    @property
    def version(self) -> str:
        """The version of what is built, for people."""

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the parts that must be built before."""

    def inputs(self) -> Iterable[bytes]:
        """Yield everything that decides the result, except for the parts it needs."""

    def make(self, into: Path, store: Store, needs: Mapping[str, Path]) -> None:
        """Build into the empty folder `into`; `needs` has the folders of the parts it needs."""

    def status(self, store: Store) -> str:
        """Say in a few words how far a running build is, or nothing."""


class Builder:
    """The parts of a table and their builds in a store."""

    def __init__(self, parts: Iterable[Part], store: Store | None = None) -> None:
        self.parts = {part.name: part for part in parts}
        self.store = store or Store()
        self._keys: dict[str, str] = {}

    def key(self, name: str) -> str:
        """Return the hash of everything that decides the build of `name`."""
        if name not in self._keys:
            part = self._part(name)
            digest = hashlib.sha256()
            for chunk in [name.encode(), *part.inputs(), *(self.key(need).encode() for need in part.needs)]:
                digest.update(len(chunk).to_bytes(8, "big") + chunk)
            self._keys[name] = digest.hexdigest()[:KEY_LENGTH]
        return self._keys[name]

    def folder(self, name: str) -> Path:
        """Return the folder of the build of `name`, built or not."""
        return self.store.path(name, self.key(name))

    def built(self, name: str) -> bool:
        """Return whether `name` is built."""
        return self.store.has(name, self.key(name))

    def missing(self, names: Iterable[str]) -> list[str]:
        """Return the parts still to be built for `names`, needed parts first."""
        found: dict[str, None] = {}

        def visit(name: str) -> None:
            if name not in found and not self.built(name):
                for need in self._part(name).needs:
                    visit(need)
                found[name] = None

        for name in names:
            visit(name)
        return list(found)

    def ensure(self, names: Iterable[str]) -> dict[str, Path]:
        """Build what is missing of `names`; return the folder of each."""
        wanted = list(names)
        if self.missing(wanted):
            with self.store.locked():
                self._build_all(self.missing(wanted))
        return {name: self.folder(name) for name in wanted}

    def folder_of_links(self, names: Iterable[str]) -> Path:
        """Build `names` if needed; return one folder with hard links to all their files."""
        folders = self.ensure(names)
        key = "-".join(sorted(self.key(name) for name in folders))
        if not self.store.has(LINKS, key):
            with self.store.locked():
                if not self.store.has(LINKS, key):
                    with self.store.making(LINKS, key) as into:
                        for file in (each for folder in folders.values() for each in folder.iterdir()):
                            os.link(file, into / file.name)
        return self.store.path(LINKS, key)

    def prune(self) -> list[str]:
        """Remove the builds that no part's current inputs lead to; return their names."""
        keys = {self.key(name) for name in self.parts}
        removed = []
        for path in self.store.finished():
            name, *of = (
                path.name.split("-") if path.name.startswith(f"{LINKS}-") else path.name.rsplit("-", 1)
            )
            if name != TOOLCHAIN and not keys.issuperset(of):
                self.store.remove(path)
                removed.append(path.name)
        return removed

    def _build_all(self, names: list[str]) -> None:
        started = time.monotonic()
        for number, name in enumerate(names, start=1):
            part = self._part(name)
            label = f"[{number}/{len(names)}] {name} {part.version}"
            with (
                step(label, partial(part.status, self.store)),
                self.store.making(name, self.key(name)) as into,
            ):
                part.make(into, self.store, {need: self.folder(need) for need in part.needs})
        if names:
            say(f"built {len(names)} part(s) in {time.monotonic() - started:.0f} s, in {self.store.builds}")

    def _part(self, name: str) -> Part:
        if name not in self.parts:
            raise BuildError(f"there is no part {name!r}; the parts are: {', '.join(self.parts)}")
        return self.parts[name]
