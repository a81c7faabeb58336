"""How is a backtest asked for on the command line carried out? One replay of all that is asked, then the figures."""

from __future__ import annotations

from pathlib import Path

import msgspec

from schemas.alerts import Alert, decode_alert
from schemas.labels import Label
from schemas.verdicts import Verdict
from stream import replay_run
from stream.backtest import labels as label_files
from stream.backtest import result
from stream.backtest import verdicts as verdict_files
from stream.backtest.assembling import Assembling
from stream.backtest.labels import Labels
from stream.backtest.result import Result
from stream.backtest.trials import Trials, as_itself, trials
from stream.backtest.verdicts import Words
from stream.cli import Invocation
from stream.pseudonyms import pseudonym_of
from stream.replay import Replay
from stream.replay_run import Asked, replacing
from stream.replay_summary import Ran


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of right and wrong, and what is to be compared."""

    labels: tuple[Path, ...] = ()
    verdicts: str | None = None
    sweeps: tuple[str, ...] = ()
    baseline: Path | None = None


def run(asked: Asked, judged: Judged, invocation: Invocation, command: str, out: Path | None) -> Result:
    """The result; the alerts go to ``out`` as those of a replay do. What is wrong is said before anything is replayed."""
    asked_rules = trials(asked.rules_file, asked.assignments, asked.only, judged.sweeps, judged.baseline)
    truth = label_files.read(judged.labels) if judged.labels else None
    settings = invocation.settings()
    words = None if judged.verdicts is None else verdict_files.read(judged.verdicts, settings)
    with replay_run.running(asked, invocation, asked_rules.all(), with_courses=True) as ran:
        if out is not None:
            with replacing(out) as written:
                ran.replay.write(written)
        found = _result(ran, asked, judged, asked_rules, truth, words)
        return found.result(command, asked.jobs, pseudonym_of(settings.pseudonym_key))


def _result(
    ran: Ran, asked: Asked, judged: Judged, asked_rules: Trials, truth: list[Label] | None,
    words: list[Verdict] | None,
) -> Assembling:  # fmt: skip
    replay = ran.replay
    known = {rule.rule_id for rule in asked_rules.running} | asked_rules.baseline.keys()
    end = _end(replay)
    return Assembling(
        ran,
        asked_rules,
        None if judged.baseline is None else judged.baseline.name,
        _by_rule(replay),
        None if truth is None else Labels(truth, known, replay.window.start, end),
        None if words is None else Words(words, end),
        replay_run.moment(asked.start, "--from"),
        end,
    )


def _end(replay: Replay) -> int | None:
    """Up to where the history was replayed: to the window's end where it is known to have come to that."""
    return replay.window.end if replay.is_over else replay.stream_time


def _by_rule(replay: Replay) -> dict[str, list[Alert]]:
    """Every alert by the id of its rule or trial, each as its rule itself says it, in order of id."""
    found: dict[str, list[Alert]] = {}
    for alert in replay.alerts():
        found.setdefault(alert.rule, []).append(alert)
    for alert_id in sorted(replay.trials):
        alert = decode_alert(replay.trials[alert_id])
        found.setdefault(alert.rule, []).append(as_itself(alert))
    return found


def write_json(found: Result, path: Path) -> None:
    """What ``--json`` asks for."""
    with replacing(path, "--json") as written:
        written.write(result.encode(found))


def as_text(found: Result) -> str:
    """The summary for people, on standard error."""
    lines = [
        (
            f"{found.transactions:,} transactions in {found.seconds:.1f} s, {found.per_second:,} a second, "
            f"{found.peak_rss_bytes / 2**20:,.0f} MiB at most"
        )
    ]
    for rule, one in found.rules.items():
        if one.alerts or one.labels:
            judged = "" if one.labels is None else f", {one.hits} right, {one.found} of {one.labels} labels found"
            lines.append(f"  {rule}: {one.alerts} open alerts{judged}, ¥{one.fund_at_risk / 100:,.2f} at risk")
    if found.comparison is not None:
        for rule, change in found.comparison.rules.items():
            if change.gained or change.lost or change.moved:
                lines.append(
                    f"  against {found.comparison.baseline}, {rule}: {change.gained} gained, {change.lost} lost, "
                    f"{change.moved} moved"
                )
    lines += [f"  {one.rule}.{one.parameter}: {one.words.en}" for one in found.suggestions]
    lines += [f"  labels that do not count: {count}, {reason}" for reason, count in found.labels_outside.items()]
    lines += [f"  verdicts that do not count: {count}, {reason}" for reason, count in found.verdicts_outside.items()]
    lines += [f"  dead letters: {reason} {count}" for reason, count in found.dead_letters.items()]
    lines += [f"  note: {note}" for note in found.notes]
    return "\n".join(lines)
