"""Do imports run one way, and is the pure code pure? Held over the syntax tree; each check is proven on a culprit."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from conftest import GROUPS

ROOT = Path(__file__).parent.parent
OURS = ("schemas", "detectors", "stream", "simulation", "dashboards")

# Who may import whom, besides itself. `dashboards` draw what the service measures: its metrics' names, no more.
ALLOWED: Mapping[str, tuple[str, ...]] = {
    "schemas": (),
    "detectors": ("schemas",),
    "stream": ("schemas", "detectors", "simulation"),
    "simulation": ("schemas",),
    "dashboards": ("stream.metric_catalogue",),
}
PURE = ("schemas", "detectors")
BUILT_INS = frozenset({"open", "print", "input", "exec", "eval", "compile", "breakpoint", "__import__"})
NAMELESS = frozenset({"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"})


def banned() -> frozenset[str]:
    """What ruff bans in the pure packages: one list for both, in pyproject.toml."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return frozenset(project["tool"]["ruff"]["lint"]["flake8-tidy-imports"]["banned-api"])


def modules(package: str) -> list[Path]:
    found = sorted((ROOT / package).rglob("*.py"))
    assert found, f"{package} holds no module: nothing would be checked"
    return found


def imports(tree: ast.AST, package: str = "") -> Iterator[tuple[int, str]]:
    """Every imported name in full with its line; a relative import counts as one of `package`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = package if node.level else node.module or ""
            yield from ((node.lineno, f"{origin}.{alias.name}") for alias in node.names)


def is_within(name: str, module: str) -> bool:
    return name == module or name.startswith(f"{module}.")


def wrong_imports(tree: ast.AST, package: str) -> list[str]:
    """Imports of ours that `package` may not have."""
    return [
        f"line {line}: {package} imports {name}"
        for line, name in imports(tree, package)
        if name.split(".")[0] in OURS and not any(is_within(name, module) for module in (package, *ALLOWED[package]))
    ]


def impurities(tree: ast.AST) -> list[str]:
    """Banned imports, uses of banned names (`datetime.now`) under whatever alias, and built-ins that touch the world."""
    forbidden = banned()
    found = [
        f"line {n}: imports {name}" for n, name in imports(tree) if any(is_within(name, each) for each in forbidden)
    ]
    known = aliases(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in BUILT_INS:
            found.append(f"line {node.lineno}: calls {node.func.id}()")
        if isinstance(node, ast.Attribute) and full_name(node, known) in forbidden:
            found.append(f"line {node.lineno}: uses {full_name(node, known)}")
    return found


def aliases(tree: ast.AST) -> dict[str, str]:
    """What each imported name stands for: `np` for `numpy`, `datetime` for `datetime.datetime`."""
    known: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            known |= {each.asname: each.name for each in node.names if each.asname}
            known |= {root: root for root in (each.name.split(".")[0] for each in node.names if not each.asname)}
        elif isinstance(node, ast.ImportFrom):
            known |= {each.asname or each.name: f"{node.module}.{each.name}" for each in node.names}
    return known


def full_name(node: ast.AST, known: Mapping[str, str]) -> str:
    """The dotted name of an expression, its first word resolved; empty for what does not start at an import."""
    if isinstance(node, ast.Attribute):
        origin = full_name(node.value, known)
        return f"{origin}.{node.attr}" if origin else ""
    return known.get(node.id, "") if isinstance(node, ast.Name) else ""


@pytest.mark.parametrize("package", OURS)
def test_imports_run_one_way(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)}, {each}" for path in modules(package) for each in wrong_imports(_tree(path), package)
    ]
    assert wrong == []


@pytest.mark.parametrize("package", PURE)
def test_nothing_below_the_stream_touches_clock_disk_environment_or_log(package: str) -> None:
    wrong = [f"{path.relative_to(ROOT)}, {each}" for path in modules(package) for each in impurities(_tree(path))]
    assert wrong == []


@pytest.mark.parametrize("package", OURS)
def test_every_module_is_named_for_what_it_holds_and_says_it_first(package: str) -> None:
    for path in modules(package):
        assert path.stem not in NAMELESS, path
        assert ast.get_docstring(_tree(path)), f"{path} has no docstring"


def test_every_top_level_package_is_in_the_rules() -> None:
    packages = {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests", "benchmarks"}
    assert packages == set(OURS) == set(ALLOWED)


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("schemas", "from detectors.books import Book"),
        ("detectors", "import stream.settings"),
        ("simulation", "from detectors import registry"),
        ("dashboards", "from stream import worker"),
        ("dashboards", "import schemas"),
    ],
)
def test_an_import_against_the_direction_is_found(package: str, source: str) -> None:
    assert wrong_imports(ast.parse(source), package) != []


@pytest.mark.parametrize(
    ("package", "source"),
    [
        ("detectors", "from schemas.facts import Admission\nfrom . import books"),
        ("dashboards", "from stream import metric_catalogue\nfrom stream.metric_catalogue import CATALOGUE"),
        ("simulation", "import schemas\nimport numpy"),
    ],
)
def test_an_import_with_the_direction_is_left_alone(package: str, source: str) -> None:
    assert wrong_imports(ast.parse(source), package) == []


@pytest.mark.parametrize(
    "source",
    [
        "import time",
        "from time import monotonic",
        "import os.path",
        "from os import environ",
        "import random",
        "import logging",
        "from datetime import datetime\nnow = datetime.now()",
        "import datetime as dt\nnow = dt.datetime.now(tz)",
        "from datetime import date\nday = date.today()",
        "import numpy as np\nrng = np.random.default_rng()",
        "from numpy.random import default_rng",
        "print(1)",
        "open('x')",
        "def hidden():\n    import pickle",
    ],
)
def test_an_impurity_is_found(source: str) -> None:
    assert impurities(ast.parse(source)) != []


def test_time_as_data_is_left_alone() -> None:
    source = (
        "from datetime import datetime, timedelta\nat = datetime(2026, 3, 1) + timedelta(hours=72)\nfact.time, book.now"
    )
    assert impurities(ast.parse(source)) == []


def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def test_what_is_kept_in_one_process_is_there() -> None:
    """A file that was renamed would fall out of its group without a word."""
    for name in (name for files in GROUPS.values() for name in files):
        assert (ROOT / "tests" / f"test_{name}.py").exists(), name
