"""A terminal's page: what was settled one upon the other, and what is left when some of it is taken back."""

from __future__ import annotations

import random

import msgspec

from detectors.books.terminal import TerminalPage, terminal_key
from detectors.books.terminal_custom import MOST_BEFORE, kind_of
from detectors.books.terminal_following import MOST_RECENT, put, take
from detectors.books.terminal_groups import MOST_GROUPS, MOST_MEMBERS
from detectors.books.terminal_sets import linked
from detectors.books.terminal_swipes import FEWEST, GROUPS_KEPT, Group, Swiped
from detectors.engine.institution_stage import InstitutionStage
from detectors.engine.page import decode_page, encode_page
from schemas.china_time import DAY, HOUR
from schemas.snapshots import Reference
from tests.engine_run import EngineRun
from tests.wire_messages import TABLETS, Billed, Gateway, moment

START = moment(3, 10)
HOSPITAL = "H50010600001"


def swipe(at: int, person: int | str, items: tuple[int, ...] = (1, 2)) -> Swiped:
    name = f"{person}-{at}"
    return Swiped(
        at, f"S{name}", f"V{name}", f"P{person}", items, kind_of(items), 2_500, 2_500, True, False,
        Reference("2102", name, at),
    )  # fmt: skip


def blank() -> TerminalPage:
    return TerminalPage(institution=HOSPITAL, operator="0001")


def institution() -> TerminalPage:
    return TerminalPage(institution=HOSPITAL, operator="")


def told(page: TerminalPage, *swipes: Swiped) -> TerminalPage:
    for one in swipes:
        put(page, page, one)
    return page


def row(persons: int = 6, at: int = START, gap: int = 40, **more: tuple[int, ...]) -> list[Swiped]:
    return [swipe(at + gap * n, n, **more) for n in range(persons)]


def known(group: Group) -> tuple[list[str], int, int, int]:
    return [one.visit for one in group.members if one.stands], group.kind, group.seen, group.usual


def test_a_row_is_a_group_from_its_fourth_person_on() -> None:
    page = told(blank(), *row(3))
    assert page.groups == []
    told(page, *row(FEWEST)[3:])
    assert [len(group.members) for group in page.groups] == [FEWEST]


def test_a_settlement_twice_changes_nothing() -> None:
    once, twice = told(blank(), *row()), told(blank(), *(one for one in row() for _ in range(2)), *row())
    assert encode_page(once) == encode_page(twice)


def test_one_that_is_told_again_an_hour_later_counts_once_in_the_custom() -> None:
    page = told(blank(), swipe(START, 1), swipe(START + HOUR, 2))
    assert (page.times, page.kinds) == ([START], [kind_of((1, 2))])
    before = encode_page(page)
    assert encode_page(told(page, swipe(START, 1))) == before


def test_one_that_comes_late_by_minutes_finds_its_place() -> None:
    swipes = row(7)
    for seed in range(20):
        mixed = swipes[:]
        random.Random(seed).shuffle(mixed)
        page = told(blank(), *mixed)
        assert [known(group)[0] for group in page.groups] == [[one.visit for one in swipes]]


def test_what_is_refunded_stands_no_more_until_the_refund_is_reversed() -> None:
    page, swipes = told(blank(), *row()), row()
    before = known(page.groups[0])
    assert take(page, page, swipes[2].settlement, swipes[2].time)
    assert page.groups[0].persons() == {f"P{n}" for n in (0, 1, 3, 4, 5)}
    assert put(page, page, swipes[2])
    assert known(page.groups[0]) == before


def test_what_is_refunded_before_it_is_a_group_leaves_nothing() -> None:
    page, swipes = told(blank(), *row(2)), row(2)
    for one in swipes:
        assert not take(page, page, one.settlement, one.time)
    assert encode_page(page) == encode_page(blank())


def test_a_busy_counter_s_pace_is_no_group() -> None:
    page = blank()
    rng = random.Random(1)
    at = START
    for number in range(600):  # eight hours of one every 48 seconds, of forty baskets
        at += int(rng.expovariate(1 / 48))
        put(page, page, swipe(at, number, (rng.randrange(40),)))
    assert len(page.groups) <= 2  # that hour's clumps; no rule sees anything in them
    assert all(group.usual <= group.seen for group in page.groups)


def test_a_row_at_a_busy_counter_is_seen_by_its_items() -> None:
    page = blank()
    rng = random.Random(1)
    at = START
    for number in range(200):
        at += int(rng.expovariate(1 / 48))
        put(page, page, swipe(at, number, (rng.randrange(40),)))
    told(page, *(swipe(at + 10 + 40 * n, f"K{n}", (77, 78, 79)) for n in range(6)))
    assert any({f"PK{n}" for n in range(6)} <= group.persons() for group in page.groups)


def test_others_of_the_day_with_the_same_items_are_noted() -> None:
    page = told(blank(), *row(5))
    later = [swipe(START + 2 * HOUR + n * HOUR, f"L{n}") for n in range(3)]
    told(page, *later)
    assert page.groups[0].alike == [one.time for one in later]
    take(page, page, later[1].settlement, later[1].time)
    assert page.groups[0].alike == [later[0].time, later[2].time]


def test_a_set_that_comes_again_is_linked_and_strangers_are_not() -> None:
    page = blank()
    for day in (0, 7, 14):
        told(page, *row(6, START + day * DAY))
    told(page, *(swipe(START + 20 * DAY + 30 * n, f"other {n}") for n in range(6)))
    assert [len(cluster) for cluster in linked(page.groups)] == [3, 1]


def test_a_set_is_forgotten_two_months_after_it_came_last() -> None:
    page = told(blank(), *row(6), *row(6, START + 50 * DAY))
    page.advance(START + GROUPS_KEPT + DAY)
    assert len(page.groups) == 2  # the second keeps the first
    newest = page.groups[-1].members[-1].time
    assert page.next_change() <= newest + GROUPS_KEPT
    page.advance(newest + GROUPS_KEPT)
    assert page.groups == []
    assert page.kept_from() == newest + 1  # of what is told of a group, all may begin later than the group does


def test_what_was_told_of_a_burst_is_final_though_somebody_had_settled_before_it() -> None:
    """He is of the group, and not of what is told: the alert begins with the first card of the burst."""
    page = told(blank(), swipe(START - 2 * 60, "somebody"), *row(6))
    [group] = page.groups
    assert group.begin == START - 2 * 60
    page.advance(group.end + GROUPS_KEPT)
    assert page.groups == []
    assert page.kept_from() > START


def test_it_stays_bounded_whatever_comes() -> None:
    page = blank()
    rng = random.Random(2)
    for day in range(400):
        for number in range(30):
            put(page, page, swipe(START + day * DAY // 4 + 20 * number, rng.randrange(1_000), (rng.randrange(5),)))
    assert len(page.recent) <= MOST_RECENT
    assert len(page.times) == len(page.kinds) <= MOST_BEFORE
    assert page.times == sorted(page.times)
    assert len(page.groups) <= MOST_GROUPS
    assert all(len(group.members) <= MOST_MEMBERS for group in page.groups)


def test_it_goes_on_alike_when_saved_and_restored() -> None:
    swipes = [one for day in range(6) for one in row(6, START + day * DAY)]
    whole = told(blank(), *swipes)
    for cut in range(0, len(swipes), 5):
        half = told(blank(), *swipes[:cut])
        restored = decode_page(TerminalPage, encode_page(half))
        assert encode_page(told(restored, *swipes[cut:])) == encode_page(whole)


def test_an_operator_s_groups_are_on_the_institution_s_page_beside_its_own() -> None:
    home, first, second = institution(), blank(), TerminalPage(institution=HOSPITAL, operator="0002")
    for number, one in enumerate(row(8)):
        put(home, home, one)
        put(first if number < 5 else second, home, msgspec.structs.replace(one))
    assert [(group.operator, len(group.members)) for group in home.groups] == [("", 8), ("0001", 5)]
    assert first.groups == second.groups == []
    gone = row(8)[0]
    assert take(home, home, gone.settlement, gone.time)
    assert take(first, home, gone.settlement, gone.time)
    assert [len(group.persons()) for group in home.groups] == [7, 4]


def test_what_an_operator_and_his_institution_both_hold_has_not_come_again() -> None:
    home, own = institution(), blank()
    for day in range(MOST_GROUPS):  # each time strangers
        for number in range(5):
            one = swipe(START + day * DAY + 40 * number, f"{day}-{number}")
            put(home, home, one)
            put(own, home, msgspec.structs.replace(one))
    assert len(home.groups) <= MOST_GROUPS
    assert home.groups[-1].begin == START + (MOST_GROUPS - 1) * DAY, "there was room for the newest"


# -- what visits say ------------------------------------------------------------------------------------------------


def page_of(engine: EngineRun) -> TerminalPage | None:
    stage = engine.pipeline.stages[0]
    assert isinstance(stage, InstitutionStage)
    return stage.pages.get(TerminalPage, terminal_key(HOSPITAL, "0001"))


def outpatient(g: Gateway, at: int, served: int, diagnosis: str = "J06.900") -> list[bytes]:
    return [
        g.encounter(at - 60, "P1", "MO1", diagnosis),
        g.charges(at - 30, "P1", "MO1", "B1", [Billed("1", served, TABLETS)]),
        g.settle_visit(at, "P1", "MO1", "B1", "S1", 40.0),
    ]


def test_bills_that_are_hours_older_than_their_settlement_are_late() -> None:
    for served, is_late in ((START - 60, False), (START - 3 * HOUR, True), (START // DAY * DAY, False)):
        page = page_of(EngineRun().take(outpatient(Gateway(), START, served)))
        assert page is not None
        assert [one.is_late for one in page.recent] == [is_late]


def test_no_rule_is_asked_about_a_settlement_that_ends_no_group() -> None:
    engine, g = EngineRun(), Gateway()
    at = START
    for number in range(6):  # one in ten minutes
        at += 600
        person, visit, bill = f"P{number}", f"MO{number}", f"B{number}"
        engine.take([
            g.encounter(at - 60, person, visit, "J06.900"),
            g.charges(at - 30, person, visit, bill, [Billed("1", at - 60, TABLETS)]),
            g.settle_visit(at, person, visit, bill, f"S{number}", 40.0),
        ])  # fmt: skip
    page = page_of(engine)
    assert page is not None
    assert len(page.recent) + len(page.times) == 6
    assert "card_burst" not in engine.pipeline.stages[0].examiner.questions


def test_dialysis_is_left_out() -> None:
    assert page_of(EngineRun().take(outpatient(Gateway(), START, START - 60, "N18.001"))) is None


def test_a_refund_and_a_reversal_reach_the_terminal() -> None:
    g = Gateway()
    sent = outpatient(g, START, START - 60)
    page = page_of(EngineRun().take([*sent, g.refund_visit(START + 60, "P1", "MO1", "S1")]))
    assert page is not None
    assert page.recent == []
    page = page_of(EngineRun().take([*sent, g.reversal(START + 60, "P1", sent[-1])]))
    assert page is not None
    assert page.recent == []
