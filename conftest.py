"""How are compiled modules (setup.py) kept out of the tests' way, and what runs in one process?

Doctests of compiled modules are those of their source, which tests/test_forms.py runs as pure Python.
"""

import signal
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent
# Files whose tests are kept in one process, which starts its broker once. Half of the time a test of the service waits: two of
# them side by side get on, three would starve each other.
GROUPS = {
    "killed": ("broker_away", "demo", "end_to_end", "fencing", "interrupted", "kills", "rule_changes_in_service"),
    "service": (
        "dashboards_on_prometheus", "huge_claims", "poison", "restore", "state_on_disk", "time", "transport", "worker_processes",
        "worker", "worker_command",
    ),
    "secure": ("connection", "rights", "secrets", "secure_broker"),
}  # fmt: skip
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


def group_of(nodeid: str) -> str:
    """What `pytest -n` keeps in one process: a file, a rule of the contract, or what `GROUPS` names."""
    file, _, name = nodeid.partition("::")
    stem = Path(file).stem
    if stem == "test_contract":
        return name.partition("[")[2].partition("-check_")[0]
    return next((group for group, files in GROUPS.items() if stem.removeprefix("test_") in files), file)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest groups begin, so that nothing long is left over when the other processes have ended."""
    if hasattr(config, "workerinput"):  # one of several processes
        items.sort(key=lambda item: group_of(item.nodeid) not in ("killed", "service"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """By `group_of`. The marks of xdist 3.8 (`--dist loadgroup`) do nothing under pytest 9.2."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):  # type: ignore[misc]  # it ships no types
        def _split_scope(self, nodeid: str) -> str:
            return group_of(nodeid)

    config.option.loadscopereorder = False  # by number of tests: few tests may be long
    return ByGroup(config, log)
