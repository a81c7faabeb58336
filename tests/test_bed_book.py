"""Does a bed's page hold who had the bed, whatever was moved, corrected, doubled or taken back?"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books.bed import MOST_AT_ONCE, MOST_OCCUPANTS, BedPage, Span, bed_code, bed_key
from detectors.books.visit import VisitPage, visit_key
from detectors.by_institution.bed_conflict.rule import BedConflict
from detectors.engine.page import decode_page
from schemas.china_time import DAY, HOUR
from tests.engine_run import EngineRun, References
from tests.wire_messages import NURSING, Billed, Gateway, institution_record, moment, routine_lines

HOSPITAL = "H50010600001"
PERSONS = tuple(f"500106000000000{number:04d}" for number in range(1, 7))
KNOWN = References(institutions=(institution_record(HOSPITAL, aprv_bed_cnt=60),))
UNTIL = moment(60)


def run(sent: Iterable[bytes], until: int = UNTIL) -> EngineRun:
    return EngineRun(KNOWN, rules=[BedConflict()]).take(sent).mark(until)


def billed(gateway: Gateway, person: str, visit: str, begin: int, end: int) -> bytes:
    """Nursing of every day of a stay, billed when it ends."""
    days = range(begin // DAY, end // DAY + 1)
    lines = [Billed(f"{visit}-{day}", max(begin, day * DAY + 9 * HOUR), NURSING, 1.0, 18.0) for day in days]
    return gateway.bill(end, person, visit, lines)


def beds(engine: EngineRun) -> dict[str, BedPage]:
    """Every saved page of a bed, by its code."""
    engine.pipeline.save()
    pages = [
        decode_page(BedPage, saved)
        for (name, _), store in engine.stores.items()
        if name == "institution"
        for key, saved in store.items()
        if key[:1] == BedPage.prefix
    ]
    return {page.bed: page for page in pages if page.occupants}


def known(engine: EngineRun) -> dict[str, Any]:
    return {bed: page.occupants for bed, page in beds(engine).items()}


def told(gateway: Gateway) -> list[bytes]:
    """Two in bed 1 from day 0 and day 1 to day 6, billed day by day, and one alone in bed 2."""
    sent = []
    for number, (day, bed) in enumerate(((0, "A03-001"), (1, "A03-001"), (0, "A03-002"))):
        visit, person, begin = f"MI{number}", PERSONS[number], moment(day, 9)
        sent.append((begin, gateway.admission(begin, person, visit, begin=begin, bed=bed)))
        for night in range(day, 6):
            at = moment(night + 1, 6, number)
            sent.append((at, gateway.bill(at, person, visit, routine_lines(visit, night))))
        end = moment(6, 11, number)
        sent.append((end, gateway.discharge(end, person, visit, end=end)))
        sent.append((end + HOUR, gateway.settle_stay(end + HOUR, person, visit, f"S{visit}", 400.0)))
    return [message for _, message in sorted(sent)]


def test_who_has_a_bed_alone_leaves_only_the_times() -> None:
    alone = beds(run(told(Gateway())))["A03-002"].occupants["MI2"]
    assert alone.person == PERSONS[2]
    assert alone.spans == (Span(moment(0, 9), moment(6, 11, 2), False),)
    assert alone.billed is None


def test_who_shares_one_leaves_his_bill_too() -> None:
    first, second = beds(run(told(Gateway())))["A03-001"].occupants.values()
    assert first.billed is not None
    assert second.billed is not None
    assert (first.billed.scope, second.billed.scope) == (40_000, 40_000)
    assert len(first.billed.days) == 6
    assert len(second.billed.days) == 5
    assert [reference.infno for reference in first.billed.evidence] == ["2401", "2402", "2304"]


def test_a_move_ends_the_time_in_one_bed_and_begins_it_in_the_other() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(0, 9), PERSONS[0], "MI0", bed="A03-001"),
        g.change(moment(2, 8), PERSONS[0], "MI0", begin=moment(0, 9), bed="A03-002"),
        g.change(moment(3, 8), PERSONS[0], "MI0", begin=moment(0, 7), bed="A03-002"),
        g.discharge(moment(5, 8), PERSONS[0], "MI0"),
    ]
    pages = beds(run(sent))
    assert pages["A03-001"].occupants["MI0"].spans == (Span(moment(0, 7), moment(2, 8), True),)
    assert pages["A03-002"].occupants["MI0"].spans == (Span(moment(2, 8), moment(5, 8), False),)


def test_who_is_back_in_his_bed_never_left_it() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(0, 9), PERSONS[0], "MI0", bed="A03-001"),
        g.change(moment(2, 8), PERSONS[0], "MI0", begin=moment(0, 9), bed="A03-002"),
        g.change(moment(3, 8), PERSONS[0], "MI0", begin=moment(0, 9), bed="A03-001"),
    ]
    pages = beds(run(sent, moment(6)))
    assert list(pages) == ["A03-001"]
    assert pages["A03-001"].occupants["MI0"].spans == (Span(moment(0, 9), None, False),)


def test_a_discharge_that_is_cancelled_leaves_him_in_bed() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(0, 9), PERSONS[0], "MI0"),
        g.discharge(moment(5, 8), PERSONS[0], "MI0"),
        g.cancel_discharge(moment(5, 9), PERSONS[0], "MI0"),
    ]
    assert beds(run(sent, moment(6)))["A03-001"].occupants["MI0"].until is None


def test_without_a_discharge_the_final_settlement_says_when_he_left() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(0, 9), PERSONS[0], "MI0"),
        g.bill(moment(3, 6), PERSONS[0], "MI0", routine_lines("MI0", 2)),
        g.settle_stay(moment(9, 10), PERSONS[0], "MI0", "S0", 70.0),
    ]
    assert beds(run(sent))["A03-001"].occupants["MI0"].until == moment(3) - 1  # the end of the last day billed
    refunded = [*sent, g.refund_stay(moment(10), PERSONS[0], "MI0", "S0")]
    assert beds(run(refunded))["A03-001"].occupants["MI0"].until is None


def test_a_stay_whose_admission_was_never_sent_is_known_from_its_change_on() -> None:
    g = Gateway()
    sent = [g.change(moment(7, 8), PERSONS[0], "MI0", begin=moment(0, 9), bed="A03-005")]
    assert beds(run(sent, moment(8)))["A03-005"].occupants["MI0"].since == moment(7, 8)


@pytest.mark.parametrize("way", ["2404", "2601"])
def test_an_admission_that_is_taken_back_leaves_the_page_as_it_was(way: str) -> None:
    g = Gateway()
    ghost = g.admission(moment(2, 9), PERSONS[4], "MI9", bed="A03-001")
    bill = g.bill(moment(3, 6), PERSONS[4], "MI9", routine_lines("MI9", 2))
    back = (
        g.cancel_admission(moment(8), PERSONS[4], "MI9") if way == "2404" else g.reversal(moment(8), PERSONS[4], ghost)
    )
    plain = told(g)
    with_ghost = run([*plain[:6], ghost, bill, *plain[6:], back])
    assert known(with_ghost) == known(run(plain))
    assert with_ghost.open_alerts() == run(plain).open_alerts() != {}


def test_the_only_one_who_is_taken_back_leaves_no_page() -> None:
    g = Gateway()
    engine = run([g.admission(moment(2, 9), PERSONS[4], "MI9"), g.cancel_admission(moment(3), PERSONS[4], "MI9")])
    engine.pipeline.save()
    key = bed_key(HOSPITAL, "A03", "A03-001")
    assert all(key not in store for store in engine.stores.values())


def test_every_message_twice_changes_nothing() -> None:
    plain = told(Gateway())
    twice = run([message for message in plain for _ in range(2)])
    assert known(twice) == known(run(plain))
    assert twice.open_alerts() == run(plain).open_alerts()


def test_a_bed_is_forgotten_with_those_who_had_it() -> None:
    engine = run(told(Gateway()), moment(6) + 450 * DAY)
    engine.pipeline.save()
    assert not [key for store in engine.stores.values() for key in store if key[:1] == BedPage.prefix]
    assert len(engine.newest()) == 1
    assert all(alert.status == "open" for alert in engine.newest().values())  # forgotten, not taken back


def test_a_code_that_everybody_has_is_no_bed_and_its_page_stays_small() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(number // 4, 9, number % 4), f"P{number}", f"MI{number}", bed="J1")
        for number in range(MOST_OCCUPANTS + 60)
    ]
    page = beds(run(sent, moment(40)))["J1"]
    assert len(page.occupants) == MOST_OCCUPANTS
    assert not page.sharing()
    assert all(one.billed is None for one in page.occupants.values())
    assert len(page.occupants) > MOST_AT_ONCE


@pytest.mark.parametrize("bed", ["", "0", "00", "A03", "A03-000", "无", "加床", "临时", "走廊", "待床", "9999", " 床 "])
def test_words_and_noughts_name_no_bed(bed: str) -> None:
    assert bed_code("A03", bed) == ""


@pytest.mark.parametrize(
    ("bed", "code"),
    [("12", "12"), (" a03-012 ", "A03-012"), ("12床", "12"), ("12号床", "12"), ("加1", "加1"), ("１２", "12")],
)
def test_a_bed_is_known_by_its_code(bed: str, code: str) -> None:
    assert bed_code("A03", bed) == code


def pair_among(numbers: Iterable[int], pair: int) -> EngineRun:
    """Two in one bed of that number for a week, in a hospital whose other stays have beds of those numbers."""
    g, sent = Gateway(), []
    for index, number in enumerate(numbers):
        begin = moment(0, 6, index)
        sent.append((begin, g.admission(begin, f"P{index}", f"MO{index}", bed=f"A03-{number}")))
        sent.append((begin + DAY, g.discharge(begin + DAY, f"P{index}", f"MO{index}")))
    for index in range(2):
        begin, end = moment(3, 9, index), moment(7, 9, index)
        sent.append((begin, g.admission(begin, PERSONS[index], f"MI{index}", bed=f"A03-{pair}")))
        sent.append((end, billed(g, PERSONS[index], f"MI{index}", begin, end)))
        sent.append((end, g.discharge(end, PERSONS[index], f"MI{index}")))
    return run([message for _, message in sorted(sent)])


@pytest.mark.parametrize(
    ("numbers", "pair", "severity"),
    [
        (range(1, 20), 7, "medium"),  # beds are numbered, and this is one of them
        (range(1, 20), 95, "medium"),  # an extra bed where beds are numbered
        (range(130, 999, 45), 33, "low"),  # numbers that anybody may draw, of 60 beds
        ((), 33, "medium"),  # nothing is known but that it could be one
        ((), 333, "low"),
    ],
)
def test_where_codes_do_not_number_the_beds_a_pair_says_little(
    numbers: Iterable[int], pair: int, severity: str
) -> None:
    (alert,) = pair_among(numbers, pair).open_alerts().values()
    assert alert["severity"] == severity


def test_a_pair_hears_later_that_codes_number_the_beds() -> None:
    g = Gateway()
    sent = [g.admission(moment(3, 9, index), PERSONS[index], f"MI{index}", bed="A03-95") for index in range(2)]
    for index in range(2):
        sent.append(billed(g, PERSONS[index], f"MI{index}", moment(3, 9, index), moment(7, 9, index)))
        sent.append(g.discharge(moment(7, 9, index), PERSONS[index], f"MI{index}"))
    later = [
        g.admission(moment(8, 9, number), f"P{number}", f"MO{number}", bed=f"A03-{number}") for number in range(1, 20)
    ]
    assert [alert["severity"] for alert in run(sent, moment(9)).open_alerts().values()] == ["low"]
    (alert,) = run([*sent, *later], moment(9)).open_alerts().values()
    assert alert["severity"] == "medium"


def test_two_dates_in_a_register_without_a_bill_are_not_told() -> None:
    g, sent = Gateway(), []
    for index in range(2):
        sent.append(g.admission(moment(3, 9, index), PERSONS[index], f"MI{index}", bed="A03-7"))
    sent += [g.discharge(moment(9, 9, index), PERSONS[index], f"MI{index}") for index in range(2)]
    assert run(sent).open_alerts() == {}


# -- against a search through all moments -----------------------------------------------------------------------------


class Told(msgspec.Struct, frozen=True):
    """A stay in one bed: hours after the begin of day 0."""

    person: int
    begin: int
    hours: int


stays = st.lists(
    st.builds(Told, st.integers(0, 5), st.integers(0, 24 * 12), st.integers(2, 24 * 9)), min_size=2, max_size=6
)


@settings(deadline=None, max_examples=60)
@given(stays)
def test_who_had_it_at_once_is_found_as_a_search_hour_by_hour_finds_it(lying: list[Told]) -> None:
    g, sent = Gateway(), []
    for number, one in enumerate(lying):
        begin, end = moment(0) + one.begin * HOUR, moment(0) + (one.begin + one.hours) * HOUR
        sent.append((begin, g.admission(begin, PERSONS[one.person], f"MI{number}", begin=begin)))
        sent.append((end, billed(g, PERSONS[one.person], f"MI{number}", begin, end)))
        sent.append((end, g.discharge(end, PERSONS[one.person], f"MI{number}", end=end)))
    engine = run([message for _, message in sorted(sent)])
    expected = set[str]()
    for i, one in enumerate(lying):
        for k, other in enumerate(lying):
            hours = [h for h in range(24 * 24) if all(o.begin <= h < o.begin + o.hours for o in (one, other))]
            if i != k and one.person != other.person and len(hours) > 24:
                expected |= {f"MI{i}", f"MI{k}"}
    assert {visit for alert in engine.open_alerts().values() for visit in alert["visits"]} == expected
    for alert in engine.open_alerts().values():
        at_once = max(
            len(
                {
                    o.person
                    for n, o in enumerate(lying)
                    if f"MI{n}" in alert["visits"] and o.begin <= h < o.begin + o.hours
                }
            )
            for h in range(24 * 24)
        )
        stated = {measure["name"]: measure["value"] for measure in alert["measures"]}
        assert 2 <= stated["persons_in_bed"] <= at_once


def shares_bed(engine: EngineRun, visit: str) -> bool:
    engine.pipeline.save()
    key = visit_key(HOSPITAL, visit)
    return next(decode_page(VisitPage, store[key]).shares_bed for store in engine.stores.values() if key in store)


def test_a_visit_hears_whether_it_shares_its_bed_for_its_bills_to_be_looked_at_or_not() -> None:
    g = Gateway()
    first = g.admission(moment(0, 9), PERSONS[0], "MI0")
    second = g.admission(moment(1, 9), PERSONS[1], "MI1")
    engine = run([first], moment(0, 10))
    assert not shares_bed(engine, "MI0")
    engine.take([second])
    assert shares_bed(engine, "MI0")
    assert shares_bed(engine, "MI1")
    engine.take([g.bill(moment(2, 6), PERSONS[0], "MI0", routine_lines("MI0", 1))])
    shared = beds(engine)["A03-001"].occupants["MI0"].billed
    assert shared is not None
    assert shared.days == (moment(1) // DAY,)
    engine.take([g.discharge(moment(2, 8), PERSONS[0], "MI0", end=moment(1, 8))])
    assert not shares_bed(engine, "MI0")
    assert not shares_bed(engine, "MI1")


def test_who_moves_out_of_a_shared_bed_into_another_one_is_still_heard() -> None:
    g = Gateway()
    sent = [
        g.admission(moment(0, 9), PERSONS[0], "MI0", bed="A03-001"),
        g.admission(moment(0, 9), PERSONS[1], "MI1", bed="A03-001"),
        g.admission(moment(0, 9), PERSONS[2], "MI2", bed="A03-002"),
        g.change(moment(2, 8), PERSONS[0], "MI0", begin=moment(0, 9), bed="A03-002"),
        g.cancel_admission(moment(3, 9), PERSONS[1], "MI1"),
    ]
    engine = run(sent, moment(4))
    assert shares_bed(engine, "MI0")  # with MI2
    assert not shares_bed(run([*sent, g.cancel_admission(moment(4, 9), PERSONS[2], "MI2")], moment(5)), "MI0")
