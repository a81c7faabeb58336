"""What did the service publish, and what does an undisturbed replay say of the same history?"""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from click.testing import CliRunner

from schemas.alerts import Alert, decode_alert
from stream.alert_reading import Selection, newest
from stream.cli import fundwatch
from stream.settings import Settings

REFERENCES = ("institutions", "catalogue", "persons")
_MAY_DIFFER = {
    "revision",
    "raised_at",
    "revised_at",
    "source",
}  # with the speeds of partitions (design.md, the invariant)


class County(NamedTuple):
    """A folder with a history and its reference records."""

    folder: Path
    ending: str

    def file(self, name: str) -> Path:
        """One of its files."""
        return self.folder / f"{name}{self.ending}"

    def transactions(self) -> list[bytes]:
        """The history's lines."""
        read = self.file("transactions").read_bytes()
        return (gzip.decompress(read) if self.ending.endswith(".gz") else read).splitlines()


CUT = County(Path(__file__).parent / "data" / "county", ".jsonl.gz")


def published(settings: Settings) -> dict[str, Alert]:
    """The newest revision of every alert on the topic; nothing else may be there."""
    complaints: list[str] = []
    alerts = asyncio.run(newest(settings, Selection(), complaints.append))
    assert not complaints
    return {alert.alert_id: alert for alert in alerts}


def replayed(folder: Path, history: Path, county: County, *more: str) -> dict[str, Alert]:
    """The newest revision of every alert by a replay of ``history`` with the county's reference records; ``more`` options."""
    out = folder / "alerts.jsonl"
    options = [word for name in REFERENCES for word in (f"--{name}", str(county.file(name)))]
    result = CliRunner().invoke(
        fundwatch, ["replay", str(history), *options, *more, "--out", str(out)], catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    alerts = map(decode_alert, out.read_bytes().splitlines())
    return {alert.alert_id: alert for alert in alerts}


def comparable(alerts: dict[str, Alert]) -> dict[str, dict[str, Any]]:
    """The open ones, but for what may differ between two runs of the same transactions."""
    return {
        alert_id: {name: value for name, value in msgspec.to_builtins(alert).items() if name not in _MAY_DIFFER}
        for alert_id, alert in alerts.items()
        if alert.status == "open"
    }
