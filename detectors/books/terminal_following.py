"""How does a terminal's page hear of a visit's settlements?

Most end no group: what is done for each is little, and no rule is asked unless a group has changed. Functions, not methods of
the page: this module can be compiled, and a struct cannot be.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable
from typing import Final
from zlib import crc32

from msgspec import structs

from detectors.books.terminal import TerminalPage, terminal_key
from detectors.books.terminal_custom import is_remembered, kind_of, remember, unlearn
from detectors.books.terminal_groups import gather, note_alike, replace_member
from detectors.books.terminal_swipes import FEWEST, Swiped, moment_of
from detectors.books.visit import Settled, VisitPage
from detectors.engine.page import NEVER, Page
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import DRUGS, ROUTINE, is_volume_item
from schemas.snapshots import STAY

CALLS: Final[frozenset[str]] = frozenset({"2207", "2208", "2102", "2103", "2601"})
RECENT: Final = 900  # seconds: FEWEST persons in LONGEST_GAP
MOST_RECENT: Final = 40
MOST_ITEMS: Final = 12
SENT_LATE, ENTERED_LATE = 600, 1_800  # seconds: a network that was down; bills that are keyed in after the service
_SERIES: Final = (
    "N17",
    "N18",
    "N19",
    "Z49",
    "Z51",
)  # dialysis, chemotherapy: the same patients, settled shift by shift


def follow(visit: VisitPage, pages: Pages, offset: int) -> Iterable[tuple[bytes, Page]]:
    """Tell the terminals of a visit's settlements; the pages whose groups changed, or that are new."""
    if visit.kind == STAY or visit.diagnosis.startswith(_SERIES):
        return ()
    touched: dict[bytes, Page] = {}
    for settled in visit.settlements:
        time = _settled_at(visit, settled)
        swipe = None if settled.void else _swiped(visit, settled, time)
        home = _tell(visit.institution, "", None, settled, time, swipe, pages, offset, touched)
        if settled.operator and home is not None:
            own = None if swipe is None else structs.replace(swipe)  # each page's goes its own way
            _tell(visit.institution, settled.operator, home, settled, time, own, pages, offset, touched)
    return touched.items()


def _tell(
    institution: str, operator: str, home: TerminalPage | None, settled: Settled, time: int, swipe: Swiped | None, pages: Pages,
    offset: int, touched: dict[bytes, Page],
) -> TerminalPage | None:  # fmt: skip
    """Tell one terminal of a settlement; without ``swipe`` it stands no more. The page, None where there is none."""
    key = terminal_key(institution, operator)
    page = pages.get(TerminalPage, key)
    if page is None:
        if swipe is None:
            return None
        page = TerminalPage(institution=institution, operator=operator)
        pages.keep(key, page)
    if page.position < offset:
        page.position = offset
    groups = page if home is None else home
    changed = take(page, groups, settled.settlement, time) if swipe is None else put(page, groups, swipe)
    pages.changed(key, page)
    if page.wake == NEVER:
        touched[key] = page
    if changed:
        touched[terminal_key(institution, "")] = groups
    return page


def put(page: TerminalPage, home: TerminalPage, swipe: Swiped) -> bool:
    """Upsert a settlement that stands; whether a group changed. Groups are on ``home``, the institution's page, which may be
    ``page`` itself."""
    recent, groups, time = page.recent, home.groups, swipe.time
    if groups:
        held = replace_member(home, swipe, page.operator)
        if held is not None:
            return held != swipe
    newest = recent[-1].time if recent else -NEVER
    if time >= newest:
        if time == newest and _is_held(recent, swipe.settlement):
            return False
        recent.append(swipe)
    elif time < newest - RECENT:
        if not is_remembered(page, time, swipe.kind):  # a visit's earlier settlements are told again with its next one
            remember(page, time, swipe.kind)
        return False
    elif _is_held(recent, swipe.settlement):
        return False
    else:
        insort(recent, swipe, key=moment_of)
    if len(recent) > MOST_RECENT or recent[0].time < recent[-1].time - RECENT:
        _settle_down(page)
    changed = len(recent) >= FEWEST and (at := _place(recent, swipe)) >= 0 and gather(page, home, at)
    return (bool(groups) and note_alike(home, swipe, page.operator)) or changed


def take(page: TerminalPage, home: TerminalPage, settlement: str, time: int) -> bool:
    """The settlement of that time stands no more; whether a group changed."""
    changed = False
    for group in home.groups:
        if group.operator != page.operator:
            continue
        for member in group.members:
            if member.settlement == settlement and member.stands:
                member.stands = home.is_full = False
                changed = True
        if time in group.alike:
            group.alike.remove(time)
            changed = True
    left = [one for one in page.recent if one.settlement != settlement]
    if len(left) == len(page.recent):
        unlearn(page, time)
    page.recent = left
    return changed


def _is_held(recent: list[Swiped], settlement: str) -> bool:
    for one in recent:  # noqa: SIM110  # a generator takes twice as long
        if one.settlement == settlement:
            return True
    return False


def _place(recent: list[Swiped], swipe: Swiped) -> int:
    """Where it is; −1 where it is recent no more."""
    at = len(recent) - 1
    while at >= 0 and recent[at] is not swipe:
        at -= 1
    return at


def _settle_down(page: TerminalPage) -> None:
    """What is recent no more is remembered as custom."""
    recent = page.recent
    oldest = recent[-1].time - RECENT
    index = max(len(recent) - MOST_RECENT, 0)
    while recent[index].time < oldest:
        index += 1
    for swipe in recent[:index]:
        remember(page, swipe.time, swipe.kind)
    del recent[:index]


# -- what a settlement says -----------------------------------------------------------------------------------------


def _settled_at(visit: VisitPage, settled: Settled) -> int:
    """``setl_time``, or where that is but a date, or ahead of it, when it was sent."""
    time, sent = settled.time, visit.messages[settled.message].inf_time
    return time if time % DAY and time <= sent + DAY else sent


def _swiped(visit: VisitPage, settled: Settled, time: int) -> Swiped:
    batch, source = settled.batch, visit.messages[settled.message]
    items: set[int] = set()
    fees: list[str] = []
    has_drugs, newest = False, 0
    for line in visit.lines.values():
        if line.quantity < 0 or (batch and line.batch != batch) or (line.refunded and not line.stands):
            continue
        category, item = line.category, line.item
        if category in ROUTINE:
            fees.append(item)
        else:
            items.add(crc32(item.encode()) & 0xFFFF)
            if not has_drugs:
                has_drugs = category in DRUGS if category else is_volume_item("", item)
        entered = line.time
        if entered > newest and entered % DAY:
            newest = entered
    if not items:
        items.update(crc32(fee.encode()) & 0xFFFF for fee in fees)
    is_late = source.inf_time - time > SENT_LATE or (newest > 0 and time - newest > ENTERED_LATE)
    hashes = tuple(sorted(items)[:MOST_ITEMS])
    return Swiped(
        time, settled.settlement, visit.visit, visit.person, hashes, kind_of(hashes), settled.total, settled.scope,
        has_drugs, is_late, source, True, settled.operator,
    )  # fmt: skip
