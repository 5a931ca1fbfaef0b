"""Prints what pyproject.toml asks for, a line each: the dependencies and the extras named as arguments."""

import pathlib
import sys
import tomllib

PYPROJECT = pathlib.Path(__file__).resolve().parents[2] / "pyproject.toml"


def dependencies(extras: list[str]) -> list[str]:
    """Return the requirement strings of the project and of `extras`, and its build requirements."""
    document = tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))
    project = document["project"]
    found = list(project["dependencies"]) + list(document["build-system"]["requires"])
    for extra in extras:
        found += project["optional-dependencies"][extra]
    return found


if __name__ == "__main__":
    print("\n".join(dependencies(sys.argv[1:])))
