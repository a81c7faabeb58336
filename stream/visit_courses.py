"""How did a visit go, day by day? What the books know of the visits that alerts name, for whoever looks at a case.

A page is forgotten two months after its visit's end: its course is noted whenever an alert names it, and again at the end of a
run where the page is still there.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import msgspec

from detectors.books.visit import DayOfStay, VisitPage, visit_key
from detectors.engine.pages import Pages
from schemas.alerts import Alert
from schemas.china_time import DAY, format_day, format_time

MOST_VISITS = 50_000  # whose courses a process notes: some 1 kB each
MOST_OF_AN_ALERT = 12  # visits of one alert; a report cannot draw more side by side


class CourseDay(msgspec.Struct, frozen=True):
    """A day of a visit: lines of bed, nursing and consulting; other lines; what they charge within the fund's scope, fen."""

    day: str
    routine_lines: int
    treatment_lines: int
    scope: int
    is_elsewhere: bool = False  # served at another institution on that day
    charges: dict[str, int] = {}  # what of ``scope`` each kind of line (med_chrgitm_type) makes, net of refunds


class Course(msgspec.Struct, frozen=True):
    """A visit's course, as the books knew it last; times as on the wire, money in fen. ``kind``: stay or outpatient."""

    visit: str
    kind: str
    person: str
    institution: str
    begin: str | None
    end: str | None
    diagnosis: str
    department: str
    scope: int
    fund: int
    settled_at: str | None
    days: list[CourseDay]


class Courses(msgspec.Struct, array_like=True):
    """Courses by institution and visit."""

    by_visit: dict[str, Course] = {}

    def keep(self, pages: Pages, alert: Alert) -> None:
        """Note what is known of the visits that an alert names."""
        for visit in alert.visits[:MOST_OF_AN_ALERT]:
            name = _name(alert.institution, visit)
            if name in self.by_visit or len(self.by_visit) < MOST_VISITS:
                self.look(pages, alert.institution, visit)

    def look(self, pages: Pages, institution: str, visit: str, noted: Courses | None = None) -> None:
        """Note the visit as its page says it, or as it was noted before where the page is gone."""
        name = _name(institution, visit)
        page = pages.peek(VisitPage, visit_key(institution, visit))
        if page is not None:
            self.by_visit[name] = _course(page)
        elif noted is not None and name in noted.by_visit:
            self.by_visit[name] = noted.by_visit[name]

    def get(self, institution: str, visit: str) -> Course | None:
        """The course of a visit, None where nothing is known."""
        return self.by_visit.get(_name(institution, visit))


def _name(institution: str, visit: str) -> str:
    return f"{institution}\0{visit}"


def _course(page: VisitPage) -> Course:
    settlements = page.standing_settlements()
    elsewhere = {day for served in page.served_elsewhere() for day in served.days}
    charges: dict[int, Counter[str]] = defaultdict(Counter)
    for line in page.lines.values():
        if line.stands:
            charges[line.time // DAY][line.category] += line.scope_left
    days = []
    for day in sorted(page.days.keys() | elsewhere):
        kept = page.days.get(day) or DayOfStay()
        days.append(
            CourseDay(format_day(day), kept.routine, kept.active, kept.scope, day in elsewhere, dict(charges[day]))
        )
    return Course(
        page.visit,
        page.kind,
        page.person,
        page.institution,
        None if page.begin is None else format_time(page.begin),
        None if page.end is None else format_time(page.end),
        page.diagnosis,
        page.department,
        page.scope,
        sum(settled.fund for settled in settlements),
        format_time(settlements[-1].time) if settlements else None,
        days,
    )
