"""Which visits are admissions that count, and how does the page of arrivals hear of them?"""

from __future__ import annotations

from functools import lru_cache, partial
from typing import Final

from detectors.books.arrivals import AHEAD, BY_NEED, COLD, COULD_WAIT, SINGLY, Arrival, ArrivalsPage, arrivals_key
from detectors.books.institution import InstitutionPage, institution_key
from detectors.books.kept_days import LAG
from detectors.books.visit import VisitPage, visit_key
from detectors.engine.pages import Pages
from schemas.china_time import DAY
from schemas.codes import is_birth, is_day_surgery, is_newborn, is_transfer, strikes_together
from schemas.snapshots import STAY

CALLS: Final[frozenset[str]] = frozenset({"2304", "2305", "2401", "2402", "2403", "2404", "2405", "2601"})
MOST_NAMED: Final = 150  # of a notable day
_NOT_OF_ADMISSION: Final = frozenset({"2305", "2402", "2405"})  # say nothing of when and why somebody came
_EMERGENCY: Final = "24"  # med_type 急诊转住院

# Main diagnoses that bring people when they come, not when it suits: asthma, which one day's air may bring on for many, pain
# and fits; tumours and dialysis, which come in courses; cataracts, for which eye camps fetch a village.
_CANNOT_WAIT: Final = (
    "C", "D0", "D3", "D4", "H25", "H26", "J45", "J46", "J8", "J9", "R10", "R55", "R56", "R57", "Z49", "Z51",
)  # fmt: skip
# And such as bring them one by one, each for himself: strokes and heart failure, obstructed lungs, appendix, gallstones, colic,
# bleeding, seizures.
_SINGLY: Final = (
    "I21", "I22", "I26", "I44", "I46", "I47", "I48", "I49", "I50", "I60", "I61", "I62", "I63", "I64", "J44.0", "J44.1", "K35",
    "K36", "K37", "K40", "K55", "K56", "K65", "K80", "K81", "K83", "K85", "K92", "N10", "N13", "N17", "N20", "N23", "G40", "G41",
    "G45", "E87",
)  # fmt: skip
# Colds, pneumonia without a cause, upset stomachs: they strike many at once, and are said of anybody who is brought along.
_COLDS: Final = ("J00", "J01", "J02", "J03", "J04", "J06", "J18", "J20", "K52.9")


@lru_cache(maxsize=8_192)
def kind_of_arrival(med_type: str, diagnosis: str) -> int:
    """`COULD_WAIT`: such a stay could as well have come another day, it is no contagion, injury, birth, transfer or emergency.
    `COLD`: it could, unless there is an outbreak. `SINGLY`: it could not, but nothing brings many at once. Else `BY_NEED`."""
    if (
        is_birth(med_type, diagnosis)
        or is_transfer(med_type)
        or med_type.startswith(_EMERGENCY)
        or diagnosis.startswith(_CANNOT_WAIT)
    ):
        return BY_NEED
    if diagnosis.startswith(_SINGLY):
        return SINGLY
    if diagnosis.startswith(_COLDS):
        return COLD
    return BY_NEED if strikes_together(diagnosis) else COULD_WAIT


def arrival_of(visit: VisitPage) -> tuple[int, int] | None:
    """When the visit came as an admission that counts, and of which kind it is; None where it does not count."""
    if visit.kind != STAY or visit.void or visit.begin is None:
        return None
    if is_day_surgery(visit.med_type) or is_newborn(visit.med_type, visit.entry_diagnosis):
        return None
    if visit.begin // DAY > visit.newest // DAY + AHEAD:
        return None
    return visit.begin, kind_of_arrival(visit.med_type, visit.entry_diagnosis)


def follow(visit: VisitPage, pages: Pages, offset: int) -> list[tuple[bytes, ArrivalsPage]]:
    """Count the visit where its page now puts it, and keep what it says where its day is notable; nothing where its
    arrival is what it was, and of an ordinary day."""
    told = visit.told_arrival
    if told is not None and visit.messages[-1].infno in _NOT_OF_ADMISSION:
        came: tuple[int, int] | None = told
    else:
        came = arrival_of(visit)
    key = arrivals_key(visit.institution)
    if came == told:
        known = pages.get(ArrivalsPage, key) if came is not None else None
        if known is None or not _retell(known, visit):
            return []
        known.position = max(known.position, offset)
        return [(key, known)]
    page = pages.open(ArrivalsPage, key, partial(_blank, visit.institution))
    message = visit.messages[-1]
    habits = pages.get(InstitutionPage, institution_key(visit.institution))
    if habits is not None:
        page.heard = habits.first_begun
    page.turn(message.inf_time // DAY)
    if told is not None:
        page.post(visit.visit, told, -1, message)
    if came is not None:
        page.post(visit.visit, came, 1, message)
    visit.told_arrival = came
    for day in sorted({one[0] // DAY for one in (told, came) if one is not None}):
        _note(page, day, visit, pages)
    page.position = max(page.position, offset)
    return [(key, page)]


def _blank(institution: str) -> ArrivalsPage:
    return ArrivalsPage(institution=institution)


def _retell(page: ArrivalsPage, visit: VisitPage) -> bool:
    """Keep what is new of one who came on a notable day; whether anything is."""
    told = visit.told_arrival
    known = page.recent.get(told[0] // DAY) if told is not None and told[1] != BY_NEED else None
    if known is None or not known.arrivals:
        return False
    held = known.arrivals.get(visit.visit)
    if held is None and len(known.arrivals) >= MOST_NAMED:
        return False
    arrival = _arrival(visit)
    known.arrivals[visit.visit] = arrival
    return arrival != held


def _note(page: ArrivalsPage, day: int, visit: VisitPage, pages: Pages) -> None:
    """Keep what is known of those who came on a notable day, of other days nothing."""
    known = page.recent.get(day)
    if known is None:
        return
    if not page.is_notable(day):
        known.arrivals, known.habit = {}, None
        if day <= page.turned - LAG:
            del page.recent[day]
        return
    if known.arrivals:
        told = visit.told_arrival
        if told is not None and told[0] // DAY == day:
            _retell(page, visit)
        return
    known.habit = page.habits.by_week.get(day // 7)
    for name in known.visits:
        came = visit if name == visit.visit else pages.get(VisitPage, visit_key(page.institution, name))
        if came is not None and came.begin is not None:
            known.arrivals[name] = _arrival(came)


def _arrival(visit: VisitPage) -> Arrival:
    assert visit.begin is not None
    standing = visit.standing_settlements()
    scope = sum(settled.scope for settled in standing) if standing else visit.scope if visit.end is not None else 0
    return Arrival(
        visit.visit, visit.person, visit.begin, visit.entry_diagnosis, visit.department, visit.end, scope,
        visit.message_of(visit.admission), COULD_WAIT if visit.told_arrival is None else visit.told_arrival[1],
    )  # fmt: skip
