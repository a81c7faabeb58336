"""What did an institution do in each part of a month, and what did its cases cost beside the same cases of its peers?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from detectors.books.bill_noise import Sums, noise_of_sum, sums_of
from detectors.books.case_costs import mix_of, parted
from detectors.books.indicators import summed
from detectors.books.member import DayHeld, Month, Week
from detectors.books.peer_calendar import PARTS_OF_MONTH, days_of, month_of, parts_of
from detectors.engine.pages import Pages


def weeks_of(
    pages: Pages, groups: tuple[str, ...], own: Sums, days: Mapping[int, DayHeld], known: range
) -> Iterator[Week]:
    """The parts of a month that have closed with the days on which the institution was ``known``, of which the last is the last
    that was measured. ``own`` are all its cases of the month, which no peer's are."""
    month = month_of(known.stop - 1)
    for part in parts_of(month):
        closed = days_of(part)
        if closed.stop > known.stop:
            return
        held = [days[day] for day in closed if day in days]
        counts = summed(one.counts for one in held)
        kinds = sums_of(case for one in held for case in one.cases)
        of_stays, of_visits = [mix_of(pages, groups, month, some, own).without_top() for some in parted(kinds)]
        yield Week(
            min(max(closed.stop - known.start, 0), len(closed)), counts.fund, counts.visits + counts.discharges,
            round(noise_of_sum(kinds), 4), counts.admissions, counts.visits, counts.total, counts.own, of_stays, of_visits,
        )  # fmt: skip


def week_at(months: Mapping[int, Month], part: int) -> Week | None:
    """A part of a month; None where it is not known."""
    month, number = divmod(part, PARTS_OF_MONTH)
    known = months.get(month)
    return known.weeks[number] if known is not None and number < len(known.weeks) else None
