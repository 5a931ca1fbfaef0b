"""Reads the code and finds imports and habits that break the layers.

States reach the library through ``__salt__`` and the faces; the library knows of Salt only its exceptions;
each kind of HTTP server has one module that talks to it; ``chart``, ``kube`` and ``apiserver`` stay apart.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LIBRARY = "cp_ingress_core"
PARTS = ("apiserver", "chart", "kube")

# Who may talk HTTP, relative to the library, with what.
SPEAKERS = {
    "kube/transport.py": ("http",),
    "kube/credentials.py": ("kubernetes",),
    "chart/source.py": ("urllib.request", "requests", "http"),
    "apiserver/probe.py": ("http", "urllib.request"),  # issuers, and this node's apiserver itself
    "serving.py": ("http",),  # looks at what answers at the endpoint itself
    "kube_proxy.py": ("http",),  # asks kube-proxy on this node, which speaks plain HTTP
    "component/verify.py": ("http",),  # and at the components behind it
}
HTTP = sorted(
    {module for modules in SPEAKERS.values() for module in modules} | {"aiohttp", "httpx", "urllib3"}
)

# Values in, values out.
PURE = (
    "apiserver/authentication_config.py",
    "apiserver/flags.py",
    "apiserver/kubeadm.py",
    "apiserver/metrics.py",
    "apiserver/oidc_flags.py",
    "apiserver/validation.py",
    "apiserver/wanted.py",
    "settings.py",
    "component/documents/",
    "component/editing.py",
    "component/findings.py",
    "component/model.py",
    "component/paths.py",
    "component/presets.py",
    "component/reading.py",
    "component/urls.py",
    "component/values.py",
    "kube/diff.py",
    "kube/filters/",
    "kube/lookup.py",
    "kube/masking.py",
    "kube/order.py",
    "kube/readiness/",
)
OUTSIDE = (
    "os",
    "pathlib",
    "random",
    "secrets",
    "shutil",
    "socket",
    "subprocess",
    "tempfile",
    "threading",
    "time",
)

# The Kubernetes client takes 0.25 s to import, and Salt imports every face.
LAZY = ("kubernetes", "urllib3")

SALT = ("salt", "pillar", "opts", "grains", "context", "states", "utils", "runner")
DUNDERS = {f"__{name}__" for name in SALT}
SEARCHES = {"startswith", "endswith", "find", "index", "count", "match", "search", "fullmatch", "findall"}


@dataclass(frozen=True)
class Import:
    """A module that a file imports; ``late`` when only inside a function or for type checking."""

    line: int
    module: str
    late: bool

    def within(self, *packages: str) -> bool:
        """Whether the module is one of the packages or lies in one."""
        return any(f"{self.module}.".startswith(f"{package}.") for package in packages)

    @property
    def top(self) -> str:
        """The outermost package."""
        return self.module.partition(".")[0]


def violations(root: Path) -> list[str]:
    """Every break of the layers under a repository, as ``path:line: what is wrong``."""
    found = []
    for path in sources(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        relative = path.relative_to(root)
        imports = list(_imports(relative, tree))
        checks = [*_judge_imports(relative, imports), *_judge_code(relative, tree)]
        found += [f"{relative}:{line}: {what}" for line, what in checks]
    return found + list(_shadowing_faces(root))


def sources(root: Path) -> list[Path]:
    """The Python files of faces, states and library."""
    return sorted([*root.glob("_modules/**/*.py"), *root.glob("_states/**/*.py")])


def _inside_library(path: Path) -> str:
    """The path relative to the library, or "" outside of it."""
    return "/".join(path.parts[2:]) if path.parts[:2] == ("_modules", LIBRARY) else ""


def _imports(path: Path, tree: ast.AST) -> Iterator[Import]:
    late = {id(inner) for node in ast.walk(tree) if _runs_late(node) for inner in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            modules = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(path, node)
            modules = [f"{base}.{alias.name}" for alias in node.names]
        else:
            continue
        yield from (Import(node.lineno, module, id(node) in late) for module in modules)


def _absolute(path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    folder = path.parts[1:-1]
    package = folder[: len(folder) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _runs_late(node: ast.AST) -> bool:
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        return True
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _judge_imports(path: Path, imports: list[Import]) -> Iterator[tuple[int, str]]:
    inside = _inside_library(path)
    for found in imports:
        if path.parts[0] == "_states" and found.top not in (*sys.stdlib_module_names, "salt"):
            yield found.line, f"a state imports {found.module}; use __salt__"
        elif not inside and found.top not in (*sys.stdlib_module_names, "salt", "yaml", LIBRARY):
            yield found.line, f"a face imports {found.module}; that is the library's work"
        if found.within(*HTTP) and not found.within(*SPEAKERS.get(inside, ())):
            yield found.line, f"{found.module} speaks HTTP here; only {', '.join(SPEAKERS)} do"
        if found.within(*LAZY) and not found.late:
            yield found.line, f"{found.module} is imported with the module; import it where it is used"
        if inside:
            yield from _judge_library(inside, found)


def _judge_library(inside: str, found: Import) -> Iterator[tuple[int, str]]:
    part = inside.partition("/")[0]
    others = [f"{LIBRARY}.{other}" for other in PARTS if other != part]
    if part in PARTS and found.within(*others):
        yield found.line, f"{part} imports {found.module}; {', '.join(PARTS)} stay apart"
    if found.top == "salt" and not found.within("salt.exceptions"):
        yield found.line, f"the library imports {found.module}; it knows Salt's exceptions only"
    if inside.startswith(PURE) and found.within(*OUTSIDE):
        yield found.line, f"{found.module} in a pure module"


def _judge_code(path: Path, tree: ast.AST) -> Iterator[tuple[int, str]]:
    caught = {node.name for node in ast.walk(tree) if isinstance(node, ast.ExceptHandler) and node.name}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in DUNDERS and _inside_library(path):
            yield node.lineno, f"the library uses {node.id}; pass the value in"
        if isinstance(node, ast.Compare) and any(_is_text_of(part, caught) for part in _operands(node)):
            yield node.lineno, "branches on the text of an error; use its info"
        if any(_is_text_of(part, caught) for part in _searched(node)):
            yield getattr(node, "lineno", 0), "searches the text of an error; use its info"


def _operands(node: ast.Compare) -> list[ast.expr]:
    return [node.left, *node.comparators]


def _searched(node: ast.AST) -> list[ast.expr]:
    """What a call such as ``text.startswith(...)`` or ``re.search(..., text)`` looks into."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return []
    return [node.func.value, *node.args] if node.func.attr in SEARCHES else []


def _is_text_of(node: ast.expr, caught: set[str]) -> bool:
    """Whether the expression is the text of a caught exception."""
    spellings = {
        f"{form}" for name in caught for form in (f"str({name})", f"{name}.message", f"{name}.args[0]")
    }
    plain = ast.unparse(node)
    return any(plain in (form, f"{form}.lower()", f"{form}.casefold()") for form in spellings)


def _shadowing_faces(root: Path) -> Iterator[str]:
    """Faces named like a package that the code imports: Salt would load one for the other."""
    taken = {LIBRARY, *sys.stdlib_module_names}
    for path in sources(root):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        taken |= {found.top for found in _imports(path.relative_to(root), tree)}
    for face in sorted(root.glob("_modules/*.py")):
        if face.stem in taken:
            yield f"_modules/{face.name}:1: a face has the name of the package {face.stem}"
