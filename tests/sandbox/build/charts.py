"""Parts that are chart archives, packaged from the charts in Go modules."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.sandbox.build.cache import Store
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.golang import Go

HELM_SECONDS = 60


@dataclass(frozen=True)
class Chart:
    """A chart archive: its file, version, and SHA-256 digest in hexadecimal."""

    path: Path
    version: str
    sha256: str


@dataclass(frozen=True)
class ChartPart:
    """A chart that the Go module `path` of ``gomod/<module>`` carries in its folder ``charts/<chart>``."""

    chart: str
    version: str
    module: str
    path: str
    needs: tuple[str, ...] = field(default=("helm",), init=False)

    @property
    def name(self) -> str:
        """The part's name."""
        return f"chart-{self.chart}"

    def inputs(self) -> Iterator[bytes]:
        """Yield what decides the archive."""
        yield repr((self.chart, self.version, self.path)).encode()
        yield Path(__file__).read_bytes()
        yield (Path(__file__).parent / "gomod" / self.module / "go.sum").read_bytes()

    def make(self, into: Path, store: Store, needs: Mapping[str, Path]) -> None:
        """Package the chart with helm, with what its folder holds and without the network."""
        source = Go(store).sources(self.module, self.path) / "charts" / self.chart
        with tempfile.TemporaryDirectory(prefix="cp-ingress-chart-") as work:
            folder = Path(work, self.chart)
            shutil.copytree(source, folder, copy_function=shutil.copyfile)
            for each in [folder, *folder.rglob("*")]:
                each.chmod(0o755 if each.is_dir() else 0o644)
                # helm keeps the files' times: the same chart is to have the same digest everywhere.
                os.utime(each, (0, 0))
            done = subprocess.run(
                [str(needs["helm"] / "helm"), "package", str(folder), "--destination", str(into)],
                env=os.environ
                | {"HOME": work, "XDG_CACHE_HOME": work, "XDG_CONFIG_HOME": work, "XDG_DATA_HOME": work},
                capture_output=True,
                text=True,
                timeout=HELM_SECONDS,
                check=False,
            )
        if done.returncode:
            raise BuildError(f"helm package {self.chart} failed: {done.stderr.strip()}")
        if not self.archive(into).exists():
            found = ", ".join(path.name for path in into.iterdir())
            raise BuildError(f"the chart {self.chart} is not of version {self.version}: helm made {found}")

    def archive(self, folder: Path) -> Path:
        """Return the archive in the folder of a build."""
        return folder / f"{self.chart}-{self.version}.tgz"

    def built(self, folder: Path) -> Chart:
        """Return the chart in the folder of a finished build."""
        path = self.archive(folder)
        return Chart(path, self.version, hashlib.sha256(path.read_bytes()).hexdigest())

    def status(self, store: Store) -> str:
        """Charts take a second: nothing to tell."""
        return ""
