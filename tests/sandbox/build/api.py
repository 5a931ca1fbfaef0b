"""What others use of the builder."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from tests.sandbox.build.builder import Builder
from tests.sandbox.build.charts import Chart
from tests.sandbox.build.errors import BuildError
from tests.sandbox.build.parts import CHARTS, EXTRA_IMAGES, GO_PARTS, IMAGES, builder


@cache
def _builder() -> Builder:
    return builder()


def binary(name: str) -> Path:
    """Return the path of program `name` ("helm", "kubectl", ...), building its part if needed."""
    for part in GO_PARTS:
        if name in part.programs:
            return bin_dir(part.name) / name
    known = ", ".join(sorted(program for part in GO_PARTS for program in part.programs))
    raise BuildError(f"no part has a program {name!r}; the programs are: {known}")


def bin_dir(*parts: str) -> Path:
    """Return a folder that holds the programs of all `parts`, building them if needed.

    With several parts it is a folder of hard links beside the builds.
    """
    if len(parts) == 1:
        return _builder().ensure(parts)[parts[0]]
    return _builder().folder_of_links(parts)


def images() -> list[Path]:
    """Return the archives of all container images, for ``ctr images import``, building them if needed."""
    folders = _builder().ensure([image.name for image in IMAGES])
    return [folders[image.name] / f"{image.file}.tar" for image in IMAGES]


def extra_image(name: str) -> Path:
    """Return the archive of an image that is not on every node ("console"), building it if needed."""
    for image in EXTRA_IMAGES:
        if image.file == name:
            return _builder().ensure([image.name])[image.name] / f"{image.file}.tar"
    known = ", ".join(image.file for image in EXTRA_IMAGES)
    raise BuildError(f"there is no extra image {name!r}; there are: {known}")


def charts() -> dict[str, Chart]:
    """Return the chart archives by chart name ("metallb", "ingress-nginx"), building them if needed."""
    folders = _builder().ensure([chart.name for chart in CHARTS])
    return {chart.chart: chart.built(folders[chart.name]) for chart in CHARTS}
