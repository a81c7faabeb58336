"""Do the compiled form of the engine and the pure one pass the same tests, and say the same to the last byte?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from detectors.engine.registry import all_rules
from tests.service_runs import CUT
from tests.test_golden import shortest

ROOT = Path(__file__).parent.parent
PACKAGES = ("schemas", "detectors", "stream", "simulation", "dashboards", "tests")
GOLDEN = "tests/test_golden.py::test_what_must_be_said_is_said_and_nothing_else"
SUFFIX = sysconfig.get_config_var("EXT_SUFFIX")
# What the compiled modules are for: the wire, the books and the models, and the rules over them.
HELD_BY = ("test_decode", "test_china_time", "test_visit_book", "test_item_book", "test_volume_model")
# Of a rule's golden hits, and of its other cases; all of them in a soak: they take three times as long.
MOST_MESSAGES = 600


def compiled_modules() -> list[str]:
    lines = (ROOT / "setup.py").read_text(encoding="utf-8").splitlines()
    return [line.strip().strip('",') for line in lines if line.startswith('    "') and line.endswith('.py",')]


@pytest.fixture(scope="module")
def pure(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tree without what was compiled of it."""
    root = tmp_path_factory.mktemp("pure")
    for package in PACKAGES:
        shutil.copytree(ROOT / package, root / package, ignore=shutil.ignore_patterns("*.so", "__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", root)
    return root


def run(root: Path, *arguments: str | Path) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env=environment,
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2_000:] + done.stderr[-2_000:]
    return done.stdout


def where_from(root: Path, modules: list[str]) -> list[str]:
    names = [module.removesuffix(".py").replace("/", ".") for module in modules]
    code = "import importlib.util, sys\nfor name in sys.argv[1:]: print(importlib.util.find_spec(name).origin)"
    return run(root, "-c", code, *names).split()


def test_what_should_be_compiled_is_where_there_is_a_compiler(pure: Path) -> None:
    modules = compiled_modules()
    assert len(modules) > 5
    assert where_from(pure, modules) == [str(pure / module) for module in modules]
    if shutil.which("cc") and Path(sysconfig.get_path("include"), "Python.h").exists():
        assert where_from(ROOT, modules) == [str(ROOT / module.removesuffix(".py")) + SUFFIX for module in modules]


def passes(root: Path, *tests: str) -> None:
    told = run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests)
    assert " passed" in told
    assert "skipped" not in told


@pytest.mark.timeout(900)
def test_the_pure_form_passes_the_same_tests(pure: Path) -> None:
    held = [f"tests/{name}.py" for name in HELD_BY]
    cases = [f"{GOLDEN}[{rule}/{path.stem}]" for rule in all_rules() for path in shortest(rule, MOST_MESSAGES)]
    passes(pure, *compiled_modules(), *held, *cases)


@pytest.mark.soak
def test_the_pure_form_passes_every_golden_case(pure: Path) -> None:
    passes(pure, GOLDEN)


def test_both_forms_say_the_same_to_the_last_byte(pure: Path, tmp_path: Path) -> None:
    said = []
    for name, root in (("compiled", ROOT), ("pure", pure)):
        out = tmp_path / f"{name}.jsonl"
        run(root, "-c", "from stream.cli import main; main()", "replay", CUT.folder, "--history", "--out", out)
        said.append(out.read_bytes())
    assert said[0].count(b"\n") > 10
    assert said[0] == said[1]


def test_the_installed_command_runs_in_any_folder(tmp_path: Path) -> None:
    out = tmp_path / "alerts.jsonl"
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [str(Path(sys.executable).with_name("fundwatch")), "replay", str(CUT.folder), "--out", str(out)]
    subprocess.run(command, cwd=tmp_path, env=environment, check=True, capture_output=True, timeout=300)
    assert out.read_bytes().count(b"\n") > 5
