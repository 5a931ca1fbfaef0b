"""Building parts in order, each once, anew when an input changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.sandbox.build.builder import Builder
from tests.sandbox.build.cache import Store
from tests.sandbox.build.errors import BuildError


@dataclass(frozen=True)
class TextPart:
    """A part that writes its text after the texts of the parts it needs."""

    name: str
    text: str
    needs: tuple[str, ...] = ()
    version: str = "1"
    made: list[str] = field(default_factory=list, compare=False)

    def inputs(self) -> Iterator[bytes]:
        yield self.text.encode()

    def make(self, into: Path, store: Store, needs: Mapping[str, Path]) -> None:
        before = "".join((needs[need] / f"{need}.txt").read_text() for need in self.needs)
        (into / f"{self.name}.txt").write_text(before + self.text)
        self.made.append(self.name)
        if self.text == "broken":
            raise BuildError("broken")

    def status(self, store: Store) -> str:
        return ""


@pytest.fixture
def made() -> list[str]:
    return []


@pytest.fixture
def parts(made: list[str]) -> list[TextPart]:
    return [
        TextPart("image", "!", needs=("base", "program"), made=made),
        TextPart("program", "b", needs=("base",), made=made),
        TextPart("base", "a", made=made),
        TextPart("other", "x", made=made),
    ]


def test_what_a_part_needs_is_built_before_it_and_nothing_else(
    parts: list[TextPart], made: list[str], tmp_path: Path
) -> None:
    folders = Builder(parts, Store(tmp_path)).ensure(["image"])
    assert made == ["base", "program", "image"]
    assert (folders["image"] / "image.txt").read_text() == "aab!"


def test_what_is_built_is_not_built_again(parts: list[TextPart], made: list[str], tmp_path: Path) -> None:
    first = Builder(parts, Store(tmp_path)).ensure(["image"])
    made.clear()
    assert Builder(parts, Store(tmp_path)).ensure(["image"]) == first
    assert made == []


def test_a_changed_input_builds_the_part_and_what_needs_it_anew(
    parts: list[TextPart], made: list[str], tmp_path: Path
) -> None:
    store = Store(tmp_path)
    Builder(parts, store).ensure(["image", "other"])
    made.clear()
    changed = [replace(part, text="c") if part.name == "program" else part for part in parts]
    folders = Builder(changed, store).ensure(["image", "other"])
    assert made == ["program", "image"]
    assert (folders["image"] / "image.txt").read_text() == "aac!"
    made.clear()
    Builder(parts, store).ensure(["image"])
    assert made == [], "the builds of the former inputs are still there"


def test_a_failed_part_is_tried_again(parts: list[TextPart], made: list[str], tmp_path: Path) -> None:
    store = Store(tmp_path)
    broken = [replace(part, text="broken") if part.name == "program" else part for part in parts]
    for _ in range(2):
        with pytest.raises(BuildError, match="broken"):
            Builder(broken, store).ensure(["image"])
    assert made == ["base", "program", "program"]


def test_an_unknown_part_is_named_with_the_known_ones(parts: list[TextPart], tmp_path: Path) -> None:
    with pytest.raises(BuildError, match="no part 'nothing'; the parts are: image, program, base, other"):
        Builder(parts, Store(tmp_path)).ensure(["nothing"])


def test_one_folder_links_the_files_of_several_parts(parts: list[TextPart], tmp_path: Path) -> None:
    builder = Builder(parts, Store(tmp_path))
    folder = builder.folder_of_links(["base", "other"])
    assert {path.name: path.read_text() for path in folder.iterdir()} == {"base.txt": "a", "other.txt": "x"}
    assert builder.folder_of_links(["other", "base"]) == folder


def test_prune_keeps_what_the_parts_still_lead_to(parts: list[TextPart], tmp_path: Path) -> None:
    store = Store(tmp_path)
    before = Builder(parts, store)
    before.ensure(["image", "other"])
    stale = before.folder_of_links(["program", "other"])
    kept = before.folder_of_links(["base", "other"])
    after = Builder([replace(part, text="c") if part.name == "program" else part for part in parts], store)
    after.ensure(["image"])
    assert after.prune() == [
        stale.name,
        *sorted(before.folder(name).name for name in ("image", "program")),
    ]
    assert kept.is_dir()
    assert after.missing(["image", "other"]) == []
    assert not stale.exists()
