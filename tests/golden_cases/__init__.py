"""The golden cases of the rules, told in code: `python -m tests.golden_cases` writes them to ``golden/*.jsonl``.

What is expected is worked out by hand from the rule's words, and the sum stands beside it. Day 0 is Monday, 2026-03-02.
A rule's author may as well write a file by hand; `tests.test_golden` runs whatever lies in the folder.
"""

from __future__ import annotations

import importlib
import pkgutil
from pathlib import Path

from tests.golden_cases.story import CASES

DETECTORS = Path(__file__).parent.parent.parent / "detectors"


def files() -> dict[Path, str]:
    """What every case's file holds."""
    for module in pkgutil.iter_modules(__path__):
        if module.name != "__main__":
            importlib.import_module(f"{__name__}.{module.name}")
    told = [tell() for tell in CASES]
    folders = {path.parent.name: path.parent for path in DETECTORS.glob("by_*/*/rule.py")}
    return {folders[one.rule] / "golden" / f"{one.name}.jsonl": "\n".join(one.lines()) + "\n" for one in told}
