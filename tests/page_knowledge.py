"""What does a page know? Without the traces that a correction may leave: messages, positions, refunds, what was learned.

Two runs over the same transactions, one of them with something that came and was taken back, must know the same
(`tests.test_corrections`). What is left out here is told in docs/guarantees.md, "What is not promised".
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from msgspec import structs

from detectors.books.activity import ActivityPage
from detectors.books.amounts import AmountsPage
from detectors.books.arrivals import ArrivalsPage
from detectors.books.bed import BedPage
from detectors.books.bed_codes import BedCodesPage
from detectors.books.case import CasePage, TiePage
from detectors.books.census import CensusPage
from detectors.books.household import HouseholdPage
from detectors.books.institution import InstitutionPage
from detectors.books.item import TELLING, ItemPage
from detectors.books.item_among_peers import KinPage, SoldPage
from detectors.books.item_days import ItemDays
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.member import DaysPage, MemberPage, WaitingPage
from detectors.books.neighbours import GroupPage
from detectors.books.peer_groups import NormPage, SpreadPage
from detectors.books.person import PersonPage
from detectors.books.profile import ProfilePage
from detectors.books.receipt import ReceiptPage
from detectors.books.stock import StockPage
from detectors.books.terminal import TerminalPage
from detectors.books.visit import VisitPage
from detectors.engine.asked import Asked
from detectors.engine.clock import StreamClock, Watermark
from detectors.engine.graph import STAGES
from detectors.engine.page import Page, decode_page
from schemas.peer_days import DayCounts
from schemas.snapshots import STAY, Reference, VisitSnapshot
from tests.engine_run import EngineRun


class Compared(NamedTuple):
    """Two runs are compared at ``until``. ``before``: a day before which nothing was taken back. ``learned``: whether what was
    taken back was so before it was learned; else of what was learned nothing is told. ``unended``: stays that nobody ended:
    how long they are believed goes by when they were last heard of, and a correction is heard. ``but``: pages that are not
    compared. ``nights``: those that the census was told of each stay that nobody ended, by institution and visit."""

    until: int
    before: int
    learned: bool
    unended: frozenset[str] = frozenset()
    but: frozenset[type[Page]] = frozenset()
    nights: Mapping[tuple[str, str], tuple[int, int]] = MappingProxyType({})


def books(engine: EngineRun, compared: Compared) -> dict[bytes, Any]:
    """What every page of every stage knows, but for those that know nothing that stands."""
    engine.pipeline.save()
    compared = compared._replace(nights=_told_nights(engine, compared.unended))
    found: dict[bytes, Any] = {}
    for (name, _), pages in engine.stores.items():
        kinds = {kind.prefix: kind for kind in STAGES[name].kinds}
        for key, saved in pages.items():
            kind = kinds.get(key[:1], Asked)
            if kind in KNOWLEDGE and kind not in compared.but:
                page = decode_page(kind, saved)
                page.advance(compared.until)
                known = KNOWLEDGE[kind](page, compared)
                if known:
                    found[name.encode() + key] = known
    return found


def _told_nights(engine: EngineRun, visits: Collection[str]) -> dict[tuple[str, str], tuple[int, int]]:
    """The census itself forgets names, and sooner those who were heard of less."""
    found = {}
    for (name, _), pages in engine.stores.items():
        for key, saved in pages.items() if name == "institution" else ():
            if key[:1] == VisitPage.prefix:
                page = decode_page(VisitPage, saved)
                if page.visit in visits and page.told_nights is not None:
                    found[page.institution, page.visit] = page.told_nights
    return found


def _of_visit(page: VisitPage, compared: Compared) -> Any:
    settled = [(one.settlement, one.time, one.scope, one.fund, one.total) for one in page.standing_settlements()]
    if page.void or (page.kind != STAY and not settled):
        return None
    stay = (
        page.person, page.begin, page.end, page.med_type, page.diagnosis, page.department, page.bed, page.doctor,
        page.planned_readmission, [page.message_of(page.admission), page.message_of(page.discharge)],
    )  # fmt: skip
    days = {day: (one.routine, one.active, one.scope) for day, one in page.days.items()}
    lines = {
        serial: (line.time, line.item, line.left, line.scope_left, line.counted_by >= 0, page.messages[line.message])
        for serial, line in page.lines.items()
        if line.stands
    }
    return stay, settled, {day: counts for day, counts in days.items() if any(counts)}, page.scope, lines


def _of_item(page: ItemPage, compared: Compared) -> Any:
    return _of_days(page.days, compared)


def _of_days(days: ItemDays, compared: Compared) -> Any:
    kept = range(days.first_day, days.first_day + len(days.volumes))
    sold = {day: both for day, *both in zip(kept, days.volumes, days.scopes, strict=True) if any(both)}
    if not sold or (not compared.learned and days.born >= compared.before):
        return None
    if not compared.learned:
        return sold
    expected = days.means, days.lumps, days.spreads, days.baseline, days.suspects
    return sold, days.born, days.learned, days.first_day, days.late, expected


def _of_institution(page: InstitutionPage, compared: Compared) -> Any:
    return {page.first_day + n: stays for n, stays in enumerate(page.billed_stays) if stays}


def _of_arrivals(page: ArrivalsPage, compared: Compared) -> Any:
    who = {
        day: (
            known.bins,
            known.colds if any(known.colds) else [],
            known.singly if any(known.singly) else [],
            sorted(known.visits),
            known.arrivals,
        )
        for day, known in page.recent.items()
    }
    counted = _of_days(page.days, compared)
    return counted and (
        counted,
        page.colds,
        {day: known for day, known in who.items() if any(known[0]) or any(known[1]) or any(known[2])},
    )


def _of_census(page: CensusPage, compared: Compared) -> Any:
    here, counts = page.before, dict[int, int]()
    for night, move in enumerate(page.moves, page.first_night):
        here += move
        counts[night] = here
    for (institution, _), (first, until) in compared.nights.items():
        if institution == page.institution:
            for night in range(first, until):
                counts[night] = counts.get(night, 0) - 1
    stays = {visit: stay for visit, stay in page.stays.items() if visit not in compared.unended}
    counted = {night: count for night, count in counts.items() if count}
    return (counted, stays) if counted or stays else None


def _of_bed(page: BedPage, compared: Compared) -> Any:
    return page.occupants and (page.occupants, page.reach)


def _of_bed_codes(page: BedCodesPage, compared: Compared) -> Any:
    return page.numbers and (page.numbers, page.shared)


def _of_amounts(page: AmountsPage, compared: Compared) -> Any:
    cases = {name: structs.replace(case, fund_usual=0, total_usual=0) for name, case in page.cases.items()}
    counted = {day: count for day, count in page.by_day.items() if count}
    return (page.settled, cases, counted) if page.settled or cases else None


def _of_terminal(page: TerminalPage, compared: Compared) -> Any:
    recent = [one for one in page.recent if one.stands]
    groups = [([member for member in group.members if member.stands], group.kind, group.alike) for group in page.groups]
    custom = sorted([*zip(page.times, page.kinds, strict=True), *((one.time, one.kind) for one in recent)])
    return (custom, groups) if custom else None  # when one ceases to be recent depends on who came after it


def _of_case(page: CasePage, compared: Compared) -> Any:
    return page.is_open and compared.learned and (page.begin, page.end, page.visits, page.persons, page.related)


def _of_tie(page: TiePage, compared: Compared) -> Any:
    return compared.learned and {alert: (tied.begin, tied.end) for alert, tied in page.alerts.items()}


def _of_person(page: PersonPage, compared: Compared) -> Any:
    visits = {name: _of_snapshot(snapshot) for name, snapshot in page.visits.items() if not snapshot.void}
    return visits | {name: fetch.drugs for name, fetch in page.fetches.items()}


def _of_household(page: HouseholdPage, compared: Compared) -> Any:
    standing = [held for held in page.standing_stays() if not held.stay.void]
    return {held.stay.visit: (held.birth, _of_snapshot(held.stay)) for held in standing}


def _of_group(page: GroupPage, compared: Compared) -> Any:
    stays = [stay for stay in page.stays.values() if stay.counts]
    return {stay.visit: structs.replace(stay, offset=0, heard=0) for stay in stays}


def _of_activity(page: ActivityPage, compared: Compared) -> Any:
    return _standing(page.counts()) != DayCounts() and (_standing(page.counts()), page.told_cases())


def _of_days_among_peers(page: DaysPage, compared: Compared) -> Any:
    counted = {day: _standing(held.counts) for day, held in page.days.items()}
    return {day: (counts, page.days[day].cases) for day, counts in counted.items() if counts != DayCounts()}


def _standing(counts: DayCounts) -> DayCounts:
    """Refunds are told of as such: that something was taken back is not taken back."""
    return structs.replace(counts, refunds=0)


def _of_norm(page: NormPage, compared: Compared) -> Any:
    return {month: sums for month, sums in page.months.items() if sums[0]}


def _of_sold(page: SoldPage, compared: Compared) -> Any:
    if not compared.learned:  # an item's history may begin later then, and what was before its beginning is not told
        return None
    """Less than `TELLING` is as if nothing had been told."""
    return {
        month: (one.packs, one.fen, one.sales, one.in_stays) for month, one in page.months.items() if one.fen >= TELLING
    }


def _of_snapshot(snapshot: VisitSnapshot) -> VisitSnapshot:
    standing = tuple(swipe for swipe in snapshot.swipes if swipe.refunded_at is None)
    return structs.replace(snapshot, partition=0, offset=0, source=Reference("", "", 0), swipes=standing)


KNOWLEDGE: Final[dict[type[Page], Callable[[Any, Compared], Any]]] = {
    VisitPage: _of_visit, ItemPage: _of_item, InstitutionPage: _of_institution, ArrivalsPage: _of_arrivals,
    CensusPage: _of_census, BedPage: _of_bed, BedCodesPage: _of_bed_codes, AmountsPage: _of_amounts,
    TerminalPage: _of_terminal, CasePage: _of_case, TiePage: _of_tie, PersonPage: _of_person,
    HouseholdPage: _of_household, GroupPage: _of_group, ActivityPage: _of_activity, DaysPage: _of_days_among_peers,
    NormPage: _of_norm, SoldPage: _of_sold,
}  # fmt: skip
NOTHING_KNOWN: Final[frozenset[type[Page]]] = frozenset(
    {
        ReceiptPage,
        StockPage,
        StreamClock,
        Watermark,
        WaitingPage,
        SpreadPage,
        ItemSpreadPage,
        KinPage,
        RankPage,
        ProfilePage,
        MemberPage,
    }
)  # of what a rule may ask; months among peers are measured from `DaysPage` at the next look, which may be a week away
