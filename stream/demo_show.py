"""What does somebody see who watches the demonstration: the alerts as they come, and what came of it all?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec
from rich.console import Console
from rich.table import Table

from detectors.engine.registry import all_rules
from schemas.alerts import Alert
from schemas.labels import Label, hits
from stream import alert_text
from stream.alert_words import rule_title
from stream.ledger import OpenAlerts
from stream.printing import Lang, words, yuan


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a demonstration came to. ``seconds``: from the first transaction sent to the last one worked off."""

    transactions: int
    seconds: float
    alerts: Sequence[Alert]  # the newest revision of each
    labels: Sequence[Label]  # what was hidden
    dead_letters: int


class AlertShow:
    """Prints the first alerts of each rule whole, and counts the others."""

    def __init__(self, console: Console, lang: Lang, shown_per_rule: int) -> None:
        self._console = console
        self._lang = lang
        self._most = shown_per_rule
        self._standing = OpenAlerts()
        self._shown: Counter[tuple[str, str]] = Counter()
        self._counted: Counter[str] = Counter()
        self._told = 0

    def see(self, alert: Alert) -> None:
        """One revision has come."""
        change = self._standing.observe(alert)
        if change is None:
            return
        self._counted[change] += 1
        most = {"opened": self._most, "revised": 0, "retracted": 1}[change]
        if self._shown[alert.rule, change] < most:
            self._shown[alert.rule, change] += 1
            self._console.print(alert_text.brief(alert, self._lang))
            self._console.print()
            self._told = sum(self._counted.values())

    def tell_counts(self) -> None:
        """One line about all that came, when more came since the last one."""
        total = sum(self._counted.values())
        if total > self._told:
            self._told = total
            opened, revised, retracted = (self._counted[change] for change in ("opened", "revised", "retracted"))
            chinese = f"… 已发出{opened}条，修订{revised}次，撤回{retracted}条"
            english = f"… {opened} opened, {revised} revisions, {retracted} retracted"
            self._console.print(words(chinese, english, self._lang), style="dim")


def show_outcome(console: Console, lang: Lang, outcome: Outcome) -> None:
    """Totals, and a row for each rule: alerts, money, and how much of what was hidden they found."""
    per_second = outcome.transactions / outcome.seconds
    chinese = f"{outcome.transactions:,}笔交易，{outcome.seconds:.1f}秒，每秒{per_second:,.0f}笔"
    english = f"{outcome.transactions:,} transactions in {outcome.seconds:.1f} s, {per_second:,.0f} per second"
    console.print(words(chinese, english, lang), style="bold")
    console.print(_table(lang, outcome))
    standing = OpenAlerts()
    for alert in outcome.alerts:
        standing.observe(alert)
    at_risk = yuan(standing.fund_at_risk)
    chinese = f"合计涉及基金{at_risk}（同一就诊只计一次），死信{outcome.dead_letters}条。"
    english = f"{at_risk} of the fund at risk in all (each visit counted once), {outcome.dead_letters} dead letters."
    console.print(words(chinese, english, lang))


def _table(lang: Lang, outcome: Outcome) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="dim")
    table.add_column(_head("规则", "rule", lang))
    heads = (
        ("待核查", "open"), ("高", "high"), ("已撤回", "retracted"), ("涉及基金", "fund at risk"),
        ("埋设", "hidden"), ("查出", "found"), ("误报", "false alarms"),
    )  # fmt: skip
    for zh, en in heads:
        table.add_column(_head(zh, en, lang), justify="right")
    rules = sorted(
        {*all_rules(), *(alert.rule for alert in outcome.alerts), *(label.pattern for label in outcome.labels)}
    )
    for rule in rules:
        table.add_row(rule_title(rule, lang), *_row(rule, outcome))
    return table


def _head(zh: str, en: str, lang: Lang) -> str:
    return f"{zh}\n{en}" if lang == "both" else words(zh, en, lang)


def _row(rule: str, outcome: Outcome) -> list[str]:
    mine = [alert for alert in outcome.alerts if alert.rule == rule]
    open_ones = [alert for alert in mine if alert.status == "open"]
    hidden = [label for label in outcome.labels if label.pattern == rule]
    found = sum(any(hits(alert, label) for alert in open_ones) for label in hidden)
    false_alarms = sum(not any(hits(alert, label) for label in hidden) for alert in open_ones)
    standing = OpenAlerts()
    for alert in open_ones:
        standing.observe(alert)
    high = sum(alert.severity == "high" for alert in open_ones)
    counts = [str(number) for number in (len(open_ones), high, len(mine) - len(open_ones))]
    return [*counts, yuan(standing.fund_at_risk), str(len(hidden)), str(found), str(false_alarms)]
