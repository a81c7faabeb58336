"""Does the way from a history to a decision go as docs/backtesting.md says, command by command?"""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "backtesting.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = re.findall(r"^```\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_every_command_works_as_written(tmp_path: Path) -> None:
    assert len(COMMANDS) == 4
    whole = "".join(COMMANDS)
    small = whole.replace("--days 90 --persons 20000", "--days 40 --persons 800")
    assert small != whole, "the county of the test is a small one"
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["/bin/sh", "-e", "-c", small], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    for report in ("sweep.html", "report.html"):
        assert (tmp_path / report).read_bytes().startswith(b"<!DOCTYPE html>")
    assert "fundwatch backtest county --set bed_holding.idle_days=3" in (tmp_path / "report.html").read_text(
        encoding="utf-8"
    )
    assert (tmp_path / "result.json").exists()


def test_its_pictures_and_links_are_there_and_light() -> None:
    links = re.findall(r"\]\(([^)#:]+)\)", TEXT)
    pictures = [PAGE.parent / link for link in links if link.startswith("pictures/")]
    assert len(pictures) == 6
    assert all((PAGE.parent / link).exists() for link in links)
    assert sum(picture.stat().st_size for picture in pictures) < 1_000_000
