"""Conventions of the code base that no linter checks."""

import ast
import re
import tomllib
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src/dustjacket"
ROOMS = sorted(file.parent for file in PACKAGE.glob("*/__init__.py"))
MODULES = sorted(PACKAGE.rglob("*.py"))
UNIT_TESTS = sorted((ROOT / "tests/unit").rglob("test_*.py"))
MAX_LINES = 300
MAX_DAG_LINES = 40
MAX_UNTYPED = 5

ROOM_TESTS = {
    "catalog/test_cases.py",
    "catalog/test_exports.py",
    "covers/test_cases.py",
    "pipeline/test_going_back.py",
    "pipeline/test_new_step.py",
    "sample/test_sample.py",
    "sample/test_standards.py",
    "studio/test_openapi.py",
    "studio/test_page.py",
}
"""Unit tests of a room as a whole."""


def name_of(path):
    return str(path.relative_to(ROOT))


def length(file):
    return len(file.read_text().splitlines())


def test_only_shared_modules_lie_beside_the_rooms():
    loose = {file.name for file in PACKAGE.glob("*.py")}
    assert loose == {"__init__.py", "errors.py", "settings.py", "splits.py"}


def test_every_room_has_a_docstring():
    docstrings = {
        room.name: ast.get_docstring(ast.parse((room / "__init__.py").read_text())) or ""
        for room in ROOMS
    }
    short = {room for room, text in docstrings.items() if len(text.split()) < 20}
    assert short == set()


def test_no_module_is_longer_than_the_limit():
    long = {name_of(file): length(file) for file in MODULES if length(file) > MAX_LINES}
    assert long == {}


def test_dag_and_job_files_are_short():
    files = [*(ROOT / "dags").glob("*.py"), *(ROOT / "spark_jobs").glob("*.py")]
    assert files
    long = {name_of(file): length(file) for file in files if length(file) > MAX_DAG_LINES}
    assert long == {}


def test_unit_tests_mirror_the_package():
    expected = {
        file.relative_to(PACKAGE).with_name(f"test_{file.name}").as_posix() for file in MODULES
    }
    tests = {file.relative_to(ROOT / "tests/unit").as_posix() for file in UNIT_TESTS}
    assert tests - expected <= ROOM_TESTS
    assert {test.partition("/")[0] for test in ROOM_TESTS} <= {room.name for room in ROOMS}


def test_class_names_are_unique_in_the_package():
    modules = defaultdict(set)
    for file in MODULES:
        for node in ast.parse(file.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                modules[node.name].add(name_of(file))
    shared = {name: sorted(files) for name, files in modules.items() if len(files) > 1}
    assert shared == {}


def test_no_text_is_parsed_as_markup():
    """Strings are printed literally, so text from outside needs no escape and cannot lack one."""
    parsed = {name_of(file) for file in MODULES if "rich.markup" in file.read_text()}
    assert parsed == set()


def code_files():
    return [*MODULES, *(ROOT / "dags").glob("*.py"), *(ROOT / "spark_jobs").glob("*.py")]


def test_nothing_is_loaded_that_can_run_code():
    """Ruff knows ``eval``, shells and ``yaml.load``; not what other loaders unpickle."""
    unpickling = {"pickle", "cPickle", "cloudpickle", "dill", "joblib", "marshal", "shelve"}
    found = []
    for file in code_files():
        for node in ast.walk(ast.parse(file.read_text())):
            given, names = {}, set()
            if isinstance(node, ast.Import):
                names = {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                names = {(node.module or "").partition(".")[0]}
            elif isinstance(node, ast.Call):
                given = {word.arg: ast.unparse(word.value) for word in node.keywords}
                called = ast.unparse(node.func)
                if called == "torch.load" and given.get("weights_only") != "True":
                    found.append(f"{name_of(file)}: {called}")
                if called.endswith("read_pickle") or given.get("allow_pickle") == "True":
                    found.append(f"{name_of(file)}: {called}")
            found += [f"{name_of(file)}: {name}" for name in names & unpickling]
    assert found == []


def test_secrets_are_compared_in_constant_time():
    """What depends on a secret's letters tells them by its time, which no test measures."""
    secret = re.compile(r"(^|_|\.)(token|password|secret|digest_of_password)s?$")
    found = []
    for folder in ("studio", "platform"):
        for file in sorted((PACKAGE / folder).rglob("*.py")):
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.Eq | ast.NotEq):
                    sides = [ast.unparse(side) for side in (node.left, *node.comparators)]
                    if any(secret.search(side) for side in sides):
                        found.append(f"{name_of(file)}: {ast.unparse(node)}")
    # Two tokens of one's own settings, of which no caller chooses one.
    assert found == ["src/dustjacket/studio/server.py: token == proxy_token"]


def test_the_state_with_its_secrets_is_not_committed():
    assert ".dustjacket/" in (ROOT / ".gitignore").read_text().splitlines()


def test_few_libraries_are_used_without_types():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["mypy"]
    untyped = [module for override in settings["overrides"] for module in override["module"]]
    assert len(untyped) <= MAX_UNTYPED
    ignored = [name_of(file) for file in MODULES if "ignore[import-untyped]" in file.read_text()]
    assert ignored == []
