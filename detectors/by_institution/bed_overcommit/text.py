"""What does an inspector read of a hospital with more patients than beds, and where does he look first?"""

from __future__ import annotations

from detectors.books.census import CensusPage
from detectors.by_institution.bed_overcommit.crowding import Crowding
from detectors.engine.rule import View
from schemas.alerts import Point, Series, Text
from schemas.china_time import DAY, format_day, format_time

_BEFORE, _DRAWN = 10, 60  # nights


def describe(page: CensusPage, one: Crowding, beds: int, named: int, view: View) -> Text:
    """How many, on which nights, against how many beds, and what to look at first."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    above = one.above(beds)
    peak = max(above)
    first, last = format_day(one.first), format_day(one.last)
    share = 100 * sum(above) / len(above) / beds
    return Text(
        f"{place}：核定床位{beds}张，{first}至{last}有{len(above)}晚在院人数超过核定床位，最多{peak}人，"
        f"平均为床位数的{share:.0f}%。末几晚在院的{named}人已列出。请先夜间清点在院人数和实际床位（含加床批准文件），"
        f"再核对多出的患者是否真正住院。",
        f"{place}: {beds} approved beds; on {len(above)} nights from {first} to {last} more stays than beds, {peak} at most, "
        f"{share:.0f} % of the beds on average. {named} who were in on the last nights are named. Look first, at night, how "
        "many patients and beds there are (with the permits for extra beds), then whether those above the beds are truly in.",
    )


def drawn(page: CensusPage, one: Crowding, beds: int) -> Series:
    """The census night by night, with the beds as its upper bound, from some nights before on; the newest nights."""
    begin = max(one.first - _BEFORE, one.last - _DRAWN + 1, page.first_night)
    censuses = page.nights(one.last)[begin - page.first_night :]
    return Series(
        "stays",
        [Point(format_time((begin + n) * DAY), census, 0, beds) for n, census in enumerate(censuses)],
    )
