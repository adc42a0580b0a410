"""The digest of the code that affects what a step publishes.

It covers the import closure of the step's function, so that a change in any module that the step
uses invalidates its work, and a change anywhere else does not. A module's digest is that of its
syntax tree without docstrings and descriptions, so an edit of the prose retrains nothing. The tree
depends on the Python version: another minor version may invalidate all work.
"""

import ast
import hashlib
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from grimp import ImportGraph

ROOT = "dustjacket"
INFRASTRUCTURE = (
    "errors", "settings", "pipeline", "storage", "tracking", "web.blocking",
    "clip.registry", "sources.roots", "promotion.ledger", "promotion.mirror", "promotion.promote",
    "promotion.registry", "generation.registry",
)  # fmt: skip
"""Modules and rooms that steps import but that do not affect what they publish."""
DATA_SUFFIXES = (".json", ".j2")
"""Data files that decide what a step publishes; what an editor leaves beside them does not."""
INFRASTRUCTURE_MODULES = ("step", "figures")
"""The same, by the name of a module directly in any room.

``step`` declares parameters, whose values are in the digest anyway; ``figures`` draws plots for
MLflow.
"""


def is_infrastructure(module: str) -> bool:
    """Return whether a module of the package is left out of every digest."""
    name = module.removeprefix(f"{ROOT}.")
    if name.partition(".")[2] in INFRASTRUCTURE_MODULES:
        return True
    return any(name == each or name.startswith(f"{each}.") for each in INFRASTRUCTURE)


@cache
def module_digests(function: str) -> dict[str, str]:
    """Return 12 hexadecimal digits for each module or data file that ``function`` depends on.

    Args:
        function: ``module:name``; the module is included.

    Returns:
        By name, sorted: modules of Dustjacket, and the data files in their folders.
    """
    modules = _closure(function.partition(":")[0])
    files = {module: Path(_origin(module)) for module in modules}
    folders = {file.parent for file in files.values()}
    data = {
        f"{folder.name}/{file.relative_to(folder)}": file
        for folder in folders
        if folder.name != ROOT
        for file in folder.rglob("*")
        if file.is_file() and file.suffix in DATA_SUFFIXES
    }
    digests = {name: _digest(file) for name, file in (files | data).items()}
    return dict(sorted(digests.items()))


def code_digest(function: str) -> str:
    """Return 12 hexadecimal digits for all code that ``function`` depends on."""
    text = "\n".join(f"{name} {digest}" for name, digest in module_digests(function).items())
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _closure(module: str) -> set[str]:
    """Return a module and its transitive imports, without the infrastructure.

    Importing a module runs its packages' ``__init__`` first, so those are included.
    """
    graph = _graph(module if is_infrastructure(module) else "")
    closure: set[str] = set()
    waiting = {module}
    while waiting:
        name = waiting.pop()
        closure.add(name)
        imported = graph.find_modules_directly_imported_by(name) | {name.rpartition(".")[0]}
        waiting |= {other for other in imported if other in graph.modules} - closure
    return closure


@cache
def _graph(keep: str) -> "ImportGraph":
    """Return the graph of imports, without the infrastructure except ``keep``."""
    import grimp

    graph = grimp.build_graph(ROOT, cache_dir=None, exclude_type_checking_imports=True)
    for name in graph.modules - {keep}:
        if is_infrastructure(name):
            graph.remove_module(name)
    return graph


def _origin(module: str) -> str:
    spec = find_spec(module)
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError(f"{module} has no source file")
    return spec.origin


def _digest(file: Path) -> str:
    content = file.read_bytes()
    if file.suffix == ".py":
        content = ast.dump(without_prose(ast.parse(content))).encode()
    return hashlib.sha256(content).hexdigest()[:12]


def without_prose(tree: ast.AST) -> ast.AST:
    """Remove docstrings and ``description=`` arguments from a syntax tree, and return it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            node.body = [part for part in node.body if not _is_text(part)]
        elif isinstance(node, ast.Call):
            node.keywords = [word for word in node.keywords if word.arg != "description"]
    return tree


def _is_text(node: ast.stmt) -> bool:
    """Return whether a statement is a bare string, such as a docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )
