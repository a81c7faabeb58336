"""What do all rules about an institution among its peers tell alike? Which month, which band, which history, how strong."""

from __future__ import annotations

from collections.abc import Iterable
from math import log
from typing import Final, NamedTuple

from detectors.books.indicators import OWN, told
from detectors.books.member import Compared, MemberPage, Month
from detectors.books.peer_calendar import first_day, month_of, name_of
from detectors.books.peer_groups import is_of_one_kind
from detectors.books.standing import Standing, standing
from detectors.engine.rule import View
from schemas.alerts import Point, Series, Severity, Text
from schemas.china_time import DAY, format_day, format_time

NO_PLACE: Final = "missing_institution"
NO_PEERS: Final = "too_few_peers"
SILENCES: Final = (NO_PLACE, NO_PEERS)
MOST_POINTS: Final = 13
FARTHER: Final = 1.25  # times a limit, where what is compared is less sure
_LEAST_REST: Final = 0.1  # of a bill


class Judged(NamedTuple):
    """A month of a member, and how one of its indicators compares."""

    month: int
    known: Month
    seen: Compared


def silence(page: MemberPage, *names: str) -> str | None:
    """Why nothing can be said: nobody has described the institution, or there are too few like it."""
    if not page.region:
        return NO_PLACE
    newest = page.months.get(max(page.months, default=0))
    if newest is not None and newest.bins and not any(name in newest.seen for name in names if name in newest.bins):
        return NO_PEERS if any(name in newest.bins for name in names) else None
    return None


def judged(page: MemberPage, name: str) -> list[Judged]:
    """The months in which that indicator was compared, oldest first."""
    return [
        Judged(month, known, known.seen[name]) for month, known in sorted(page.months.items()) if name in known.seen
    ]


def judged_in(page: MemberPage, name: str, month: int) -> Judged | None:
    """That indicator in one month, where it was compared and may still change."""
    known = page.months.get(month)
    if known is None or name not in known.seen or month < page.asked_from():
        return None
    return Judged(month, known, known.seen[name])


def is_of_its_kind(seen: Compared) -> bool:
    """Whether it was held against institutions of its kind."""
    return is_of_one_kind(seen.group)


def stretch(page: MemberPage, since: int, until: int) -> list[Month]:
    """The months of a stretch, as far as anything happened."""
    return [known for month, known in sorted(page.months.items()) if since <= month <= until]


def begin_of(month: int) -> int:
    """The month's first moment."""
    return first_day(month) * DAY


def end_of(known: Month) -> int:
    """The last moment of what was judged."""
    return (known.through + 1) * DAY - 1


def limit_of(limit: float, cases: int, enough: int) -> float:
    """With few cases chance is more uneven than is reckoned: they must stand out a quarter as far again."""
    return limit if cases >= enough else FARTHER * limit


def limit_beside(limit: float, seen: Compared) -> float:
    """For a change against its own weeks before, where only other kinds are there to compare with, a quarter farther: they have
    seasons of their own."""
    return limit if is_of_its_kind(seen) else FARTHER * limit


def score_of(deviation: float, limit: float) -> float:
    """A half at the limit; comparable within a rule."""
    return 1 - float(0.5 ** max(deviation / limit, 0.0))


def severity_of(deviation: float, limit: float, money: int, dear: int) -> Severity:
    """By how far and how dear: both, one, or neither of one and a half times the limit and ``dear`` fen."""
    levels: tuple[Severity, ...] = ("low", "medium", "high")
    return levels[(deviation >= 1.5 * limit) + (money >= dear)]


def history(page: MemberPage, name: str, until: int, unit: str) -> Series:
    """The indicator month by month, with the band in which its peers lay."""
    points = [
        Point(
            format_time(begin_of(one.month)),
            round(told(name, one.seen.value), 4),
            round(max(told(name, one.seen.low), 0.0), 4),
            round(told(name, one.seen.high), 4),
        )
        for one in judged(page, name)
        if one.month <= until
    ]
    return Series(unit, points[-MOST_POINTS:])


def since(page: MemberPage, name: str, until: int) -> str:
    """The month from which on, without a gap, the indicator has lain above the band of its peers."""
    begin = until
    months = {one.month: one.seen for one in judged(page, name)}
    while begin - 1 in months and months[begin - 1].value > months[begin - 1].high:
        begin -= 1
    return name_of(begin)


def place_of(page: MemberPage, view: View) -> str:
    """The institution's name, or its code."""
    known = view.references.institution(page.institution)
    return known.name if known is not None and known.name else page.institution


def period_of(one: Judged, since: int | None = None) -> Text:
    """The month, or as much of it as has closed; with the months before it ``since`` one of them."""
    name = name_of(one.month)
    if since is not None and since < one.month:
        last = period_of(one)
        return Text(f"{name_of(since)}至{last.zh}", f"{name_of(since)} to {last.en}")
    if one.known.through >= first_day(one.month + 1) - 1:
        return Text(name, name)
    until = format_day(one.known.through)
    return Text(f"{name}（截至{until}）", f"{name} (until {until})")


def group_of(seen: Compared) -> Text:
    """Whom it was held against. A group's name is region, kind and level, as far as it goes."""
    return Text(
        f"同组（{seen.group}）其他{seen.peers}家机构", f"{seen.peers} other institutions of the group {seen.group}"
    )


def money(fen: int) -> str:
    """Yuan."""
    return f"{fen / 100:,.0f}"


def months_of(page: MemberPage, *names: str) -> Iterable[int]:
    """The months in which any of the indicators was compared."""
    return [month for month, known in asked(page) if any(name in known.seen for name in names)]


def asked(page: MemberPage) -> list[tuple[int, Month]]:
    """The months that are not final yet, oldest first."""
    return [(month, known) for month, known in sorted(page.months.items()) if month >= page.asked_from()]


def days_of(page: MemberPage, month: int) -> list[int]:
    """The strange days of a month."""
    return sorted(day for day in page.strange if month_of(day) == month)


def own_history(page: MemberPage, until: int, limit: float) -> Series:
    """The share outside of the catalogue month by month, whether or not there are peers."""
    points = []
    for month, known in sorted(page.months.items()):
        if month <= until and known.counts.total > 0:
            seen = known.seen.get(OWN)
            high = limit if seen is None else min(limit, seen.high)
            share = round(known.counts.own / known.counts.total, 4)
            points.append(Point(format_time(begin_of(month)), share, 0.0, round(max(high, 0.0), 4)))
    return Series("share", points[-MOST_POINTS:])


def profile_group(page: MemberPage, view: View) -> str:
    """The group by whose model its days are scored."""
    return page.model_group or page.region


def without_own(page: MemberPage, month: int, stood: Standing) -> Standing:
    """Less what the bills hold for the patients to pay alone, beyond what they do at the peers: that is another rule's case."""
    own = None if stood.distance <= 0 else standing(page, OWN, month)
    if own is None or own.distance <= 0:
        return stood
    usual = page.months[month].seen[OWN].expected
    rest = without_share(stood.distance, usual, own.distance)
    return stood._replace(distance=rest, deviation=stood.deviation * rest / stood.distance)


def without_share(distance: float, usual: float, more: float) -> float:
    """What is left of a distance of bills by their logarithm when a share of them that is ``more`` than ``usual`` is left out."""
    return distance - log((1 - usual) / max(1 - usual - more, _LEAST_REST))
