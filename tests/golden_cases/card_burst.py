"""Which cards were swiped one upon the other?

A pharmacy that sells on ordinary days to a few strangers an hour or more apart, then the story. With nothing usual known, ten
settlements are supposed, one of them alike (p = 1/10), and one settlement an hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.golden_cases.story import Case, Expected, case
from tests.wire_messages import CONSULTING, INFUSION, MATERIAL, NURSING, TABLETS, Billed, moment

CARDS = tuple(f"50010600000001{number:05d}" for number in range(1, 41))
THERAPY, LIGHT = NURSING, CONSULTING  # no drugs
BASKET = (TABLETS, MATERIAL)


class Counter(Case):
    """Cases at a counter."""

    def sale(self, at: int, card: str, items: Sequence[str] = BASKET, amount: float = 25.0) -> str:
        """One purchase; its visit."""
        visit = f"MP{at - moment(0)}-{card[-2:]}"
        lines = [Billed(str(n), at, item, 1.0, amount / len(items)) for n, item in enumerate(items)]
        self.send(at, self.gateway.purchase(at, card, visit, f"S{visit}", lines))
        return visit

    def row(
        self, at: int, cards: Sequence[str], gap: int = 40, items: Sequence[str] = BASKET, **more: Any
    ) -> list[str]:
        """Cards one upon the other."""
        return [self.sale(at + gap * n, card, items, **more) for n, card in enumerate(cards)]

    def by(self, operator: int) -> Counter:
        """From now on somebody else stands there."""
        self.gateway.operator = f"000{operator}"
        return self

    def custom(self, days: int) -> None:
        """Six strangers a day, each with something of his own."""
        for day in range(days):
            for number in range(6):
                items = ((INFUSION,), (TABLETS,), (MATERIAL,))[(day + number) % 3]
                self.sale(
                    moment(day, 8 + 2 * number, 7 * day % 60, 13),
                    CARDS[20 + (6 * day + number) % 20],
                    items,
                    10.0 + number,
                )

    def entered(self, at: int, cards: Sequence[str], served: int, gap: int = 40, items: Sequence[str] = BASKET) -> None:
        """Outpatients one upon the other, who had been there at ``served``."""
        g = self.gateway
        for number, card in enumerate(cards):
            now, visit = at + gap * number, f"MO{at - moment(0)}-{number}"
            lines = [Billed(str(n), served + 600 * number, item, 1.0, 20.0) for n, item in enumerate(items)]
            self.send(now - 3, g.encounter(now - 3, card, visit, "J06.900"))
            self.send(now - 2, g.charges(now - 2, card, visit, "B1", lines))
            self.send(now, g.settle_visit(now, card, visit, "B1", f"S{visit}", 20.0 * len(items)))


def told(name: str, why: str, *expect: Expected, custom: int = 4) -> Counter:
    """A counter with its custom."""
    counter = Counter("card_burst", name, why, *expect)
    counter.custom(custom)
    counter.until(moment(50))
    return counter


@case
def a_family_and_the_next_in_the_queue() -> Case:
    counter = told(
        "near-a-family-and-the-next-in-the-queue",
        "Four with the same two items 40 s apart, and 40 s later one with another: four of five agree, enough to be told of, but "
        "not five: low.",
        {"status": "open", "severity": "low", "measures": {"cards_in_a_row": 5, "same_items_share": 0.8}},
    )
    counter.row(moment(4, 10), CARDS[:4])
    counter.sale(moment(4, 10) + 160, CARDS[4], (INFUSION,))
    return counter


@case
def something_thrown_in() -> Case:
    counter = told(
        "hit-with-something-thrown-in",
        "Seven cards, 40 s apart, the same two items, and three of them an infusion besides, so that not all bills look alike: "
        "all seven hold the basket: medium.",
        {"status": "open", "severity": "medium", "measures": {"cards_in_a_row": 7, "same_items_share": 1.0}},
    )
    for number, card in enumerate(CARDS[:7]):
        more = (INFUSION,) if number in (1, 2, 5) else ()
        counter.sale(moment(4, 10) + 40 * number, card, (*BASKET, *more))
    return counter


@case
def six_in_a_row() -> Case:
    counter = told(
        "hit-six-in-a-row",
        "Six cards, 40 s apart, the same two items: raised with the fifth at 10:02:40; one burst with drugs, medium; "
        "0.3 + 0.25 + 6 × 0.02 = 0.67.",
        {"status": "open", "severity": "medium", "score": 0.67, "raised_at": "2026-03-06 10:02:40",
         "measures": {"cards_in_a_row": 6, "days_with_same_cards": 1, "same_items_share": 1.0, "longest_gap_seconds": 40}},
    )  # fmt: skip
    counter.row(moment(4, 10), CARDS[:6])
    return counter


@case
def kept_at_the_counter() -> Case:
    counter = told(
        "hit-same-cards-on-three-days",
        "The same six cards on days 4, 11 and 20, one alert that grows: 1 for three days, 1 for bursts on most of them, 1 for a"
        " minute between them on all: 3, high; 0.3 + 0.75 + 0.2 is above 1.",
        {"status": "open", "severity": "high", "score": 1.0, "raised_at": "2026-03-06 10:02:40",
         "measures": {"days_with_same_cards": 3, "settlements_of_them": 18}},
    )  # fmt: skip
    for day in (4, 11, 20):
        counter.row(moment(day, 10), CARDS[:6])
    return counter


@case
def kept_but_slower() -> Case:
    """Baskets of their own and minutes between them: the set alone is the sign."""
    counter = told(
        "hit-same-cards-other-items",
        "Five cards on three days, two minutes apart, everybody with something else: only the set says it, medium; raised"
        " with the fifth card of day 20; 0.3 + 0.25 + 0.2 = 0.75.",
        {"status": "open", "severity": "medium", "score": 0.75, "raised_at": "2026-03-22 10:08:00",
         "measures": {"days_with_same_cards": 3, "cards_in_a_row": 5, "settlements_of_them": 15}},
    )  # fmt: skip
    for day in (4, 11, 20):
        for number, card in enumerate(CARDS[:5]):
            counter.sale(
                moment(day, 10, 2 * number),
                card,
                ((TABLETS,), (MATERIAL,), (INFUSION,))[(number + day) % 3],
                9.0 + number,
            )
    return counter


@case
def by_turns() -> Case:
    counter = told(
        "hit-three-operators-in-turn",
        "Six cards, 40 s apart, the same two items, and every settlement by another of three operators: none of them has five,"
        " the institution has six: medium.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-06 10:02:40",
         "measures": {"cards_in_a_row": 6, "same_items_share": 1.0, "longest_gap_seconds": 40}},
    )  # fmt: skip
    for number, card in enumerate(CARDS[:6]):
        counter.by(1 + number % 3).sale(moment(4, 10) + 40 * number, card)
    return counter


@case
def kept_by_turns() -> Case:
    counter = told(
        "hit-same-cards-by-other-operators",
        "The same five cards on three days, two minutes apart, everybody with something else, each day by another operator: only"
        " the set says it, and no operator's own terminal: medium.",
        {"status": "open", "severity": "medium", "raised_at": "2026-03-22 10:08:00",
         "measures": {"days_with_same_cards": 3, "cards_in_a_row": 5, "settlements_of_them": 15}},
    )  # fmt: skip
    for operator, day in enumerate((4, 11, 20), start=1):
        counter.by(operator)
        for number, card in enumerate(CARDS[:5]):
            items = ((TABLETS,), (MATERIAL,), (INFUSION,))[(number + day) % 3]
            counter.sale(moment(day, 10, 2 * number), card, items, 9.0 + number)
    return counter


@case
def three_counters() -> Case:
    counter = told(
        "near-three-busy-counters",
        "Three counters that each settle a patient every three minutes, one a minute together, a third of them with the same two"
        " items: no pace of its own, nothing that is not usual there.",
        custom=0,
    )
    for number in range(150):
        items = (BASKET, (TABLETS,), (INFUSION, MATERIAL))[number * number % 7 % 3]
        at = moment(4, 8) + 60 * number + 7 * (number % 5)
        counter.by(1 + number % 3).sale(at, CARDS[number % len(CARDS)], items, 9.0 + number % 11)
    return counter


@case
def four_in_a_row() -> Case:
    counter = told("near-family-of-four", "Four cards: a family at the counter.")
    counter.row(moment(4, 10), CARDS[:4])
    return counter


@case
def a_queue() -> Case:
    counter = told("near-queue-with-own-items", "Six persons in four minutes, but each with something of his own.")
    for number, card in enumerate(CARDS[:6]):
        counter.sale(
            moment(4, 10, 0, 45 * number), card, ((TABLETS,), (MATERIAL,), (INFUSION,))[number % 3], 9.0 + number
        )
    return counter


@case
def two_days() -> Case:
    counter = told(
        "near-same-cards-on-two-days", "The same five cards twice, each with something of his own: two days."
    )
    for day in (4, 11):
        for number, card in enumerate(CARDS[:5]):
            counter.sale(
                moment(day, 10, 2 * number),
                card,
                ((TABLETS,), (MATERIAL,), (INFUSION,))[(number + day) % 3],
                9.0 + number,
            )
    return counter


@case
def evening_entry() -> Case:
    counter = told(
        "exclude-evening-entry",
        "A village doctor keys in at eight in the evening whom he saw from nine in the morning on: the bills are hours older.",
    )
    counter.entered(moment(4, 20), CARDS[:7], served=moment(4, 9))
    return counter


@case
def network_down() -> Case:
    counter = told("exclude-network-down", "Settled at ten, sent at noon: the line was down.")
    for number, card in enumerate(CARDS[:6]):
        at, sent, visit = moment(4, 10) + 40 * number, moment(4, 12) + 2 * number, f"MP-{number}"
        lines = [Billed("1", at, TABLETS, 1.0, 25.0)]
        settled = counter.gateway.purchase(at, card, visit, f"S{visit}", lines)
        stamp = b'"inf_time": "2026-03-06 10:'
        assert stamp in settled
        counter.send(sent, settled.replace(stamp, b'"inf_time": "2026-03-06 12:'))
    return counter


@case
def vaccination() -> Case:
    counter = told(
        "exclude-vaccination-day", "One and the same service for everybody, all morning: a day at the village clinic."
    )
    for number in range(16):
        counter.entered(
            moment(4, 9) + 50 * number, CARDS[number : number + 1], moment(4, 9) + 50 * number - 30, items=(CONSULTING,)
        )
    return counter


@case
def promotion() -> Case:
    counter = told(
        "correct-same-all-day",
        "Five in a row buy the same, but so do six others that day, twenty minutes apart: retracted by the fifth of them.",
        {"status": "retracted"},
    )
    counter.row(moment(4, 9), CARDS[:5], gap=50)
    for number in range(6):
        counter.sale(moment(4, 10, 20 * number), CARDS[10 + number])
    return counter


@case
def course_of_treatment() -> Case:
    counter = told(
        "exclude-course-of-treatment",
        "The same five patients on four mornings, two minutes apart, for physiotherapy: services alone, and no haste.",
    )
    for day in (4, 5, 6, 7):
        for number, card in enumerate(CARDS[:5]):
            at = moment(day, 8, 2 * number)
            counter.entered(at, (card,), at - 60, items=(THERAPY, LIGHT))
    return counter


@case
def dialysis() -> Case:
    counter = told("exclude-dialysis", "A shift of dialysis patients, settled in a row, three times a week.")
    g = counter.gateway
    for day in (4, 7, 9, 11):
        for number, card in enumerate(CARDS[:6]):
            at, visit = moment(day, 12, 0, 45 * number), f"MO{day}-{number}"
            lines = [Billed("1", at - 60, THERAPY, 1.0, 400.0), Billed("2", at - 60, INFUSION, 1.0, 30.0)]
            counter.send(at - 3, g.encounter(at - 3, card, visit, "N18.001"))
            counter.send(at - 2, g.charges(at - 2, card, visit, "B1", lines))
            counter.send(at, g.settle_visit(at, card, visit, "B1", f"S{visit}", 430.0))
    return counter


@case
def monthly_drugs() -> Case:
    counter = told(
        "exclude-month-s-drugs",
        "Five who fetch their month's drugs on the same morning, two minutes apart, on days 0, 28 and 56: 1 − 2 is below 0.",
        custom=0,
    )
    for day in (1, 29, 57):
        for number, card in enumerate(CARDS[:5]):
            counter.sale(
                moment(day, 8, 2 * number), card, (TABLETS,) if number % 2 else (TABLETS, MATERIAL), 20.0 + number
            )
    return counter.until(moment(60))


@case
def refunded() -> Case:
    counter = told(
        "correct-two-refunded",
        "Two of the six are refunded (2103): four are left.",
        {"status": "retracted"},
    )
    visits = counter.row(moment(4, 10), CARDS[:6])
    for number in (1, 3):
        at = moment(4, 15, number)
        counter.send(at, counter.gateway.refund_purchase(at, CARDS[number], visits[number], f"S{visits[number]}"))
    return counter


@case
def refund_reversed() -> Case:
    counter = told(
        "correct-refunds-reversed",
        "The two refunds are reversed themselves (2601): it stands again, as it was.",
        {"status": "open", "severity": "medium", "measures": {"cards_in_a_row": 6}},
    )
    visits = counter.row(moment(4, 10), CARDS[:6])
    for number in (1, 3):
        at = moment(4, 15, number)
        refund = counter.gateway.refund_purchase(at, CARDS[number], visits[number], f"S{visits[number]}")
        counter.send(at, refund)
        counter.send(at + 1800, counter.gateway.reversal(at + 1800, CARDS[number], refund))
    return counter


@case
def out_of_order() -> Case:
    counter = told(
        "late-one-in-the-middle",
        "The third is sent seven minutes late: with it the gap of 80 s is closed, and five stand in a row.",
        {
            "status": "open",
            "severity": "medium",
            "raised_at": "2026-03-06 10:09:00",
            "measures": {"longest_gap_seconds": 40},
        },
    )
    counter.row(moment(4, 10), CARDS[:2])
    counter.row(moment(4, 10) + 120, CARDS[3:5])
    at, visit = moment(4, 10) + 80, "MPlate"
    lines = [Billed("0", at, TABLETS, 1.0, 12.5), Billed("1", at, MATERIAL, 1.0, 12.5)]
    late = counter.gateway.purchase(at, CARDS[2], visit, "SMPlate", lines)
    counter.send(
        moment(4, 10, 9), late.replace(b'"inf_time": "2026-03-06 10:01:20"', b'"inf_time": "2026-03-06 10:09:00"')
    )
    return counter
