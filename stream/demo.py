"""What does the whole thing do, on one machine, in a few minutes, with nothing left behind?

A real Kafka, a made county, the topics, the service in a process of its own, the county's transactions through it, and the
alerts as they come. Everything lives in one folder and on free ports of loopback, and what was started is stopped by its
own process id, also after a failure or Ctrl-C.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
from rich.console import Console

from schemas.labels import Label, decode_label
from stream import alert_reading, dead_letter_reading, loading, topics
from stream.alert_reading import Selection
from stream.broker import running_broker
from stream.demo_show import AlertShow, Outcome, show_outcome
from stream.errors import OperatorError
from stream.group_lag import GroupLag
from stream.line_files import LineFile
from stream.printing import Lang, words
from stream.settings import Settings
from stream.worker_process import WorkerProcess, orderly_end, running_worker, undisturbed_cleanup

_REFERENCES = ("institutions", "persons", "catalogue")
_STEPS = 6
_LOOK_SECONDS = 0.5
_COUNT_SECONDS = 5.0
_QUIET_LOOKS = 3  # nothing waits and nothing came in so many looks: it is over
_LONGEST_SECONDS = 900.0

MakeCounty = Callable[[Path], int]


class Plan(msgspec.Struct, frozen=True):
    """What is to be shown. ``folder`` is kept; without one, everything is in a temporary folder that goes."""

    lang: Lang = "both"
    shown_per_rule: int = 2
    partitions: int = 4
    stays_up: bool = False
    folder: Path | None = None


def run(plan: Plan, make_county: MakeCounty, console: Console) -> Outcome:
    """The demonstration, from nothing to the summary; with ``stays_up`` it then waits for Ctrl-C.

    ``make_county`` writes a county's files into the folder that it is given and returns the number of transactions.
    Raises `OperatorError` when a part cannot start or fails on the way.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(orderly_end())
        folder = stack.enter_context(_folder(plan.folder))
        steps = _Steps(console, plan.lang)
        steps.tell("造一个县的数据", "making a county, with schemes hidden in it")
        made = make_county(folder / "county")
        steps.tell("启动 Kafka（仅本机）", "starting a real Kafka, on loopback only")
        address = stack.enter_context(running_broker(folder / "kafka"))
        stack.enter_context(undisturbed_cleanup())
        settings = Settings(broker=address, data=folder / "data", partitions=plan.partitions)
        steps.tell("建主题", f"creating the topics ({plan.partitions} partitions)")
        topics.create(settings)
        steps.tell("载入机构、人员、目录", "loading institutions, persons and catalogue")
        for name in _REFERENCES:
            _load(settings, folder / "county" / f"{name}.jsonl", name)
        steps.tell("启动监测服务", "starting the service")
        worker = stack.enter_context(running_worker(settings, folder, _where_its_log_is(plan, folder)))
        stack.enter_context(undisturbed_cleanup())
        worker.wait_until_ready()
        steps.tell(f"送入{made:,}笔交易，疑点随即显示", f"sending {made:,} transactions; alerts are shown as they come")
        console.print()
        show = AlertShow(console, plan.lang, plan.shown_per_rule)
        outcome = asyncio.run(_watch(settings, folder / "county", worker, show))
        console.print()
        show_outcome(console, plan.lang, outcome)
        _say_where_next(console, plan, settings, worker, folder)
        if plan.stays_up:
            _wait_for_interrupt(console, plan.lang, worker)
    return outcome


class _Steps:
    def __init__(self, console: Console, lang: Lang) -> None:
        self._console, self._lang, self._number = console, lang, 0

    def tell(self, zh: str, en: str) -> None:
        """One line of what is done next."""
        self._number += 1
        text = zh if self._lang == "zh" else en if self._lang == "en" else f"{zh} · {en}"
        self._console.print(f"[{self._number}/{_STEPS}] {text}", markup=False, style="bold")


@contextlib.contextmanager
def _folder(kept: Path | None) -> Iterator[Path]:
    if kept is not None:
        if kept.exists() and any(kept.iterdir()):
            raise OperatorError(f"{kept} is not empty", "give a new folder")
        kept.mkdir(parents=True, exist_ok=True)
        yield kept.resolve()
        return
    folder = Path(tempfile.mkdtemp(prefix="fundwatch-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def _where_its_log_is(plan: Plan, folder: Path) -> str:
    return f"its log is {folder / 'worker.log'}" if plan.folder is not None else "with --data DIR its whole log is kept"


def _load(settings: Settings, path: Path, topic: str) -> None:
    with LineFile(str(path)) as file:
        asyncio.run(loading.load(settings, [file], topic))


async def _watch(settings: Settings, county: Path, worker: WorkerProcess, show: AlertShow) -> Outcome:
    """Loads the transactions while the alerts are followed, until the service has nothing before it."""
    following = asyncio.create_task(_follow(settings, show))
    began = time.monotonic()
    try:
        with LineFile(str(county / "transactions.jsonl")) as file:
            loaded = await loading.load(settings, [file], loading.TRANSACTIONS)
        ended = await _worked_off(settings, worker, following, show)
    finally:
        following.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await following
    complaints: list[str] = []
    alerts = await alert_reading.newest(settings, Selection(), complaints.append)
    kinds = await dead_letter_reading.kinds(settings, dead_letter_reading.Wanted(), complaints.append)
    return Outcome(
        transactions=loaded.sent,
        seconds=ended - began,
        alerts=alerts,
        labels=_labels(county / "truth.jsonl"),
        dead_letters=sum(kind.count for kind in kinds),
    )


async def _follow(settings: Settings, show: AlertShow) -> None:
    async for alert in alert_reading.follow(settings, Selection(), True, lambda message: None):
        show.see(alert)


async def _worked_off(
    settings: Settings, worker: WorkerProcess, following: asyncio.Task[None], show: AlertShow
) -> float:
    """When (monotonic) the service had worked off everything; raises when it ends, or takes too long."""
    began = told = time.monotonic()
    quiet, before, idle_since = 0, -1, began
    async with GroupLag(settings) as group:
        while quiet < _QUIET_LOOKS:
            await asyncio.sleep(_LOOK_SECONDS)
            worker.check()
            if following.done():
                following.result()
            waiting, total = await group.records()
            now = time.monotonic()
            if waiting or total != before:
                quiet, before, idle_since = 0, total, now
            else:
                quiet += 1
            if now - told > _COUNT_SECONDS:
                told = now
                show.tell_counts()
            if now - began > _LONGEST_SECONDS:
                raise OperatorError(f"{waiting:,} records still wait after {_LONGEST_SECONDS:.0f} s", "see its log")
    return idle_since


def _labels(truth: Path) -> list[Label]:
    return [decode_label(line) for line in truth.read_bytes().splitlines() if line]


def _say_where_next(console: Console, plan: Plan, settings: Settings, worker: WorkerProcess, folder: Path) -> None:
    lang = plan.lang
    console.print()
    console.print(words("接下来看哪里", "Where to look next", lang), style="bold")
    rows = []
    if plan.stays_up:
        rows.append((words("指标", "metrics", lang), worker.metrics))
        rows.append((words("疑点", "alerts", lang), f"fundwatch --broker {settings.broker} alerts list --lang en"))
    if plan.folder is not None:
        rows.append(
            (words("数据", "data", lang), f"{folder} (fundwatch replay {folder / 'county'} --out alerts.jsonl)")
        )
    rows += [
        (words("看板", "dashboards", lang), "dashboards/generated/, docs/dashboards.md"),
        (words("规则", "rules", lang), "fundwatch rules list, docs/rules/"),
        (words("说明", "documents", lang), "README.md, docs/architecture.md"),
    ]
    for name, text in rows:
        console.print(f"  {name}: {text}", markup=False)


def _wait_for_interrupt(console: Console, lang: Lang, worker: WorkerProcess) -> None:
    console.print()
    console.print(words("继续运行，按 Ctrl-C 结束。", "Still running; Ctrl-C ends it.", lang), style="bold")
    with contextlib.suppress(KeyboardInterrupt):
        while True:
            time.sleep(_LOOK_SECONDS)
            worker.check()
