"""Small counties for property tests: stays with their bills, households that come together, pharmacies that sell.

A history is what three institutions and a pharmacy sent over five weeks; `histories()` draws ones in which every rule finds
something often enough. What should never have been, and is taken back, is in `tests.taken_back`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import strategies as st

from schemas.china_time import DAY, HOUR
from tests.engine_run import References, time_of
from tests.wire_messages import (
    CATEGORIES,
    TABLETS,
    Billed,
    Gateway,
    catalogue_record,
    institution_record,
    moment,
    person_record,
    routine_lines,
    treatment_lines,
)

HOSPITALS = ("H50010600001", "H50010600002", "H50010600003")
PHARMACY = "P50010600009"
PERSONS = tuple(f"500106000000000{number:04d}" for number in range(9))
HOUSEHOLDS = ("HH1", "HH1", "HH1", "HH1", "HH2", "HH2", "HH2", "")  # the ninth person has no record at all
DIAGNOSES = ("I10.x00", "I10.x01", "J18.900", "E11.900")
LAST_DAY = 36

REFERENCES = References(
    institutions=tuple(institution_record(code, aprv_bed_cnt=60) for code in (*HOSPITALS, PHARMACY)),
    persons=tuple(
        person_record(
            person,
            household,
            live_addr=f"幸福村{household[2:] or 3}组1号",
            tel="13900001234" if number in (0, 5) else "",
        )
        for number, (person, household) in enumerate(zip(PERSONS, HOUSEHOLDS, strict=False))
    ),
    catalogue=tuple(catalogue_record(item, category, unit="盒") for item, category in CATEGORIES.items()),
)


class Stay(NamedTuple):
    """A stay to be told: ``idle`` holds the days after admission on which nobody was treated."""

    visit: str
    hospital: int
    person: int
    begin: int
    nights: int
    idle: frozenset[int]
    diagnosis: str
    bill_delay: int  # seconds after midnight until a day's bill is sent
    ends: bool = True

    @property
    def end(self) -> int:
        """Discharge: late in the morning, or an hour after admission."""
        return max(self.begin // DAY * DAY + self.nights * DAY + 11 * HOUR, self.begin + HOUR)


class History(NamedTuple):
    """What was sent, in order of time; the stays and what the gateways would send next are there for what is told besides."""

    sent: tuple[bytes, ...]
    stays: tuple[Stay, ...]
    gateways: dict[str, Gateway]
    until: int  # the time mark that ends it
    packs: tuple[int, ...] = ()

    def __repr__(self) -> str:
        """Short enough to be read when a test fails; the messages follow from it."""
        return f"<{len(self.sent)} messages until {self.until}; stays {list(self.stays)}; packs {list(self.packs)}>"

    @property
    def institutions(self) -> list[str]:
        """Who sent something."""
        return sorted(self.gateways)


def in_order(messages: Sequence[bytes]) -> tuple[bytes, ...]:
    """By `inf_time`; messages of one second stay as they were."""
    return tuple(sorted(messages, key=time_of))


def tell_stay(gateway: Gateway, stay: Stay) -> list[bytes]:
    """Admission, a bill a day, discharge, settlement, settlement list."""
    person, visit = PERSONS[stay.person], stay.visit
    told = [gateway.admission(stay.begin + 300, person, visit, begin=stay.begin, diagnosis=stay.diagnosis)]
    first = (stay.begin - moment(0)) // DAY
    billed = 0.0
    for night in range(stay.nights):
        lines = routine_lines(visit, first + night)
        if night not in stay.idle:
            lines += treatment_lines(visit, first + night)
        billed += sum(line.amount for line in lines)
        told.append(gateway.bill(moment(first + night + 1) + stay.bill_delay, person, visit, lines))
    if stay.ends:
        told.append(
            gateway.discharge(
                stay.end + 600, person, visit, end=stay.end, diagnosis=stay.diagnosis if stay.nights % 2 else ""
            )
        )
        settled = max(stay.end + 3 * HOUR, *(time_of(message) + 60 for message in told))
        told.append(gateway.settle_stay(settled, person, visit, f"S{visit}", billed or 40.0))
        told.append(gateway.settlement_list(settled + 20 * DAY, person, visit, f"S{visit}"))
    return told


def tell_sales(gateway: Gateway, packs: Sequence[int]) -> list[bytes]:
    """One purchase a day, of so many packs of one drug; none on a day of none."""
    told = []
    for day, count in enumerate(packs):
        if count:
            at, name = moment(day, 10, day % 60), f"MP{day}"
            lines = [Billed("1", at, TABLETS, float(count), 12.5 * count)]
            told.append(gateway.purchase(at, PERSONS[day % 8], name, f"S{name}", lines))
    return told


@st.composite
def lone_stays(draw: st.DrawFn, number: int) -> list[Stay]:
    nights = draw(st.integers(0, 9))
    first = draw(st.integers(0, max(nights - 1, 0)))
    idle = frozenset(range(first, first + draw(st.sampled_from([0, 2, 3, 5]))))
    return [
        Stay(
            f"MI{number}", draw(st.integers(0, 2)), draw(st.integers(0, 8)),
            moment(draw(st.integers(0, 25)), draw(st.integers(0, 23)), draw(st.integers(0, 59))), nights, idle,
            draw(st.sampled_from(DIAGNOSES)), draw(st.sampled_from([6 * HOUR, 20 * HOUR, 70 * HOUR, 90 * HOUR])),
            draw(st.integers(0, 5)) > 0,
        )
    ]  # fmt: skip


@st.composite
def stays_together(draw: st.DrawFn, number: int) -> list[Stay]:
    """Two or three of the first household, in and out within hours of each other."""
    hospital, nights, day = draw(st.integers(0, 1)), draw(st.integers(2, 4)), draw(st.integers(0, 25))
    members = draw(st.sampled_from([(0, 1), (0, 1), (1, 2), (0, 1, 2)]))
    diagnosis = draw(st.sampled_from(DIAGNOSES))
    return [
        Stay(f"MT{number}-{member}", hospital, member, moment(day, 9 + index * draw(st.integers(0, 3)), member), nights,
             frozenset(), diagnosis, 6 * HOUR, draw(st.integers(0, 7)) > 0)
        for index, member in enumerate(members)
    ]  # fmt: skip


@st.composite
def neighbours_together(draw: st.DrawFn, number: int) -> list[Stay]:
    """One of each household and one of none, all of a village, on one day."""
    hospital, nights, day = draw(st.integers(0, 1)), draw(st.integers(2, 4)), draw(st.integers(0, 25))
    return [
        Stay(f"MN{number}-{member}", hospital, member, moment(day, 9 + draw(st.integers(0, 3)), member), nights,
             frozenset(), "M54.500", 6 * HOUR, draw(st.integers(0, 7)) > 0)
        for member in draw(st.sampled_from([(3, 4, 7), (3, 4, 7), (3, 4)]))
    ]  # fmt: skip


@st.composite
def stays_in_sequence(draw: st.DrawFn, number: int) -> list[Stay]:
    """Three of the second household, one after another into one hospital."""
    hospital, day, told = draw(st.integers(0, 2)), draw(st.integers(0, 8)), []
    for member in (4, 5, 6):
        nights = draw(st.integers(2, 4))
        stay = Stay(f"MS{number}-{member}", hospital, member, moment(day, 10, member), nights, frozenset(), "E11.900",
                    6 * HOUR)  # fmt: skip
        told.append(stay)
        day += nights + draw(st.integers(0, 3))
    return told


@st.composite
def sales(draw: st.DrawFn) -> list[int]:
    """Packs a day of one pharmacy: even, with a spike or a shift late in the history."""
    even = draw(st.integers(0, 6))
    packs = [even + draw(st.integers(0, 2)) for _ in range(LAST_DAY)]
    kind, day = draw(st.sampled_from(["none", "spike", "shift"])), draw(st.integers(24, LAST_DAY - 2))
    if kind == "spike":
        packs[day] += draw(st.sampled_from([12, 90]))
    elif kind == "shift":
        packs[day:] = [count + 25 for count in packs[day:]]
    return packs


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A county of five weeks."""
    stays: list[Stay] = []
    for number in range(draw(st.integers(1, 5))):
        stays += draw(lone_stays(number))
    for number in range(draw(st.integers(0, 2))):
        stays += draw(stays_together(number))
    for number in range(draw(st.integers(0, 1))):
        stays += draw(stays_in_sequence(number))
    for number in range(draw(st.integers(0, 1))):
        stays += draw(neighbours_together(number))
    gateways = {code: Gateway(code) for code in (*HOSPITALS, PHARMACY)}
    sent = [message for stay in stays for message in tell_stay(gateways[HOSPITALS[stay.hospital]], stay)]
    packs = draw(sales())
    sent += tell_sales(gateways[PHARMACY], packs)
    ordered = in_order(sent)
    until = time_of(ordered[-1]) + draw(st.sampled_from([0, HOUR, 7 * DAY]))
    return History(ordered, tuple(stays), gateways, until, tuple(packs))
