"""An institution's amounts: what was settled lately, what came to the same, and how amounts are usually spread."""

from __future__ import annotations

import random
from math import exp
from typing import Any

import pytest

from detectors.books import amounts_following
from detectors.books.amounts import CASES_KEPT, MOST_CASES, MOST_WITHDRAWN, AmountsPage, Case, amounts_key
from detectors.books.amounts_lately import FEWEST, MOST_SETTLED, WINDOW, Amount
from detectors.books.amounts_spread import MOST_LEARNED, Spread
from detectors.books.visit import Settled, VisitPage, visit_key
from detectors.engine.institution_stage import InstitutionStage
from detectors.engine.page import decode_page, encode_page
from detectors.engine.pages import Pages
from schemas.china_time import DAY, HOUR
from schemas.snapshots import STAY, Reference
from tests.engine_run import EngineRun
from tests.wire_messages import Gateway, moment

START = moment(3, 10)
HOSPITAL = "H50010600001"


def blank() -> AmountsPage:
    return AmountsPage(institution=HOSPITAL)


def post(page: AmountsPage, visit: str, at: int, fund: int) -> list[str]:
    """As the follower does, but the stays are made up."""
    near = page.put(visit, Amount(at, fund, fund * 2))
    for name in near:
        held = page.settled.get(name)
        if held is not None and name not in page.cases and not page.keep(case(name, held)):
            break
    return near


def case(visit: str, amount: Amount) -> Case:
    source = Reference("2304", f"M{visit}", amount.time)
    return Case(
        visit, f"P{visit}", amount.time, amount.fund, amount.total, amount.total, amount.time - 5 * DAY, amount.time,
        "I10.x00", "A03", 0.012, 0.012, source,
    )  # fmt: skip


def test_four_of_one_amount_are_cases_and_three_are_not() -> None:
    page = blank()
    for number in range(3):
        assert post(page, f"V{number}", START + number * DAY, 200_000 + number) == []
    assert sorted(post(page, "V3", START + 3 * DAY, 200_003)) == ["V0", "V1", "V2", "V3"]


def test_far_apart_in_time_or_amount_is_not_near() -> None:
    page = blank()
    for number in range(8):
        assert post(page, f"V{number}", START + number * 4 * DAY, 200_000) == []  # never four within ten days
    page = blank()
    for number in range(8):
        assert post(page, f"V{number}", START, 200_000 + 8_000 * number) == []


def test_what_is_taken_back_was_never_there() -> None:
    page = blank()
    for number in range(5):
        post(page, f"V{number}", START + number * HOUR, 200_000)
    assert page.take("V2")
    assert set(page.settled) == set(page.cases) == {"V0", "V1", "V3", "V4"}
    assert page.by_day == {START // DAY: 4}
    for number in (0, 1, 3, 4):
        page.take(f"V{number}")
    assert (page.settled, page.cases, page.by_day) == ({}, {}, {})


def test_a_refund_that_is_taken_back_leaves_nothing_however_late() -> None:
    page = blank()
    for number in range(5):
        post(page, f"V{number}", START + number * HOUR, 200_000)
    post(page, "W", START + 2 * WINDOW, 500_000)  # the five lie behind the window now
    cases, days = dict(page.cases), dict(page.by_day)
    assert page.take("V2")
    assert "V2" not in page.cases
    page = decode_page(AmountsPage, encode_page(page))
    assert post(page, "V2", START + 2 * HOUR, 200_000) == ["V2"]
    assert (page.cases, page.by_day, page.withdrawn) == (cases, days, {})
    page.take("V2")
    assert post(page, "V2", START + 2 * HOUR, 210_000) == []  # another amount of that time is not compared any more
    assert "V2" not in page.cases


def test_of_the_refunded_the_latest_are_remembered() -> None:
    page = blank()
    for number in range(3 * MOST_WITHDRAWN):
        post(page, f"V{number}", START + number, 200_000 + 9_000 * number)
        page.take(f"V{number}")
    assert list(page.withdrawn) == [f"V{number}" for number in range(2 * MOST_WITHDRAWN, 3 * MOST_WITHDRAWN)]


def test_a_settlement_anew_replaces_what_stood() -> None:
    page = blank()
    post(page, "V0", START, 200_000)
    post(page, "V0", START + HOUR, 300_000)
    assert page.settled == {"V0": Amount(START + HOUR, 300_000, 600_000)}
    assert page.by_day == {START // DAY: 1}


def test_what_leaves_the_window_is_learned() -> None:
    page = blank()
    post(page, "V0", START, 200_000)
    assert page.fund.learned == 0
    post(page, "V1", START + WINDOW + 1, 900_000)
    assert set(page.settled) == {"V1"}
    assert page.fund.learned > 0
    post(page, "V2", START, 100_000)  # too late to be near to anything
    assert set(page.settled) == {"V1"}


def test_an_amount_that_is_always_settled_becomes_usual() -> None:
    always, spread = Spread(), Spread()
    rng = random.Random(1)
    for _ in range(400):
        always.learn(200_000, 4)
        spread.learn(int(exp(12.2 + 0.7 * rng.gauss(0, 1))), 4)
    assert always.usual(200_000) > 0.5
    assert 0.0114 * 0.7 < spread.usual(200_000) < 0.0114 * 2.5  # 0.02 / (0.7 √2π), rather too much than too little
    assert spread.usual(20_000_000) < 0.005


def test_a_cluster_teaches_a_quarter_and_what_goes_on_is_usual_at_last() -> None:
    once, always = blank(), blank()
    for number in range(6):
        post(once, f"V{number}", START + number * DAY, 200_000)
    post(once, "last", START + 30 * DAY, 900_000)
    assert once.fund.learned == 6
    for number in range(200):
        post(always, f"V{number}", START + number * DAY, 200_000 + 500_000 * (number % 3))
    assert once.fund.usual(200_000) < 0.05 < 0.15 < always.fund.usual(200_000)


def test_learning_stays_bounded() -> None:
    spread = Spread()
    for number in range(20_000):
        spread.learn(10_000 + number * 1_000, 4)
    assert spread.learned <= MOST_LEARNED
    assert len(spread.counts) < 400
    assert 0 < spread.usual(1_000_000) <= 1


def test_cases_are_forgotten_together() -> None:
    page = blank()
    for number in range(6):
        post(page, f"V{number}", START + number * DAY, 200_000)
    page.advance(START + CASES_KEPT)
    assert len(page.cases) == 6  # the last is not old enough, and without the first it would be another cluster
    page.advance(START + 5 * DAY + CASES_KEPT)
    assert page.cases == {}
    assert page.kept_from() == START + 5 * DAY + 1


def test_it_stays_bounded_whatever_comes() -> None:
    page = blank()
    rng = random.Random(2)
    for number in range(3_000):
        post(
            page,
            f"V{number}",
            START + number * DAY // 100,
            rng.choice((200_000, 200_500, int(exp(12 + rng.gauss(0, 1))))),
        )
    assert len(page.settled) <= MOST_SETTLED
    assert len(page.cases) <= MOST_CASES
    assert len(page.by_day) <= 92
    assert len(encode_page(page)) < 60_000


def test_it_goes_on_alike_when_saved_and_restored() -> None:
    def told(page: AmountsPage, first: int, last: int) -> AmountsPage:
        for number in range(first, last):
            post(page, f"V{number}", START + number * DAY // 3, 200_000 + number % 7 * 40_000)
        return page

    whole = encode_page(told(blank(), 0, 80))
    for cut in range(0, 80, 9):
        restored = decode_page(AmountsPage, encode_page(told(blank(), 0, cut)))
        assert encode_page(told(restored, cut, 80)) == whole


# -- what visits say ------------------------------------------------------------------------------------------------


def page_of(*messages: bytes) -> AmountsPage | None:
    stage = EngineRun().take(messages, batch=1).pipeline.stages[0]
    assert isinstance(stage, InstitutionStage)
    return stage.pages.get(AmountsPage, amounts_key(HOSPITAL))


def stay(g: Gateway, **entry: Any) -> list[bytes]:
    return [
        g.admission(START, "P1", "V1", **entry),
        g.discharge(START + 5 * DAY, "P1", "V1"),
        g.settle_stay(START + 5 * DAY + 600, "P1", "V1", "S1", 3_000.0),
    ]


def test_a_settled_stay_is_told() -> None:
    page = page_of(*stay(Gateway()))
    assert page is not None
    assert page.settled == {"V1": Amount(START + 5 * DAY + 600, 180_000, 300_000)}


@pytest.mark.parametrize("number", [3, 4])
def test_a_settlement_by_which_a_cluster_is_weighed_is_seen_to_go(number: int) -> None:
    """Among cases it is one of so many; where there is no case it makes no difference."""
    page = blank()
    for case_number in range(number):
        post(page, f"V{case_number}", START + case_number * HOUR, 200_000 + case_number)
    post(page, "VX", START, 900_000)
    assert bool(page.cases) == (number >= FEWEST)
    assert page.is_counted(START) == (number >= FEWEST)
    assert not page.is_counted(START + 2 * DAY)
    assert page.take("VX") == (number >= FEWEST)


def test_stays_of_amounts_of_their_own_let_no_rule_ask() -> None:
    pages = Pages({}, (AmountsPage, VisitPage))
    for number, fund in enumerate((200_000, 310_000, 470_000, 620_000, 900_000)):
        visit = settled_stay(f"V{number}", START + number * HOUR, fund)
        assert list(amounts_following.follow(visit, pages, number)) == []
    page = pages.get(AmountsPage, amounts_key(HOSPITAL))
    assert page is not None
    assert len(page.settled) == 5


def test_a_cluster_is_told_and_then_only_what_changes_it() -> None:
    pages = Pages({}, (AmountsPage, VisitPage))
    told = []
    for number in range(6):
        visit = settled_stay(f"V{number}", START + number * HOUR, 200_000 + number)
        pages.keep(visit_key(HOSPITAL, visit.visit), visit)
        told.append(len(list(amounts_following.follow(visit, pages, number))))
    assert told == [0, 0, 0, 1, 1, 1]
    assert list(amounts_following.follow(visit, pages, 7)) == []  # the same again
    later = settled_stay("VX", START + 3 * DAY, 900_000)
    assert list(amounts_following.follow(later, pages, 8)) == []
    earlier = settled_stay("VY", START - DAY, 900_000)
    assert len(list(amounts_following.follow(earlier, pages, 9))) == 1


def settled_stay(visit: str, at: int, fund: int) -> VisitPage:
    return VisitPage(
        institution=HOSPITAL, visit=visit, person=f"P{visit}", kind=STAY, begin=at - 5 * DAY, end=at, med_type="21",
        messages=[Reference("2304", f"M{visit}", at)],
        settlements=[Settled(f"S{visit}", 0, "", at, fund * 2, fund, fund * 2, False)],
    )  # fmt: skip


@pytest.mark.parametrize(
    "entry",
    [{"med_type": "26"}, {"med_type": "28"}, {"med_type": "52"}, {"diagnosis": "Z51.100"}, {"diagnosis": "N18.001"}],
)
def test_what_costs_everybody_the_same_is_left_out(entry: dict[str, str]) -> None:
    assert page_of(*stay(Gateway(), **entry)) is None


def test_a_package_an_open_stay_and_a_cancelled_one_are_taken_out() -> None:
    g = Gateway()
    later = START + 9 * DAY
    listed = g.settlement_list(later, "P1", "V1", "S1").replace(b'"hi_paymtd": "1"', b'"hi_paymtd": "04"')
    for correction in (
        listed, g.cancel_discharge(later, "P1", "V1"), g.cancel_admission(later, "P1", "V1"),
        g.refund_stay(later, "P1", "V1", "S1"), g.reversal(later, "P1", stay(Gateway())[2]),
    ):  # fmt: skip
        page = page_of(*stay(Gateway()), correction)
        assert page is not None
        assert page.settled == {}, correction


def test_a_stay_settled_in_parts_is_left_out() -> None:
    g = Gateway()
    part = g.settle_stay(START + 3 * DAY, "P1", "V1", "S0", 1_000.0, interim=True)
    sent = stay(g)
    assert page_of(sent[0], part, *sent[1:]) is None
