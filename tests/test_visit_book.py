"""A visit's page: bills line by line, settlements, and every correction of the interface taken back to the last fen."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books.institution import InstitutionPage
from detectors.books.item import ItemPage, item_key
from detectors.books.person import PersonPage
from detectors.books.receipt import receipt_key
from detectors.books.visit import VisitPage, visit_key
from detectors.engine.institution_stage import InstitutionStage
from detectors.engine.page import decode_page, encode_page
from schemas.china_time import DAY, HOUR
from tests.engine_run import EngineRun
from tests.wire_messages import BED, INFUSION, TABLETS, Billed, Gateway, moment, routine_lines, treatment_lines

PERSON, VISIT, HOSPITAL = "5001060000000000001", "MI1", "H50010600001"
AT = moment(1, 9)


def told(*messages: bytes) -> EngineRun:
    return EngineRun().take(messages, batch=1)


def page_of(engine: EngineRun, visit: str = VISIT) -> VisitPage:
    stage = engine.pipeline.stages[0]
    assert isinstance(stage, InstitutionStage)
    page = stage.pages.get(VisitPage, visit_key(HOSPITAL, visit))
    assert page is not None
    return page


def sums(page: VisitPage) -> dict[str, object]:
    """All that is summed over lines; days without anything left out."""
    days = {day: (kept.routine, kept.active, kept.scope) for day, kept in page.days.items()}
    return {
        "scope": page.scope,
        "days": {day: kept for day, kept in days.items() if any(kept)},
        "lines": {serial: (line.left, line.scope_left) for serial, line in page.lines.items() if line.stands},
    }


def line(serial: str, quantity: float = 2.0, amount: float = 60.0, **more: object) -> Billed:
    return Billed(serial, AT, INFUSION, quantity, amount, **more)  # type: ignore[arg-type]


def test_lines_of_a_day_are_routine_or_treatment() -> None:
    g = Gateway()
    page = page_of(told(g.bill(AT, PERSON, VISIT, routine_lines(VISIT, 1) + treatment_lines(VISIT, 1))))
    day = page.days[AT // DAY]
    assert (day.routine, day.active, day.scope) == (3, 1, 7_000 + 6_000)  # 40 + 18 + 12 yuan, and two drips of 30


@pytest.mark.parametrize("quantity", [-1.0, -2.0, -5.0])
def test_a_refund_line_takes_back_what_it_names_and_no_more(quantity: float) -> None:
    g = Gateway()
    back = line("2", quantity, 30.0 * quantity, refunds="1")
    page = page_of(told(g.bill(AT, PERSON, VISIT, [line("1")]), g.bill(AT + 60, PERSON, VISIT, [back])))
    left = max(2.0 + quantity, 0.0)
    assert sums(page)["lines"] == ({"1": (left, int(3_000 * left))} if left else {})
    assert page.scope == 3_000 * left


def test_a_refund_that_is_cancelled_lets_its_line_stand_again() -> None:
    g = Gateway()
    bill, back = (
        g.bill(AT, PERSON, VISIT, [line("1")]),
        g.bill(AT, PERSON, VISIT, [line("2", -2.0, -60.0, refunds="1")]),
    )
    engine = told(bill, back, g.cancel_lines(AT, PERSON, VISIT, ["2"]))
    assert sums(page_of(engine)) == sums(page_of(told(bill)))


def test_the_same_serial_again_replaces_the_line() -> None:
    g = Gateway()
    engine = told(g.bill(AT, PERSON, VISIT, [line("1", 5.0, 150.0)]), g.bill(AT, PERSON, VISIT, [line("1")]))
    assert sums(page_of(engine)) == sums(page_of(told(Gateway().bill(AT, PERSON, VISIT, [line("1")]))))


def test_everything_is_all_that_is_not_settled() -> None:
    g = Gateway()
    engine = told(
        g.bill(AT, PERSON, VISIT, [line("1")]),
        g.settle_stay(AT + 60, PERSON, VISIT, "S1", 60.0, interim=True),
        g.bill(AT + 120, PERSON, VISIT, [line("2")]),
        g.cancel_lines(AT + 180, PERSON, VISIT),
    )
    assert set(page_of(engine).lines) == {"1"}


def test_a_cancelled_batch_leaves_the_other_batch() -> None:
    g = Gateway()
    engine = told(
        g.charges(AT, PERSON, "MO1", "B1", [line("1")]),
        g.charges(AT, PERSON, "MO1", "B2", [line("2")]),
        g.cancel_batch(AT, PERSON, "MO1", "B1"),
    )
    assert set(page_of(engine, "MO1").lines) == {"2"}


def test_a_settlement_that_is_refunded_stays_visible_and_does_not_stand() -> None:
    g = Gateway()
    page = page_of(told(g.settle_stay(AT, PERSON, VISIT, "S1", 60.0), g.refund_stay(AT + 60, PERSON, VISIT, "S1")))
    assert len(page.settlements) == 1
    assert page.standing_settlements() == []
    refunded_by = page.message_of(page.settlements[0].refunded_by)
    assert refunded_by is not None
    assert refunded_by.infno == "2305"


def test_a_refund_before_its_settlement_makes_it_void_when_it_comes() -> None:
    g = Gateway()
    settled, refund = g.settle_stay(AT, PERSON, VISIT, "S1", 60.0), g.refund_stay(AT + 60, PERSON, VISIT, "S1")
    assert page_of(told(refund, settled)).standing_settlements() == []


def test_lines_of_two_settlements_count_while_one_of_them_stands() -> None:
    """A settlement that was made anew before its refund came."""
    g = Gateway()
    sold = g.charges(AT, PERSON, "MO1", "B1", [Billed("1", AT, TABLETS, 3.0, 30.0)])
    first, second = (g.settle_visit(AT + n, PERSON, "MO1", "B1", f"S{n}", 30.0) for n in (1, 2))
    back = [g.refund_visit(AT + 3, PERSON, "MO1", f"S{n}") for n in (1, 2)]
    engine = told(sold, first, second, back[0])
    assert page_of(engine, "MO1").lines["1"].counted_by == 2  # the second settlement
    assert volume(engine) == 3.0
    engine.take([back[1]])
    assert page_of(engine, "MO1").lines["1"].counted_by == -1
    assert volume(engine) == 0.0


def test_a_settlement_that_comes_void_leaves_what_counts_by_another() -> None:
    g = Gateway()
    sold = g.charges(AT, PERSON, "MO1", "B1", [Billed("1", AT, TABLETS, 3.0, 30.0)])
    first, second = (g.settle_visit(AT + n, PERSON, "MO1", "B1", f"S{n}", 30.0) for n in (1, 2))
    assert volume(told(sold, g.refund_visit(AT + 3, PERSON, "MO1", "S2"), first, second)) == 3.0


def volume(engine: EngineRun) -> float:
    page = engine.pipeline.stages[0].pages.get(ItemPage, item_key(HOSPITAL, TABLETS))
    assert page is not None
    return page.days.volume(AT // DAY)


def test_keys_tell_institutions_apart_whatever_they_are_called() -> None:
    assert visit_key("A|B", "C") != visit_key("A", "B|C")
    assert receipt_key("A|2401", "2401", "M") != receipt_key("A", "2401", "2401|M")
    g = Gateway("医|1")
    engine = told(g.admission(AT, PERSON, "M|1"))
    page = engine.pipeline.stages[0].pages.get(VisitPage, visit_key("医|1", "M|1"))
    assert page is not None
    assert (page.institution, page.visit) == ("医|1", "M|1")


def test_a_cancelled_discharge_gives_back_the_diagnosis_of_the_admission() -> None:
    g = Gateway()
    engine = told(
        g.admission(AT, PERSON, VISIT, diagnosis="I10.x00"),
        g.discharge(AT + DAY, PERSON, VISIT, diagnosis="S72.000"),
        g.cancel_discharge(AT + DAY + 60, PERSON, VISIT),
    )
    page = page_of(engine)
    assert (page.end, page.diagnosis) == (None, "I10.x00")


def test_a_change_after_the_discharge_keeps_the_diagnosis_of_the_discharge() -> None:
    g = Gateway()
    engine = told(
        g.admission(AT, PERSON, VISIT),
        g.discharge(AT + DAY, PERSON, VISIT, diagnosis="S72.000"),
        g.change(AT + DAY + 60, PERSON, VISIT, begin=AT, diagnosis="I10.x00"),
    )
    assert page_of(engine).diagnosis == "S72.000"


def test_of_two_changes_the_newer_holds_whichever_came_last() -> None:
    g = Gateway()
    old, new = (g.change(AT + n, PERSON, VISIT, begin=AT, bed=f"B-{n}") for n in (1, 2))
    assert page_of(told(old, new)).bed == page_of(told(new, old)).bed == "B-2"


def test_an_admission_after_a_cancelled_one_is_another() -> None:
    g = Gateway()
    first = g.admission(AT, PERSON, VISIT, bed="A-1")
    for correction in (g.cancel_admission(AT + 60, PERSON, VISIT), g.reversal(AT + 60, PERSON, first)):
        page = page_of(told(first, correction, g.admission(AT + 120, PERSON, VISIT, bed="A-2")))
        assert (page.void, page.bed) == (False, "A-2")


def test_an_admission_that_was_cancelled_before_it_came_is_void() -> None:
    g = Gateway()
    assert page_of(told(g.cancel_admission(AT, PERSON, VISIT), g.admission(AT, PERSON, VISIT))).void


def test_a_change_of_the_person_takes_the_stay_from_the_first_one() -> None:
    g = Gateway()
    engine = told(g.admission(AT, "first", VISIT), g.change(AT + HOUR, "second", VISIT, begin=AT))
    engine.pipeline.save()
    void = {
        key: [snapshot.void for snapshot in decode_page(PersonPage, saved).visits.values()]
        for key, saved in engine.stores["person", 0].items()
        if key[:1] == b"p"
    }
    assert void == {b"pfirst": [True], b"psecond": [False]}


def test_a_message_with_several_stays_teaches_by_each_of_them() -> None:
    g = Gateway()
    stays = [(PERSON, f"M{n}", treatment_lines(f"M{n}", n)) for n in range(3)]
    engine = told(g.bills(moment(4), stays))
    habits = engine.pipeline.stages[0].pages.get(InstitutionPage, b"d" + HOSPITAL.encode())
    assert habits is not None
    assert (habits.billed, habits.active) == (3, 3)
    assert [habits.was_billed(moment(day) // DAY) for day in range(-1, 4)] == [False, True, True, True, False]


def test_lines_that_are_cancelled_and_sent_again_teach_once() -> None:
    g = Gateway()
    engine = told(
        g.bill(moment(2), PERSON, VISIT, treatment_lines(VISIT, 1)),
        g.cancel_lines(moment(9), PERSON, VISIT),
        g.bill(moment(9), PERSON, VISIT, treatment_lines(VISIT, 1)),
    )
    habits = engine.pipeline.stages[0].pages.get(InstitutionPage, b"d" + HOSPITAL.encode())
    assert habits is not None
    assert (habits.billed, habits.billed_late, habits.active) == (1, 0, 1)


def test_a_day_whose_bills_were_all_cancelled_was_not_billed() -> None:
    g = Gateway()
    bill = g.bill(moment(2), PERSON, VISIT, treatment_lines(VISIT, 1))
    engine = told(bill, g.cancel_lines(moment(3), PERSON, VISIT))
    habits = engine.pipeline.stages[0].pages.get(InstitutionPage, b"d" + HOSPITAL.encode())
    assert habits is not None
    assert not habits.was_billed(moment(1) // DAY)


ITEMS = (BED, INFUSION, TABLETS)
LINES = st.builds(
    lambda serial, day, item, packs, refunds: Billed(
        str(serial), moment(day, 9), item, float(packs), packs * 10.0, refunds=str(refunds) if packs < 0 else ""
    ),
    st.integers(0, 5), st.integers(0, 3), st.sampled_from(ITEMS), st.integers(-3, 4), st.integers(0, 5),
)  # fmt: skip
STEPS = st.lists(st.lists(LINES, min_size=1, max_size=3) | st.lists(st.sampled_from("012345"), max_size=2), max_size=12)


@given(STEPS, st.sampled_from(["stay", "visit"]))
@settings(max_examples=150)
def test_sums_are_those_of_the_lines_that_stand(steps: list[list[Billed] | list[str]], kind: str) -> None:
    """However lines were billed, refunded, replaced and cancelled: nothing is left over and nothing is lost."""
    g = Gateway()
    messages = [g.admission(AT, PERSON, VISIT)] if kind == "stay" else []
    for number, step in enumerate(steps):
        at = AT + number * 60
        lines = [one for one in step if isinstance(one, Billed)]
        serials = [one for one in step if isinstance(one, str)] or ["0000"]
        if lines:
            bill = g.bill if kind == "stay" else lambda a, p, v, ls: g.charges(a, p, v, "B1", ls)
            messages.append(bill(at, PERSON, VISIT, lines))
        else:
            messages.append(g.cancel_lines(at, PERSON, VISIT, serials))
    engine = told(*messages, g.admission(AT, PERSON, "other"))
    stage = engine.pipeline.stages[0]
    page = stage.pages.get(VisitPage, visit_key(HOSPITAL, VISIT)) or VisitPage(institution=HOSPITAL, visit=VISIT)
    standing = [one for one in page.lines.values() if one.stands]
    assert page.scope == sum(one.scope_left for one in standing)
    if kind == "stay":
        counted = Counter((one.time // DAY, one.is_active) for one in standing)
        for day, kept in page.days.items():
            assert (kept.routine, kept.active) == (counted[day, False], counted[day, True])
            assert kept.scope == sum(one.scope_left for one in standing if one.time // DAY == day)
    assert decode_page(VisitPage, encode_page(page)) == page
    assert encode_page(decode_page(VisitPage, encode_page(page))) == encode_page(page)
