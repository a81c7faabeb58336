"""A rule's folder that lacks something is named, with what it lacks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import detectors.by_stay
from detectors.engine.registry import RegistryError, all_rules
from stream.cli import main

RULE = """
from typing import ClassVar
from detectors.engine.page import Page
from detectors.engine.rule import Rule
class Nameless(Rule[Page], frozen=True, kw_only=True):
    rule_id: ClassVar[str] = "{rule_id}"
    version: ClassVar[int] = 1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder of a rule beside the real ones."""
    made = tmp_path / "nameless"
    made.mkdir()
    (made / "__init__.py").touch()
    monkeypatch.setattr(detectors.by_stay, "__path__", [*detectors.by_stay.__path__, str(tmp_path)])
    all_rules.cache_clear()
    yield made
    all_rules.cache_clear()
    for name in [name for name in sys.modules if name.startswith("detectors.by_stay.nameless")]:
        del sys.modules[name]


def test_a_folder_without_a_rule_is_named(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["rules", "list"])
    assert ended.value.code == 1
    assert "detectors/by_stay/nameless holds no rule.py" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("rule_id", "said"), [("other", "must define exactly one rule"), ("nameless", "does not say its page, title")]
)
def test_a_rule_that_is_not_whole_says_what_it_lacks(folder: Path, rule_id: str, said: str) -> None:
    (folder / "rule.py").write_text(RULE.format(rule_id=rule_id))
    with pytest.raises(RegistryError, match=said):
        all_rules()
