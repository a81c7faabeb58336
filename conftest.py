"""How are compiled modules (setup.py) kept out of the tests' way?

Their doctests are those of their source, which tests/test_forms.py runs as pure Python.
"""

from pathlib import Path

import pytest

ROOT = Path(__file__).parent
_COMPILED = {
    built.with_name(built.name.partition(".")[0] + ".py"): built for built in ROOT.glob("[ds]*/**/*.cpython-*.so")
}


def pytest_configure() -> None:
    """A compiled module that is older than its source would be tested in its place."""
    for source, built in _COMPILED.items():
        if source.exists() and source.stat().st_mtime > built.stat().st_mtime:
            pytest.exit(f"{source.relative_to(ROOT)} is newer than what was compiled of it: run make setup", 4)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Collecting a source whose compiled form is imported would fail."""
    return True if collection_path in _COMPILED else None
