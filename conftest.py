"""How are compiled modules (setup.py) kept out of the tests' way, and what runs in one process?

Doctests of compiled modules are those of their source, which tests/test_forms.py runs as pure Python.
"""

import signal
from pathlib import Path

import pytest

ROOT = Path(__file__).parent
_COMPILED = {
    built.with_name(built.name.partition(".")[0] + ".py"): built for built in ROOT.glob("[ds]*/**/*.cpython-*.so")
}


def pytest_configure() -> None:
    """A compiled module that is older than its source would be tested in its place.

    A shell starts what runs in its background with SIGINT ignored. Commands that tests interrupt would inherit it.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for source, built in _COMPILED.items():
        if source.exists() and source.stat().st_mtime > built.stat().st_mtime:
            pytest.exit(f"{source.relative_to(ROOT)} is newer than what was compiled of it: run make setup", 4)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Collecting a source whose compiled form is imported would fail."""
    return True if collection_path in _COMPILED else None


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With `-n`, tests of one file run in one process, so that what they share is built once; a mark may say otherwise."""
    for item in items:
        if item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.location[0]))
