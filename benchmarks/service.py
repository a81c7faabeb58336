"""How many transactions a second does one worker carry, beside others that read the same topic?

On one broker, on the same two cores: a topic with a simulated county's transactions, and each reader alone, one after the
other, round after round: a bare Faust agent that only counts, Quix Streams with one tumbling count and its changelog, a
plain loop that decodes to dicts, and our worker with every rule and durable state. Each must do its work whole: the peers
count what they read, ours ends with the alerts of a replay of the same history.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import msgspec

from benchmarks.commands import fundwatch, module
from benchmarks.counties import count_lines, county, transactions_of
from benchmarks.observed import PROCESSES, Published, last_change, look, new_settings, published, ready_worker
from benchmarks.peers.tally import told
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import Row, Section, Tell, median, spread, table
from stream import topics
from stream.broker import running_broker
from stream.settings import Settings

MUST = 10_000  # transactions a second
PEERS = {
    "bare Faust agent, counting": "bare_faust",
    "Quix Streams, one tumbling count with its changelog": "quix_window",
    "decode to dicts, nothing else": "plain_decode",
}
OURS = "fundwatch: every rule, four stages, durable state"
ALONE = "the same in one process (`FUNDWATCH_PROCESSES=1`)"


class Taken(msgspec.Struct, frozen=True):
    """One reader, once: messages a second, and its CPU time a message in µs."""

    per_second: float
    cpu_us: float


def measure(tell: Tell, persons: int = 60_000, days: int = 60, rounds: int = 3) -> Section:
    """The medians over the rounds, and the ratios to the peers."""
    folder = county(persons, days)
    messages = count_lines(transactions_of(folder))
    mean = transactions_of(folder).stat().st_size / messages
    expected = _replayed(folder)
    taken: dict[str, list[Taken]] = {name: [] for name in (*PEERS, OURS, ALONE)}
    left: dict[str, Published] = {}
    with tempfile.TemporaryDirectory() as kept, running_broker(Path(kept) / "broker") as broker:
        for number in range(rounds):
            settings = _topics(broker, f"round{number}.", Path(kept), folder)
            for name, peer in PEERS.items():
                taken[name].append(_peer(settings, peer, messages, Path(kept)))
                tell(f"round {number + 1}: {name}: {taken[name][-1].per_second:,.0f}/s")
            for name, processes in ((OURS, PROCESSES), (ALONE, 1)):
                if name == ALONE:
                    settings = _topics(broker, f"alone{number}.", Path(kept), folder, processes)
                _end_with_marks(settings, folder, Path(kept))
                one, left[name] = _ours(settings, messages, Path(kept))
                taken[name].append(one)
                tell(f"round {number + 1}: {name}: {one.per_second:,.0f}/s")
                found = left[name].open_alerts
                if found != expected:
                    raise SystemExit(f"the worker left {len(found)} alerts, a replay {len(expected)}, or others")
    return _section(taken, left[OURS], messages, mean, rounds)


def _topics(broker: str, prefix: str, kept: Path, county: Path, processes: int = PROCESSES) -> Settings:
    """With the county's transactions in them, and its persons in the state."""
    settings = new_settings(broker, prefix, kept, county, processes=processes)
    _take_persons(settings, kept)
    fundwatch("load", "--no-mark", str(transactions_of(county)), settings=settings)
    return settings


def _replayed(folder: Path) -> frozenset[str]:
    replay = opened(folder)
    apply_transactions(replay, folder)
    return frozenset(alert.alert_id for alert in replay.alerts() if alert.status == "open")


def _peer(settings: Settings, peer: str, messages: int, folder: Path) -> Taken:
    arguments = (settings.broker, settings.topic(topics.TRANSACTIONS), f"{settings.prefix}{peer}", str(messages))
    done = told(module(f"benchmarks.peers.{peer}", *arguments, str(folder / f"{settings.prefix}{peer}")))
    if not done.messages == done.counted == messages:
        raise SystemExit(f"{peer} counted {done.counted:,} of {messages:,}")
    return Taken(messages / done.seconds, done.cpu_seconds / messages * 1e6)


def _take_persons(settings: Settings, folder: Path) -> None:
    """The reference records go first: the worker that is measured starts on their state, as after any restart."""
    with ready_worker(settings, folder) as worker:
        last_change(worker)


def _end_with_marks(settings: Settings, county: Path, folder: Path) -> None:
    """Time marks, which the peers could not read, end the history; the line before them is a repeat and changes nothing."""
    repeat = folder / "repeat.jsonl"
    with transactions_of(county).open("rb") as lines:
        for line in lines:
            last = line
    repeat.write_bytes(last)
    fundwatch("load", str(repeat), settings=settings)


def _ours(settings: Settings, messages: int, folder: Path) -> tuple[Taken, Published]:
    """From the moment at which the worker is ready to the last page of any stage at the broker."""
    persons = published(settings).pages
    with ready_worker(settings, folder) as worker:
        before = look(worker)
        [after] = last_change(worker, transactions=messages + 1 + settings.partitions)
    seconds, cpu = after.at - before.at, after.cpu_seconds - before.cpu_seconds
    left = published(settings)
    return Taken(messages / seconds, cpu / messages * 1e6), msgspec.structs.replace(left, pages=left.pages - persons)


def _section(taken: dict[str, list[Taken]], left: Published, messages: int, mean: float, rounds: int) -> Section:
    speeds = {name: [one.per_second for one in each] for name, each in taken.items()}
    ours, quix = median(speeds[OURS]), median(speeds[list(PEERS)[1]])
    rows = [
        (name, spread(each), f"{ours / median(each):.2f}", f"{median(one.cpu_us for one in taken[name]):.0f}")
        for name, each in speeds.items()
    ]
    text = f"""`python -m benchmarks service`: {messages:,} transactions of {mean:,.0f} bytes on 4 partitions of a real broker
that shares the cores; each reader alone, from its first message to its last, {rounds} rounds, medians (least–most).

{table(("reader", "messages a second", "ours is ×", "CPU µs a message"), rows)}

Ours published {left.revisions:,} revisions, left {len(left.open_alerts):,} alerts open, the same as a replay of the history, and
wrote {left.pages:,} pages to its changelogs in transactions; the later three of its four stages have a process of their own, and
{PROCESSES - 1} share the first. Its time ends with the last page.
Quix's windows are hours of the record's timestamp, so that it keeps one or two values an institution and nothing else."""
    measured = f"{ours:,.0f} transactions/s; Quix {quix:,.0f}, so × {ours / quix:.2f}"
    must = f"≥ {MUST:,} transactions/s and above Quix's single window"
    row = Row("service, one worker, all rules, durable state", must, measured, ours >= MUST and ours > quix)
    return Section("Service, one worker, every rule, durable state", [row], text)
