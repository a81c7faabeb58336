"""What came of a replay? One summary, for people and for programs (commands.md)."""

from __future__ import annotations

import resource
import sys
from collections import Counter
from typing import Any

import orjson

from stream.ledger import OpenAlerts
from stream.portraits import Known, among_peers, portraits, seen
from stream.replay import Replay

_EVERYBODY = 10**9


def as_data(replay: Replay, seconds: float) -> dict[str, Any]:
    """The JSON of ``replay --json``; money in fen. ``alerts`` counts open alerts by rule."""
    by_rule: Counter[str] = Counter()
    fund: Counter[str] = Counter()
    retracted: Counter[str] = Counter()
    ledger = OpenAlerts()
    for alert in replay.alerts():
        ledger.observe(alert)
        if alert.status == "retracted":
            retracted[alert.rule] += 1
            continue
        by_rule[alert.rule] += 1
        fund[alert.rule] += alert.fund_at_risk
    return {
        "transactions": replay.transactions,
        "seconds": round(seconds, 3),
        "per_second": round(replay.transactions / seconds) if seconds > 0 else 0,
        "peak_rss_bytes": peak_rss_bytes(),
        "alerts": dict(sorted(by_rule.items())),
        "retracted": dict(sorted(retracted.items())),
        "dead_letters": dict(sorted(replay.dead_letters.items())),
        "unmatched_corrections": _counted(replay, "unmatched_corrections"),
        "rules": {rule: {"alerts": by_rule[rule], "fund_at_risk": fund[rule]} for rule in sorted(by_rule)},
        "institutions": _institutions(replay, ledger),
        "notes": replay.notes,
    }


def _institutions(replay: Replay, ledger: OpenAlerts) -> dict[str, dict[str, Any]]:
    """Every institution that was seen, also those about which nothing was said."""
    stages = replay.pipeline.stages
    known = among_peers(stages)
    codes = seen(stages) | set(known) | set(ledger.listed_institutions(_EVERYBODY))
    return {code: _institution(one) for code, one in portraits(codes, known, ledger).items()}


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


def peak_rss_bytes() -> int:
    """The most memory that this process has had."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def _counted(replay: Replay, name: str) -> dict[str, int]:
    return {key[1]: count for key, count in sorted(replay.pipeline.counts.items()) if key[0] == name}


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
