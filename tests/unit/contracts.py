"""Reads the public functions of faces and states, and what their docstrings owe a user."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Public:
    """A function that Salt offers under ``name``."""

    path: Path
    name: str
    docstring: str
    parameters: tuple[str, ...]


def public_functions(folder: Path) -> list[Public]:
    """The public functions of all modules in a folder, by their names on the command line."""
    return [public for path in sorted(folder.glob("*.py")) for public in _of_module(path)]


def _of_module(path: Path) -> Iterator[Public]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    aliases = _literal(tree, "__func_alias__") or {}
    module = _literal(tree, "__virtualname__") or path.stem
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            yield Public(
                path=path,
                name=f"{module}.{aliases.get(node.name, node.name)}",
                docstring=ast.get_docstring(node) or "",
                parameters=tuple(argument.arg for argument in arguments),
            )


def _literal(tree: ast.Module, name: str) -> object:
    for node in tree.body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == name:
            return ast.literal_eval(node.value)
    return None


def missing_in_face(function: Public) -> list[str]:
    """What the docstring of an execution function lacks."""
    lacks = _missing_parameters(function)
    example = re.search(
        r"^CLI Example:\n\n\.\. code-block:: bash\n\n((?:    .*\n|\n)+)", f"{function.docstring}\n", re.M
    )
    if example is None:
        return ["a 'CLI Example:' with a bash block", *lacks]
    if not re.search(rf"\b{re.escape(function.name)}\b", example.group(1)):
        return [f"a CLI example that calls {function.name}", *lacks]
    return lacks


def missing_in_state(function: Public) -> list[str]:
    """What the docstring of a state function lacks."""
    lacks = _missing_parameters(function)
    # Salt's own hook is never named in SLS files: a requisite leads to it.
    usage = "watch:" if function.name.endswith(".mod_watch") else f"{function.name}:"
    if usage not in function.docstring or ".. code-block:: yaml" not in function.docstring:
        return [f"a yaml block that uses {function.name}", *lacks]
    return lacks


def _missing_parameters(function: Public) -> list[str]:
    words = set(re.findall(r"\w+", function.docstring))
    # Every state has a name; most have nothing to say about it.
    return [f"the parameter {name}" for name in function.parameters if name not in {*words, "name"}]


def covers_both_modes(tests: Path, name: str) -> bool:
    """Whether a test file names the state and runs states in test mode too."""
    texts = (path.read_text(encoding="utf-8") for path in sorted(tests.glob("**/test_*.py")))
    return any(name in text and any(map(_runs_test_mode, ast.walk(ast.parse(text)))) for text in texts)


def _runs_test_mode(node: ast.AST) -> bool:
    """Whether a test takes the ``testmode`` fixture, or a call or a dictionary sets ``test``."""
    if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
        return any(argument.arg == "testmode" for argument in node.args.args)
    if isinstance(node, ast.keyword):
        return node.arg == "test" and ast.unparse(node.value) != "False"
    keys = node.keys if isinstance(node, ast.Dict) else []
    return any(key is not None and ast.unparse(key) == "'test'" for key in keys)
