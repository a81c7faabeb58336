"""What came of a replay? One summary, for people and for programs (commands.md)."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import Any

import msgspec
import orjson

from stream.ledger import OpenAlerts
from stream.portraits import Known, among_peers, portraits
from stream.process_usage import peak_rss_bytes
from stream.replay import Replay

_CLOCKS = (
    "{:,} message(s) bear an inf_time more than an hour after this run began (in a topic: after the record's timestamp)"
    " and were left out: set this machine's clock right, or correct the sender's"
)


class Read(msgspec.Struct):
    """What was read of one source."""

    name: str
    transactions: int
    notes: list[str]


class Ran(msgspec.Struct):
    """A run and what came of it. ``is_partial``: it was stopped before the history's end."""

    replay: Replay
    seconds: float
    read: list[Read]
    is_partial: bool

    @property
    def notes(self) -> list[str]:
        """All that a reader of its result should know."""
        ahead = self.replay.dead_letters.get("clock_ahead", 0)
        of_clocks = [_CLOCKS.format(ahead)] if ahead else []
        return [*self.replay.notes, *(note for read in self.read for note in read.notes), *of_clocks]


def as_data(ran: Ran) -> dict[str, Any]:
    """The JSON of ``replay --json``; money in fen, a shared visit once. ``alerts`` counts open ones by rule."""
    replay = ran.replay
    by_rule: Counter[str] = Counter()
    retracted: Counter[str] = Counter()
    ledger = OpenAlerts()
    for alert in replay.alerts():
        if alert.status == "retracted":
            retracted[alert.rule] += 1
            continue
        ledger.observe(alert)
        by_rule[alert.rule] += 1
    fund = defaultdict(int, ledger.fund_by_rule())
    return {
        "transactions": replay.transactions,
        "seconds": round(ran.seconds, 3),
        "per_second": round(replay.transactions / ran.seconds) if ran.seconds > 0 else 0,
        "peak_rss_bytes": peak_rss_of(replay),
        "alerts": dict(sorted(by_rule.items())),
        "retracted": dict(sorted(retracted.items())),
        "dead_letters": dict(sorted(replay.dead_letters.items())),
        "unmatched_corrections": unmatched_corrections(replay),
        "rules": {rule: {"alerts": by_rule[rule], "fund_at_risk": fund[rule]} for rule in sorted(by_rule)},
        "institutions": {code: _institution(one) for code, one in portraits_of(replay, ledger).items()},
        "is_partial": ran.is_partial,
        "notes": ran.notes,
    }


def portraits_of(replay: Replay, ledger: OpenAlerts) -> dict[str, Known]:
    """How every institution stands that the history or an alert of the ledger names."""
    known = among_peers(replay.pipeline.stages)
    accused = ledger.listed_institutions(len(ledger))
    return portraits({*replay.institutions, *known, *accused}, known, ledger)


def _institution(one: Known) -> dict[str, Any]:
    stated: dict[str, Any] = {
        "standing": one.portrait.standing,
        "alerts": one.alerts,
        "fund_at_risk": one.fund_at_risk,
        "parts": one.portrait.parts,
    }
    if one.among is not None:
        stated |= {"fund": one.among.fund, "excess_cost": one.among.excess_cost, "group": one.among.group}
    return stated


def peak_rss_of(replay: Replay) -> int:
    """The most memory that the run has had, all its processes together."""
    return peak_rss_bytes() + replay.peak_rss_elsewhere()


def unmatched_corrections(replay: Replay) -> dict[str, int]:
    """How many corrections of something never seen, by ``infno``."""
    return {key[1]: count for key, count in sorted(replay.pipeline.counts.items()) if key[0] == "unmatched_corrections"}


def as_text(data: dict[str, Any]) -> str:
    """The summary for people."""
    lines = [
        (
            f"{data['transactions']:,} transactions in {data['seconds']:.1f} s, {data['per_second']:,} a second, "
            f"{data['peak_rss_bytes'] / 2**20:,.0f} MiB at most"
        )
    ]
    for rule, told in data["rules"].items():
        taken_back = data["retracted"].get(rule, 0)
        more = f", {taken_back} retracted" if taken_back else ""
        lines.append(f"  {rule}: {told['alerts']} open alerts{more}, ¥{told['fund_at_risk'] / 100:,.2f} at risk")
    lines += [
        f"  {rule}: no open alert, {n} retracted" for rule, n in data["retracted"].items() if rule not in data["rules"]
    ]
    if not data["alerts"] and not data["retracted"]:
        lines.append("  no alerts")
    if data["dead_letters"]:
        told = ", ".join(f"{reason} {count}" for reason, count in data["dead_letters"].items())
        lines.append(f"  dead letters: {told}")
    else:
        lines.append("  dead letters: none")
    if data["unmatched_corrections"]:
        told = ", ".join(f"{infno} {count}" for infno, count in data["unmatched_corrections"].items())
        lines.append(f"  corrections of something never seen: {told}")
    lines += [f"  note: {note}" for note in data["notes"]]
    return "\n".join(lines)


def as_json(data: dict[str, Any]) -> bytes:
    """UTF-8 JSON, indented."""
    return orjson.dumps(data, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)
