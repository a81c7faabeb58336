"""How do months in a row that a rule about peers finds become one alert?

Each month is judged for itself; those that follow one another without a gap are one matter, named after its first month, that
grows by revision as long as it lasts. Months become final (`asked_from`) while it goes on; what they came to stays in the finding
that stands, for their page keeps less of them than they were judged by, and forgets them before it ends.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import ClassVar, Final, NamedTuple, TypeVar

import msgspec

from detectors.books.item_among_peers import SoldPage
from detectors.books.member import MemberPage
from detectors.books.peer_calendar import first_day, name_of
from detectors.by_peers.judging import money
from detectors.engine.rule import Finding, Rule, View
from detectors.engine.said_before import stands_open
from schemas.alerts import Measure, Severity, Text
from schemas.china_time import DAY

_LEVELS: Final[tuple[Severity, ...]] = ("low", "medium", "high")
_NO_MORE: Final = Text(
    "其后月份的数据已更正，不再偏离同组；此前月份已不再变化，仍然成立。",
    "Later months were corrected and lie within their peers' now; those before them change no more, and stand.",
)


PageT = TypeVar("PageT", bound=MemberPage | SoldPage)


class Stretch(msgspec.Struct, array_like=True, frozen=True):
    """What the months from ``since`` to ``until`` came to: fund at risk (fen), how grave, score."""

    since: int
    until: int
    fund: int
    severity: Severity
    score: float


class MonthsFinding(Finding, frozen=True, kw_only=True, array_like=True):
    """A finding about months in a row, with what each came to; those that are final are one `Stretch`, the first."""

    months: tuple[Stretch, ...]


class _Carried(NamedTuple):
    """What stands of a matter that began with months that are final."""

    anchor: str
    finding: MonthsFinding
    final: Stretch

    @property
    def is_over(self) -> bool:
        """Whether none of its months is asked about any more."""
        return self.finding.months[-1].until == self.final.until


class MonthlyRule(Rule[PageT], frozen=True, kw_only=True):
    """A rule that asks about the months of a page (`ask_month`), of one or several things apart (``subjects``)."""

    subjects: ClassVar[tuple[str, ...]] = ("",)

    def months(self, page: PageT, subject: str) -> Iterable[int]:
        """The months that can be asked about, oldest first; none before the page's `asked_from`."""
        raise TypeError(f"{self.rule_id} does not say which months it asks about")

    def ask_month(self, page: PageT, month: int, subject: str, view: View) -> Finding | None:
        """What is to be seen of one month. Never changes the page."""
        raise TypeError(f"{self.rule_id} does not say what it asks")

    def anchors(self, page: PageT) -> Iterable[str]:
        """The months, and what goes on from months that are final."""
        return self._names(page, self._carried(page))

    def ask(self, page: PageT, anchor: str, view: View) -> Finding | None:
        """The matter that began with the anchor's month."""
        return self.ask_all(page, view).get(anchor)

    def ask_all(self, page: PageT, view: View) -> dict[str, Finding | None]:
        """All matters at one look; None for months that begin none."""
        carried = self._carried(page)
        found: dict[str, Finding | None] = dict.fromkeys(self._names(page, carried))
        goes_on = {(one.final.until, one.anchor.partition(" ")[2]): one for one in carried}
        for subject in self.subjects:
            for run in self._runs(page, subject, view):
                first = run[0][0]
                before = goes_on.get((first - 1, subject))
                found[_name(first, subject) if before is None else before.anchor] = _joined(run, before)
        for one in carried:
            if found[one.anchor] is None and not one.is_over:
                found[one.anchor] = _cut(one)
        return found

    def _names(self, page: PageT, carried: Iterable[_Carried]) -> list[str]:
        names = [_name(month, subject) for subject in self.subjects for month in self.months(page, subject)]
        return names + [one.anchor for one in carried]

    def _carried(self, page: PageT) -> list[_Carried]:
        oldest, found = page.asked_from(), list[_Carried]()
        for anchor, finding in stands_open(page, self, MonthsFinding).items():
            final = [one for one in finding.months if one.until < oldest]
            if final:
                found.append(_Carried(anchor, finding, _whole(final)))
        return found

    def _runs(self, page: PageT, subject: str, view: View) -> Iterator[list[tuple[int, Finding]]]:
        """The months of which something is to be seen, as far as they follow one another."""
        run: list[tuple[int, Finding]] = []
        for month in self.months(page, subject):
            finding = self.ask_month(page, month, subject, view)
            if run and (finding is None or month != run[-1][0] + 1):
                yield run
                run = []
            if finding is not None:
                run.append((month, finding))
        if run:
            yield run


def _name(month: int, subject: str) -> str:
    return f"{name_of(month)} {subject}" if subject else name_of(month)


def _whole(months: Sequence[Stretch]) -> Stretch:
    return Stretch(
        months[0].since,
        months[-1].until,
        sum(one.fund for one in months),
        max((one.severity for one in months), key=_LEVELS.index),
        max(one.score for one in months),
    )


def _joined(run: Sequence[tuple[int, Finding]], before: _Carried | None) -> MonthsFinding:
    """The newest month's finding, with what all of them have come to."""
    newest = run[-1][1]
    told = [Stretch(month, month, one.fund_at_risk, one.severity, one.score) for month, one in run]
    months = told if before is None else [before.final, *told]
    whole = _whole(months)
    fields = {name: getattr(newest, name) for name in Finding.__struct_fields__}
    fields |= {"severity": whole.severity, "score": whole.score, "fund_at_risk": whole.fund}
    fields["begin"] = run[0][1].begin if before is None else before.finding.begin
    if whole.until > whole.since:
        fields["measures"] = (*newest.measures, _in_a_row(whole))
        fields["text"] = _followed(newest.text, _how_long(whole))
    return MonthsFinding(**fields, months=tuple(months))


def _cut(carried: _Carried) -> MonthsFinding:
    """What is left when the months that can still change hold nothing any more: those that are final."""
    final, stood = carried.final, carried.finding
    return msgspec.structs.replace(
        stood,
        end=first_day(final.until + 1) * DAY - 1,
        severity=final.severity,
        score=final.score,
        fund_at_risk=final.fund,
        measures=(_in_a_row(final),),
        text=_followed(_NO_MORE, _how_long(final)),
        series=None,
        months=(final,),
    )


def _in_a_row(whole: Stretch) -> Measure:
    return Measure("months_in_a_row", whole.until - whole.since + 1, None, "months")


def _how_long(whole: Stretch) -> Text:
    since, months = name_of(whole.since), whole.until - whole.since + 1
    zh, en = f"该情况自{since}起已连续{months}个月", f"It has been so for {months} months in a row since {since}"
    if months == 1:
        zh, en = f"该情况在{since}一个月", f"It was so in {since}"
    if whole.fund:
        zh, en = f"{zh}，累计涉及基金约{money(whole.fund)}元", f"{en}, {money(whole.fund)} yuan of the fund in all"
    return Text(f"{zh}。", f"{en}.")


def _followed(text: Text, more: Text) -> Text:
    return Text(text.zh + more.zh, f"{text.en} {more.en}")
