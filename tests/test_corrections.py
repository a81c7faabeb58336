"""Each correction undoes exactly what it takes back: in the alerts, and in the books.

Every kind of correction is put at random places into random histories: once, doubled, before its original, again under
new message ids, and anew after it was taken back. What stands open, and what the pages hold, must be that of the history
without it.

Not held here: what habits and baselines have learned is not unlearned (`tests.page_knowledge` leaves it out, docs/guarantees.md
says it); a refund stays visible, because swipe-and-refund is a pattern of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import combinations
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from detectors.books.amounts import AmountsPage
from detectors.books.amounts_lately import WINDOW
from detectors.books.household import HouseholdPage
from detectors.books.item import ItemPage, item_key
from detectors.books.item_days import LATE
from detectors.books.kept_days import LAG
from detectors.books.visit import VisitPage, visit_key
from detectors.engine.graph import STAGES
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY, HOUR, format_time
from schemas.snapshots import STAY, HouseholdVisit, Reference, VisitSnapshot
from tests.engine_run import EngineRun, time_of
from tests.histories import HOSPITALS, PERSONS, PHARMACY, REFERENCES, History, histories, in_order
from tests.page_knowledge import KNOWLEDGE, NOTHING_KNOWN, Compared, books
from tests.taken_back import CASES, Case, Scene, again, kept
from tests.wire_messages import TABLETS, Billed, Gateway, moment, routine_lines

EXAMPLES = settings(max_examples=4)
TOLD = [
    (case, variant)
    for case in CASES
    for variant in ("once", "doubled", "first", "again", "anew")
    if (variant != "first" or case.first) and (variant != "anew" or case.anew)
]


# -- the property ---------------------------------------------------------------------------------------------------


def alerts(engine: EngineRun, learned: bool) -> dict[str, dict[str, Any]]:
    """What stands open; of items without evidence, which may cite fewer messages where some were taken back."""
    found = engine.open_alerts()
    for alert_id, alert in list(found.items()):
        if alert["rule"] == "drug_volume":
            del alert["evidence"], alert["evidence_total"]
            if not learned:
                del found[alert_id]
    return found


def cited(engine: EngineRun) -> set[str]:
    """Messages that what stands open of items rests on."""
    found = (alert for alert in engine.open_alerts().values() if alert["rule"] == "drug_volume")
    return {message["msgid"] for alert in found for message in alert["evidence"]}


def run(sent: Iterable[bytes], until: int) -> EngineRun:
    return EngineRun(REFERENCES).take(sent).mark(until)


def arrivals(case: Case, variant: str, scene: Scene) -> list[bytes]:
    """The original and its correction in the order in which they come, apart from the history."""
    sent, back = case.tell(scene)
    if variant == "doubled":
        return [message for message in (*sent, *back) for _ in range(2)]
    if variant == "first":
        return [*back, *sent]
    if variant == "again":
        return [*sent, *back, *(again(message, scene.back + 30) for message in back)]
    if variant == "anew":
        later = scene._replace(at=scene.back + 60, back=2 * scene.back - scene.at + 60, number=scene.number + 1)
        sent_anew, back_anew = case.tell(later)
        return [*sent, *back, *sent_anew, *back_anew]
    return [*sent, *back]


def test_every_kind_of_page_is_compared_or_holds_nothing_that_a_rule_asks_about() -> None:
    kinds = {kind for stage in STAGES.values() for kind in stage.kinds}
    assert kinds == KNOWLEDGE.keys() | NOTHING_KNOWN


@pytest.mark.parametrize(("case", "variant"), TOLD, ids=lambda one: one if isinstance(one, str) else one.name)
@given(history=histories(), data=st.data())
@EXAMPLES
def test_what_was_taken_back_was_never_there(case: Case, variant: str, history: History, data: st.DataObject) -> None:
    assume(all(stay.bill_delay < 72 * HOUR for stay in history.stays))  # who sends late is not forgotten
    stay = data.draw(st.sampled_from(history.stays), label="stay")
    delay = (
        300 if variant == "first" else data.draw(st.sampled_from([600, 5 * HOUR, 40 * HOUR, 12 * DAY]), label="delay")
    )
    at = stay.begin + data.draw(st.integers(1, 60), label="hours") * HOUR + 17
    last = at + delay * (2 if variant == "anew" else 1) + 120
    if case.when == "during":
        assume(stay.nights > 1)
        at = stay.begin + HOUR + 17
        delay = min(delay, (stay.end - at - 300) // 3)
        last = at + 3 * delay
    elif case.when == "after":
        assume(stay.ends)
        at = max(time_of(message) for message in history.sent if f'"S{stay.visit}"'.encode() in message) + 17
    gateway, shop = history.gateways[HOSPITALS[stay.hospital]], history.gateways[PHARMACY]
    base = in_order([*history.sent, *kept(gateway, shop, PERSONS[stay.person], moment(0, 1)), *every_day(history)])
    scene = Scene(gateway, shop, stay, at, at + delay)
    extra = arrivals(case, variant, scene)
    assume(extra)
    assume(min(map(time_of, extra)) > moment(0, 2))  # behind what is refunded by some cases
    until = max(history.until, last, *map(time_of, extra)) + DAY
    service = stay.begin
    if "kept" in repr(extra):  # what ended two months ago is forgotten, sooner where nobody spoke of it again
        assume(until < moment(59))
        service = moment(0)
    learned = last < (service // DAY + 1) * DAY + LATE
    told = list(extra) if variant == "first" else sorted(extra, key=time_of)
    whole = run(_among(base, [_heard(history, message) for message in told]), until)
    corrected = run(_among(base, told), until)
    assert alerts(corrected, learned) == alerts(whole, learned)
    assert not cited(corrected) & {json.loads(message)["msgid"] for message in extra}
    before = min(service, *map(time_of, extra)) // DAY - LAG
    unended = frozenset(stay.visit for stay in history.stays if not stay.ends)
    # A settlement that did not stand for longer than amounts are held was compared with none of those that came meanwhile.
    is_too_late = delay > WINDOW or case.name in ("2305 settlement refunded", "2601 of 2304")
    but: set[type[Page]] = {AmountsPage} if is_too_late else set()
    compared = Compared(until, before, learned, unended, frozenset(but))
    assert books(corrected, compared) == books(whole, compared)


def _heard(history: History, message: bytes) -> bytes:
    """A call of the same sender at the same second that changes nothing: both runs are told the same time."""
    gateway = history.gateways[json.loads(message)["fixmedins_code"]]
    return counted(gateway, time_of(message))


def every_day(history: History) -> list[bytes]:
    """Two institutions are heard of on every day: of a time to which one alone has come nobody's bills count yet."""
    days = range((history.until - moment(0)) // DAY)
    return [counted(gateway, moment(day, 3)) for day in days for gateway in list(history.gateways.values())[:2]]


def counted(gateway: Gateway, at: int) -> bytes:
    """A delivery counted in (3501)."""
    stock = {"fixmedins_bchno": "K1", "med_list_codg": TABLETS, "invdate": format_time(at), "inv_cnt": "500.00"}
    return gateway.call("3501", at, {"invinfo": stock})


def _among(history: Iterable[bytes], extra: list[bytes]) -> list[bytes]:
    """Both, by time, but each in its own order."""
    merged, waiting = [], list(extra)
    for message in history:
        while waiting and time_of(waiting[0]) <= time_of(message):
            merged.append(waiting.pop(0))
        merged.append(message)
    return merged + waiting


SENT_AGAIN = ("2102", "2103", "2207", "2208", "2304", "2305")  # a 2401 that is sent again has another visit


@pytest.mark.parametrize("infno", SENT_AGAIN)
@given(history=histories(), data=st.data())
@EXAMPLES
def test_a_repeat_under_a_new_msgid_after_a_reversal_counts_once(
    infno: str, history: History, data: st.DataObject
) -> None:
    """What a hospital does that got no answer: 2601, and the same again."""
    stay = data.draw(st.sampled_from(history.stays), label="stay")
    gateway, shop = history.gateways[HOSPITALS[stay.hospital]], history.gateways[PHARMACY]
    base = list(in_order([*history.sent, *kept(gateway, shop, PERSONS[0], moment(30, 1))]))
    refunds = [
        shop.refund_purchase(moment(31), PERSONS[0], "MP-kept", "SP-kept"),
        gateway.refund_visit(moment(31), PERSONS[0], "MO-kept", "SO-kept"),
    ]
    if stay.ends:
        settled = max(time_of(message) for message in base if f'"S{stay.visit}"'.encode() in message)
        refunds.append(gateway.refund_stay(settled + HOUR, PERSONS[stay.person], stay.visit, f"S{stay.visit}"))
    base = list(in_order([*base, *refunds]))
    calls = [place for place, message in enumerate(base) if json.loads(message)["infno"] == infno]
    assume(calls)
    place = data.draw(st.sampled_from(calls), label="which")
    call = json.loads(base[place])
    sender, at = history.gateways[call["fixmedins_code"]], time_of(base[place])
    if infno in ("2102", "2207", "2304"):  # the platform gives the repeat a settlement of its own
        call["output"]["setlinfo"]["setl_id"] += "-first"
    first = sender.call(infno, at - 60, call["input"], call["output"])
    back = sender.reversal(at - 30, "", first)
    until = max(history.until, *map(time_of, base))
    twice = run([*base[:place], first, back, *base[place:]], until)
    once = run(base, until)
    compared = Compared(until, at // DAY - LAG, learned=True)
    assert alerts(twice, learned=True) == alerts(once, learned=True)
    assert books(twice, compared) == books(once, compared)


# -- retracted with a reason ----------------------------------------------------------------------------------------

SPIKE = moment(34, 12)


def sold_daily(gateway: Gateway, days: int = 34) -> list[bytes]:
    """Ten packs a day to one long stay."""
    sent = [gateway.admission(moment(0, 8), PERSONS[0], "ML")]
    for day in range(days):
        lines = [Billed(f"d{day}", moment(day, 9), TABLETS, 10.0, 125.0)]
        sent.append(gateway.bill(moment(day, 20), PERSONS[0], "ML", lines))
    return sent


def idle(gateway: Gateway, visit: str, person: int, nights: int, day: int = 0, ends: bool = False) -> list[bytes]:
    """A stay of bed, nursing and consulting alone."""
    sent = [gateway.admission(moment(day, 8), PERSONS[person], visit, diagnosis="E11.900")]
    sent += [
        gateway.bill(moment(one + 1, 6), PERSONS[person], visit, routine_lines(visit, one))
        for one in range(day, day + nights)
    ]
    if ends:
        sent.append(gateway.discharge(moment(day + nights, 11), PERSONS[person], visit, diagnosis="E11.900"))
    return sent


def spiked(gateway: Gateway) -> list[bytes]:
    return [gateway.bill(SPIKE, PERSONS[0], "ML", [Billed("spike", SPIKE, TABLETS, 300.0, 3750.0)])]


def negative(gateway: Gateway, at: int) -> bytes:
    return gateway.bill(at, PERSONS[0], "ML", [Billed("back", SPIKE, TABLETS, -300.0, -3750.0, refunds="spike")])


def caused(kind: str) -> tuple[list[bytes], list[bytes], bytes]:
    """What comes before, what raises an alert, and what takes its cause back."""
    g, at = Gateway(HOSPITALS[0]), SPIKE + HOUR
    shop = Gateway(HOSPITALS[0])
    if kind in ("2301", "2302"):
        before, cause = sold_daily(g), spiked(g)
        return before, cause, negative(g, at) if kind == "2301" else g.cancel_lines(at, PERSONS[0], "ML", ["spike"])
    if kind in ("2208", "2601 of 2207"):
        before = sold_daily(g)
        cause = [
            g.charges(SPIKE, PERSONS[1], "MO", "B", [Billed("1", SPIKE, TABLETS, 300.0, 3750.0)]),
            g.settle_visit(SPIKE + 60, PERSONS[1], "MO", "B", "SO", 3750.0),
        ]
        back = g.refund_visit(at, PERSONS[1], "MO", "SO") if kind == "2208" else g.reversal(at, PERSONS[1], cause[1])
        return before, cause, back
    if kind in ("2103", "2601 of 2102"):
        before = sold_daily(shop)
        cause = [shop.purchase(SPIKE, PERSONS[1], "MP", "SP", [Billed("1", SPIKE, TABLETS, 300.0, 3750.0)])]
        back = shop.refund_purchase(at, PERSONS[1], "MP", "SP")
        return before, cause, back if kind == "2103" else shop.reversal(at, PERSONS[1], cause[0])
    if kind == "2405":
        cause = [m for n, person in enumerate((4, 5, 6)) for m in idle(g, f"M{n}", person, 2, 3 * n, ends=True)]
        return [], cause, g.cancel_discharge(moment(9), PERSONS[4], "M0")
    cause = idle(g, "MI", 8, 12)
    at = moment(13)
    if kind == "2403":
        return [], cause, g.change(at, PERSONS[8], "MI", begin=moment(0, 8), diagnosis="O80.000", med_type="52")
    return (
        [],
        cause,
        g.cancel_admission(at, PERSONS[8], "MI") if kind == "2404" else g.reversal(at, PERSONS[8], cause[0]),
    )


@pytest.mark.parametrize(
    "kind",
    ["2301", "2302", "2208", "2601 of 2207", "2103", "2601 of 2102", "2403", "2404", "2601 of 2401", "2405"],
)
def test_an_alert_whose_cause_is_gone_is_retracted_with_the_reason(kind: str) -> None:
    before, cause, back = caused(kind)
    engine = EngineRun(REFERENCES).take([*before, *cause], batch=1)
    raised = list(engine.open_alerts())
    assert raised
    engine.take([back])
    assert not engine.open_alerts()
    for alert_id in raised:
        alert = engine.newest()[alert_id]
        assert alert.retraction is not None
        assert alert.retraction.zh.endswith(f"（{kind[:4]}）")
        assert alert.retraction.en.endswith(f"({kind[:4]})")


def test_a_refund_takes_the_settlement_back_and_stays_visible() -> None:
    """Swipe-and-refund is a pattern of its own: a rule must be able to see the pair."""
    shop = Gateway(PHARMACY)
    lines = [Billed("1", SPIKE, TABLETS, 3.0, 37.5)]
    sent = [
        shop.purchase(SPIKE, PERSONS[1], "MP", "SP", lines),
        shop.refund_purchase(SPIKE + 60, PERSONS[1], "MP", "SP"),
    ]
    page = visit_page(EngineRun(REFERENCES).take(sent), PHARMACY, "MP")
    (settled,) = page.settlements
    assert settled.void
    assert settled.refunded_by is not None
    assert page.messages[settled.refunded_by].infno == "2103"


def visit_page(engine: EngineRun, institution: str, visit: str) -> VisitPage:
    page = engine.pipeline.stages[0].pages.get(VisitPage, visit_key(institution, visit))
    assert page is not None
    return page


@pytest.mark.parametrize("handed_back", [True, False])
def test_a_stay_that_a_2403_gives_to_another_member_is_whose_the_newest_says(handed_back: bool) -> None:
    """Both are of one household, and what is said of each reaches it by another partition, in any interleaving."""

    def said(person: str, offset: int, void: bool) -> HouseholdVisit:
        source = Reference("2403", f"M{offset}", 0)
        snapshot = VisitSnapshot(
            "MI", HOSPITALS[0], person, 0, offset, source, STAY, void, 0, None, "21", "I10", "", 0, 0, 0, False, 0, ()
        )
        return HouseholdVisit("HH1", {"A": 7, "B": 3}[person], True, None, snapshot)

    of_a = [said("A", 1, False), said("A", 2, True)]
    of_b = [said("B", 2, False)]
    if handed_back:
        of_a, of_b = [*of_a, said("A", 3, False)], [*of_b, said("B", 3, True)]
    for places in combinations(range(len(of_a) + len(of_b)), len(of_a)):
        page, a, b = HouseholdPage(household="HH1"), iter(of_a), iter(of_b)
        for place in range(len(of_a) + len(of_b)):
            page.post_stay(next(a) if place in places else next(b))
        (held,) = page.standing_stays()
        assert (held.stay.person, held.stay.offset) == (("A", 3) if handed_back else ("B", 2)), places


# -- stock ----------------------------------------------------------------------------------------------------------


def moved(gateway: Gateway, infno: str, at: int, packs: int, batch: str) -> bytes:
    """A stock report: bought (3503) or sold (3505)."""
    node, count, time = {
        "3503": ("purcinfo", "purc_retn_cnt", "purc_retn_stoin_time"),
        "3505": ("selinfo", "sel_retn_cnt", "sel_retn_time"),
    }[infno]
    stated = {"med_list_codg": TABLETS, "fixmedins_bchno": batch, count: packs, time: format_time(at)}
    return gateway.call(infno, at, {node: stated})


@pytest.mark.parametrize("variant", ["once", "doubled", "again"])
@pytest.mark.parametrize(("infno", "data_type"), [("3503", "3"), ("3503", ""), ("3505", "4"), ("3505", "")])
@given(data=st.data())
@EXAMPLES
def test_a_stock_report_that_was_deleted_was_never_there(
    infno: str, data_type: str, variant: str, data: st.DataObject
) -> None:
    """Of an institution that sends nothing but its stock, so that its volumes are what it reports."""
    shop = Gateway("P09009")
    days = data.draw(st.lists(st.integers(0, 59), min_size=20, max_size=50, unique=True), label="days")
    usual = data.draw(st.integers(5, 30), label="packs")
    base = [moved(shop, infno, moment(day, 9), usual, f"B{day}") for day in sorted(days)]
    day = data.draw(st.integers(1, 55), label="day")
    delay = data.draw(st.sampled_from([600, 5 * HOUR, 40 * HOUR, 12 * DAY]), label="delay")
    packs = data.draw(st.integers(1, 900), label="more")
    at = moment(day, 12) + 17
    deletion = {"data": {"fixmedins_bchno": "K1", "inv_data_type": data_type}}
    extra = [moved(shop, infno, at, packs, "K1"), shop.call("3507", at + delay, deletion)]
    if variant == "doubled":
        extra = [message for message in extra for _ in range(2)]
    elif variant == "again":
        extra += [again(extra[-1], at + delay + 30)]
    until = max(moment(62), at + delay + DAY)
    learned = at + delay < (at // DAY + 1) * DAY + LATE
    assume(learned or min(days) < day - LAG)  # else nothing was known of the item before it was reported
    whole = run(_among(base, [counted(shop, time_of(message)) for message in extra]), until)
    corrected = run(_among(base, extra), until)
    assert not corrected.dead_letters
    assert alerts(corrected, learned) == alerts(whole, learned)
    assert not cited(corrected) & {json.loads(message)["msgid"] for message in extra}
    compared = Compared(until, at // DAY - LAG, learned)
    assert any(key[:1] == b"i" for key in _items(whole, compared))
    assert _items(corrected, compared) == _items(whole, compared)


def _items(engine: EngineRun, compared: Compared) -> dict[bytes, Any]:
    """What the institution's stage knows."""
    return {key.removeprefix(b"institution"): known for key, known in books(engine, compared).items()}


@given(history=histories(), day=st.integers(0, 40))
@EXAMPLES
def test_stock_of_an_institution_that_sends_visits_changes_nothing(history: History, day: int) -> None:
    """Its bills say what it sold; a count of its shelf (3501) says nothing of anybody's volumes."""
    until = max(history.until, moment(41))
    shop, at = history.gateways[PHARMACY], moment(day, 9)
    extra = [counted(shop, at), shop.call("3507", at + 60, {"data": {"fixmedins_bchno": "K1", "inv_data_type": "1"}})]
    without = run(history.sent, until)
    told = run(_among(history.sent, extra), until)
    assert not told.dead_letters
    assert told.pipeline.counts["transactions", "3507"] == 1
    assert told.open_alerts() == without.open_alerts()
    compared = Compared(until, NEVER, learned=True)
    assert books(told, compared) == books(without, compared)


# -- what is left ---------------------------------------------------------------------------------------------------


def test_evidence_does_not_cite_a_sale_that_was_taken_back() -> None:
    g = Gateway(HOSPITALS[0])
    bill = Billed("more", SPIKE, TABLETS, 200.0, 2500.0)
    gone = g.bill(SPIKE + 60, PERSONS[0], "ML", [bill])
    sent = [*sold_daily(g), *spiked(g), gone, g.cancel_lines(SPIKE + 120, PERSONS[0], "ML", ["more"])]
    (alert,) = EngineRun(REFERENCES).take(sent, batch=1).mark(moment(37)).open_alerts().values()
    assert json.loads(gone)["msgid"] not in [message["msgid"] for message in alert["evidence"]]


@pytest.mark.parametrize("kind", ["2208", "2601 of 2207", "2103", "2601 of 2102"])
def test_what_was_taken_back_is_cited_again_once_that_is_reversed(kind: str) -> None:
    """And only what stands: a settlement by its own message, whatever it is that takes it back."""
    before, cause, back = caused(kind)
    engine = EngineRun(REFERENCES).take([*before, *cause], batch=1)
    assert json.loads(cause[-1])["msgid"] in cited(engine)
    engine.take([back])
    assert not cited(engine)
    if not kind.startswith("2601"):
        engine.take([Gateway(HOSPITALS[0]).reversal(SPIKE + 2 * HOUR, PERSONS[1], back)])
        assert json.loads(cause[-1])["msgid"] in cited(engine)
        assert json.loads(back)["msgid"] not in cited(engine)


def test_a_day_that_is_conspicuous_anew_cites_what_makes_it_so() -> None:
    g = Gateway(HOSPITALS[0])
    anew = g.bill(SPIKE + 300, PERSONS[0], "ML", [Billed("anew", SPIKE, TABLETS, 400.0, 5000.0)])
    sent = [*sold_daily(g), *spiked(g), g.cancel_lines(SPIKE + 120, PERSONS[0], "ML", ["spike"]), anew]
    assert cited(EngineRun(REFERENCES).take(sent, batch=1)) == {json.loads(anew)["msgid"]}


def test_an_item_s_history_does_not_begin_with_what_was_taken_back() -> None:
    g = Gateway(HOSPITALS[0])
    ghost = g.bill(moment(0, 9), PERSONS[1], "MG", [Billed("x", moment(0, 9), TABLETS, 5.0, 62.5)])
    back = g.cancel_lines(moment(0, 10), PERSONS[1], "MG", ["x"])
    first = g.bill(moment(20, 9), PERSONS[0], "ML", [Billed("y", moment(20, 8), TABLETS, 5.0, 62.5)])
    pages = [item_page(EngineRun(REFERENCES).take(sent)) for sent in ([first], [ghost, back, first])]
    assert pages[0].days.born == pages[1].days.born


@pytest.mark.parametrize("hours", [10, 30, 70])
def test_a_line_from_before_what_was_taken_back_is_counted(hours: int) -> None:
    """Whether the ghost was taken back before the first true bill or some days after it."""
    g = Gateway(HOSPITALS[0])
    ghost = g.bill(moment(3, 9), PERSONS[1], "MG", [Billed("x", moment(3, 9), TABLETS, 5.0, 62.5)])
    back = g.cancel_lines(moment(3) + hours * HOUR, PERSONS[1], "MG", ["x"])
    first = g.bill(moment(3, 20), PERSONS[0], "ML", [Billed("y", moment(2, 8), TABLETS, 5.0, 62.5)])
    sold = [g.bill(moment(day, 9), PERSONS[0], "ML", [Billed(f"d{day}", moment(day, 8), TABLETS, 4.0, 50.0)])
            for day in range(6, 30)]  # fmt: skip
    corrected = item_page(EngineRun(REFERENCES).take(in_order([ghost, back, first, *sold])))
    whole = item_page(EngineRun(REFERENCES).take(in_order([first, *sold])))
    assert corrected.days == whole.days
    assert whole.days.volume(moment(2) // DAY) == 5.0


def test_a_refund_that_came_before_its_settlement_can_be_reversed() -> None:
    shop = Gateway(PHARMACY)
    refund = shop.refund_purchase(SPIKE + 60, PERSONS[1], "MP", "SP")
    lines = [Billed("1", SPIKE, TABLETS, 3.0, 37.5)]
    sent = [refund, shop.purchase(SPIKE, PERSONS[1], "MP", "SP", lines), shop.reversal(SPIKE + 120, PERSONS[1], refund)]
    for order in (sent, [sent[0], sent[2], sent[1]]):
        page = visit_page(EngineRun(REFERENCES).take(order, batch=1), PHARMACY, "MP")
        assert page.standing_settlements()
        assert not page.awaited_voids


def test_a_refund_that_came_before_its_settlement_stays_visible_too() -> None:
    shop = Gateway(PHARMACY)
    refund = shop.refund_purchase(SPIKE + 60, PERSONS[1], "MP", "SP")
    bought = shop.purchase(SPIKE, PERSONS[1], "MP", "SP", [Billed("1", SPIKE, TABLETS, 3.0, 37.5)])
    page = visit_page(EngineRun(REFERENCES).take([refund, bought], batch=1), PHARMACY, "MP")
    (settled,) = page.settlements
    assert settled.void
    assert page.message_of(settled.refunded_by) == Reference("2103", json.loads(refund)["msgid"], SPIKE + 60)


def test_bills_of_an_admission_that_was_reversed_before_it_came_count_nowhere() -> None:
    g = Gateway(HOSPITALS[0])
    admission = g.admission(moment(0, 8), PERSONS[1], "MG")
    back = g.reversal(moment(0, 8, 1), PERSONS[1], admission)
    bill = g.bill(moment(0, 9), PERSONS[1], "MG", [Billed("x", moment(0, 9), TABLETS, 5.0, 62.5)])
    for sent in ([back, admission, bill], [back, bill, admission], [back, admission, bill, back, admission]):
        engine = EngineRun(REFERENCES).take(sent, batch=1)
        page = visit_page(engine, HOSPITALS[0], "MG")
        assert page.void
        assert (page.scope, page.lines) == (0, {})
        assert all(item is None or not any(item.days.volumes) for item in [found_item(engine)])


def test_an_admission_after_one_that_was_reversed_before_it_came_is_another() -> None:
    g = Gateway(HOSPITALS[0])
    admission = g.admission(moment(0, 8), PERSONS[1], "MG", bed="A-1")
    back, later = (
        g.reversal(moment(0, 8, 1), PERSONS[1], admission),
        g.admission(moment(0, 9), PERSONS[1], "MG", bed="A-2"),
    )
    for sent in ([back, admission, later], [back, admission, later, back, admission]):
        page = visit_page(EngineRun(REFERENCES).take(sent, batch=1), HOSPITALS[0], "MG")
        assert (page.void, page.bed) == (False, "A-2")


def found_item(engine: EngineRun) -> ItemPage | None:
    return engine.pipeline.stages[0].pages.get(ItemPage, item_key(HOSPITALS[0], TABLETS))


def item_page(engine: EngineRun) -> ItemPage:
    page = found_item(engine)
    assert page is not None
    return page
