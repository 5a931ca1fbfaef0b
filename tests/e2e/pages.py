"""The commands that a page of the documentation tells its readers to run."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

PAGES = Path(__file__).resolve().parents[2] / "docs"


def commands(page: str, program: str) -> list[list[str]]:
    """Return the arguments of each line that runs `program` in the shell blocks of a page, in their order."""
    text = (PAGES / page).read_text(encoding="utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) for line in block.splitlines()]
    found = [shlex.split(line, comments=True) for line in lines]
    return [words[1:] for words in found if words and words[0] == program]
