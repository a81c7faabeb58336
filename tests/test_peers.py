"""What does the peers' stage hold, and does it hold it whatever the order in which partitions come?"""

from __future__ import annotations

import json
import random
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from detectors.books.activity import ActivityPage
from detectors.books.among_peers import among, with_months
from detectors.books.indicators import COST_STAYS, COST_VISITS, FUND, GROWTH
from detectors.books.member import (
    MONTHS_KEPT,
    CaseMix,
    Compared,
    DaysPage,
    MemberPage,
    Month,
    Strange,
    WaitingPage,
)
from detectors.books.paid_most import with_ranks
from detectors.books.peer_calendar import first_day, month_of, name_of, next_look, part_of
from detectors.books.peer_groups import SpreadPage, groups_of
from detectors.books.profile import NAMES
from detectors.books.spreads import bin_of, count_bins, others
from detectors.by_peers.own_expense_share.rule import OwnExpenseShare
from detectors.engine.page import decode_page, encode_page
from detectors.engine.pages import Pages
from detectors.models.half_space import WINDOW, Trees
from detectors.models.portrait import Among, portrait
from schemas.china_time import DAY, format_time, parse_time
from schemas.peer_days import DayCounts
from schemas.references import Institution
from stream.ledger import OpenAlerts
from stream.pipeline import Pipeline
from stream.portraits import among_peers, portraits
from tests.checks import _later
from tests.engine_run import EngineRun, time_of
from tests.golden_cases import DETECTORS
from tests.test_golden import read, references_of
from tests.wire_messages import Billed, Gateway, moment

MONTH = month_of(moment(0) // DAY)
HIT = DETECTORS / "by_peers/cost_level/golden/hit-three-times-as-dear.jsonl"
OWN = DETECTORS / "by_peers/own_expense_share/golden/hit-alone-in-its-city.jsonl"


@cache
def story(path: Path = HIT) -> tuple[Any, list[bytes]]:
    head, messages = read(path)
    return references_of(head), messages


def days_told(pipeline: Pipeline) -> dict[int, int]:
    """Discharges by day, as the peers' stage knows them."""
    [peers] = [stage for stage in pipeline.stages if stage.name == "peers"]
    found: dict[int, int] = {}
    for page in peers.pages.all_of(DaysPage):
        found |= {day: held.counts.discharges for day, held in page.days.items() if held.counts.discharges}
    return found


# -- days -----------------------------------------------------------------------------------------------------------


def stay(gateway: Gateway, day: int, *, amount: float = 100.0) -> list[bytes]:
    begin, end = moment(day, 9), moment(day + 2, 10)
    return [
        gateway.admission(begin + 60, "P1", f"M{day}", begin=begin),
        gateway.discharge(end + 60, "P1", f"M{day}", end=end),
        gateway.settle_stay(end + 120, "P1", f"M{day}", f"S{day}", amount),
    ]


def activity(engine: EngineRun) -> dict[int, ActivityPage]:
    return {page.day: page for page in engine.pipeline.stages[0].pages.all_of(ActivityPage)}


def test_a_stay_counts_as_an_admission_and_with_its_bill_on_the_day_it_ended() -> None:
    engine = EngineRun(rules=[]).take(stay(Gateway(), 0))
    days = activity(engine)
    entered, left = days[moment(0) // DAY], days[moment(2) // DAY]
    assert (entered.admissions, entered.discharges, left.admissions, left.discharges) == (1, 0, 0, 1)
    assert (left.nights, left.total, left.fund) == (2, 10_000, 6_000)
    assert {kind: case[:2] for kind, case in left.cases.items()} == {"sI10": [1, 10_000]}


def test_a_cancelled_admission_leaves_nothing_on_its_days() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take([*stay(gateway, 0), gateway.cancel_admission(moment(3), "P1", "M0")])
    assert all(page.counts() == DayCounts() and not page.cases for page in activity(engine).values())


def visited(gateway: Gateway, lines_at: int | None, settled_at: int, came_at: int | None = None) -> list[bytes]:
    """An outpatient visit of 100 yuan; its line may say its hour, or not, and its encounter as well."""
    sent = [] if came_at is None else [gateway.encounter(came_at, "P1", "M1")]
    if lines_at is not None:
        sent.append(gateway.charges(settled_at - 60, "P1", "M1", "B1", [Billed("1", lines_at, "X1", 1.0, 100.0)]))
    return [*sent, gateway.settle_visit(settled_at, "P1", "M1", "B1", "S1", 100.0)]


@pytest.mark.parametrize(
    ("lines_at", "settled_at", "came_at", "by_night"),
    [
        (moment(0, 1), moment(0, 1, 5), None, True),
        (moment(0, 5, 59), moment(0, 6, 5), None, True),
        (moment(0, 6), moment(0, 6, 5), None, False),
        (moment(0, 21, 59), moment(0, 22, 5), None, False),  # the service counts, not when it was settled
        (moment(0, 15), moment(0, 23), None, False),
        (moment(0), moment(0, 15), moment(0, 2), True),  # a date says nothing of the hour: when he came does
        (moment(0), moment(0, 15), None, False),
        (None, moment(0, 22), None, True),
        (None, moment(0), None, None),  # nothing says it
    ],
)
def test_a_visit_was_served_by_night_as_its_lines_say(
    lines_at: int | None, settled_at: int, came_at: int | None, by_night: bool | None
) -> None:
    [day] = activity(EngineRun(rules=[]).take(visited(Gateway(), lines_at, settled_at, came_at))).values()
    expected = (0, 0) if by_night is None else (10_000, 10_000 if by_night else 0)
    assert (day.timed, day.by_night, day.total) == (*expected, 10_000)


def test_what_was_taken_back_counts_on_the_day_on_which_that_was_done_and_no_more_by_night() -> None:
    gateway = Gateway()
    refund = gateway.refund_visit(moment(2, 9), "P1", "M1", "S1")
    engine = EngineRun(rules=[]).take([*visited(gateway, moment(0, 1), moment(0, 1, 5)), refund])
    days = {day - moment(0) // DAY: page.counts() for day, page in activity(engine).items()}
    assert days == {0: DayCounts(), 2: DayCounts(refunds=1)}
    engine.take([gateway.reversal(moment(2, 10), "P1", refund)])  # the refund never was
    days = {day - moment(0) // DAY: page.counts() for day, page in activity(engine).items()}
    assert (days[0].visits, days[0].by_night, days[2]) == (1, 10_000, DayCounts())


def test_a_day_is_told_when_it_has_closed_and_again_when_it_changes() -> None:
    gateway = Gateway()
    engine = EngineRun(rules=[]).take(stay(gateway, 0)).mark(moment(2 + 1 + 3) - 1)
    assert days_told(engine.pipeline) == {}
    engine.mark(moment(2 + 1 + 3))
    assert days_told(engine.pipeline) == {moment(2) // DAY: 1}
    engine.take([gateway.cancel_admission(moment(6, 1), "P1", "M0")])
    assert days_told(engine.pipeline) == {}


def test_days_of_a_partition_that_is_ahead_wait_for_the_others() -> None:
    references, sent = story()
    engine = EngineRun(references, partitions=4)
    records = [engine.record(message) for message in sent[:-1]]
    first = records[0].partition
    engine.take_records([record for record in records if record.partition == first])
    value = json.dumps({"mark": format_time(moment(10))}).encode()
    engine.take_records([engine.record(value)]) if first == 0 else None
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    assert peers.stream_time is None
    assert not peers.pages.all_of(DaysPage)
    engine.take_records([record for record in records if record.partition != first])
    engine.mark(moment(10))
    assert not peers.pages.all_of(WaitingPage)
    whole = EngineRun(references).take(sent)
    assert engine.open_alerts() == whole.open_alerts() != {}


@pytest.mark.parametrize("partitions", [1, 4, 16])
def test_partitions_and_doubles_change_nothing(partitions: int) -> None:
    references, sent = story()
    doubled = [message for message in sent[:-1] for _ in range(2)]
    run = EngineRun(references, partitions=partitions).take(doubled, batch=20).mark(moment(10))
    assert run.open_alerts() == EngineRun(references).take(sent).open_alerts() != {}


def test_it_goes_on_alike_from_saved_pages() -> None:
    references, sent = story()
    whole = EngineRun(references).take(sent, batch=1)
    for cut in (1, len(sent) // 2, len(sent) - 1):
        engine = EngineRun(references)
        records = [engine.record(message) for message in sent]
        engine.take_records(records[:cut], batch=1)
        engine.pipeline.save()
        again = EngineRun(references, stores=engine.stores)
        again.take_records(records[max(cut - 20, 0) :], batch=1)
        assert engine.then(again).open_alerts() == whole.open_alerts()


# -- the calendar ---------------------------------------------------------------------------------------------------


def test_a_month_is_looked_at_four_times_each_after_its_days_have_closed() -> None:
    looks, now = [], parse_time("2026-03-01")
    for _ in range(5):
        look = next_look(now)
        now = look.at
        looks.append((format_time(look.at), look.through - first_day(look.month) + 1))
    assert looks == [
        ("2026-03-04 01:00:01", 28),  # February's last day has closed on March 4th, 00:00
        ("2026-03-11 01:00:01", 7),
        ("2026-03-18 01:00:01", 14),
        ("2026-03-25 01:00:01", 21),
        ("2026-04-04 01:00:01", 31),
    ]


def test_a_month_whose_days_do_not_change_any_more_is_final() -> None:
    references, sent = story(OWN)
    run = EngineRun(references, rules=[OwnExpenseShare()])
    for number in range(30):  # of ten days: from February, when nothing is settled yet, until the end of December
        run.take(_later(message, number * 10 * DAY, f"-{number}") for message in sent[:-1])
    [stage] = [stage for stage in run.pipeline.stages if stage.name == "peers"]
    [page] = stage.pages.all_of(MemberPage)
    assert [name_of(month) for month in sorted(page.months)][::10] == ["2026-02", "2026-12"]
    assert [name.split("/")[1] for name in page.standing] == ["2026-03"]
    [alert] = run.newest().values()
    assert (alert.status, alert.begin[:7], (alert.end or "")[:7]) == ("open", "2026-03", "2026-12")
    assert next(one.value for one in alert.measures if one.name == "months_in_a_row") == 10, (
        "those that are final as well"
    )
    assert alert.series is not None
    assert len(alert.series.points) == 10, "they are still shown"


def test_strange_days_of_a_final_month_are_counted_and_no_longer_named() -> None:
    page = MemberPage(institution="H1", region="3201", newest_day=first_day(MONTH) + 3)
    for month in (MONTH - 14, MONTH - 13, MONTH - 5, MONTH - 4, MONTH):
        page.months[month] = Month(
            first_day(month + 1) - 1, 20, DayCounts(), CaseMix(top=(("J18", 1, 2, 1),)), CaseMix()
        )
        page.scored_days[month] = 10
        page.strange |= {first_day(month) + day: Strange(0.9, 0.8, 5, ()) for day in (0, 1)}
    page.forget_months()
    assert sorted(page.months) == [MONTH - 13, MONTH - 5, MONTH - 4, MONTH]
    assert sorted(map(month_of, page.strange)) == [MONTH - 4, MONTH - 4, MONTH, MONTH]
    assert page.strange_days() == 8
    assert [bool(page.months[month].stays.top) for month in sorted(page.months)] == [False, False, True, True]
    page.forget_months()
    assert page.strange_days() == 8, "they are counted once"


def test_months_that_are_forgotten_count_in_the_standing_as_if_they_were_not() -> None:
    chance = random.Random(7)
    short = MemberPage(institution="H1", region="3201")
    whole, newest = MemberPage(institution="H1", region="3201"), MONTH + 40
    for month in range(MONTH, newest + 1):
        seen = {
            name: Compared(chance.random(), chance.random(), 0.0, 1.0, chance.uniform(-1, 3), group, 9)
            for name, group in ((FUND, "a b"), (COST_STAYS, "a"), (GROWTH, "a b c"))
        }
        counts, mix = DayCounts(fund=chance.randrange(10**6)), CaseMix(5, chance.randrange(10**6), 1_000, 0.1)
        for page in (short, whole):
            page.newest_day = first_day(month) + 9
            page.months[month] = Month(first_day(month) + 9, 8, counts, mix, CaseMix(), seen=dict(seen))
            page.scored_days[month] = 8
            page.strange[first_day(month) + 3] = Strange(0.9, 0.8, 5, ())
        short.past = with_months(short.past, short.forget_months())
        short = decode_page(MemberPage, encode_page(short))
    assert len(short.months) == MONTHS_KEPT
    one, other = (msgspec.structs.asdict(among(page, 41)) for page in (short, whole))
    assert one == pytest.approx(other)
    assert one["group"] == "a"
    assert short.past.first == MONTH


def test_a_part_of_a_month_is_seven_days_and_the_last_what_is_left() -> None:
    begin = first_day(2026 * 12 + 2)
    assert [part_of(begin + day) % 4 for day in (0, 6, 7, 20, 21, 30)] == [0, 0, 1, 2, 3, 3]
    assert month_of(begin + 30) == 2026 * 12 + 2


# -- groups ---------------------------------------------------------------------------------------------------------


def test_groups_go_from_the_narrowest_to_all_of_the_region() -> None:
    known = Institution("H1", "", "500106", "A100", "05", None, None, None)
    assert groups_of("5001", known) == ("5001 A100 05", "5001 A100", "5001")
    assert groups_of("5001", None) == ("5001",)
    assert groups_of("", None) == ("-",)


def test_the_others_are_judged_without_the_one_and_by_their_middle() -> None:
    pages = Pages({}, (SpreadPage,))
    for value in (1.0, 1.1, 1.2, 1.3, 9.0):
        count_bins(pages, "g", MONTH, {}, {"x": bin_of(value)})
    without = others(pages, "g", MONTH, "x", bin_of(9.0))
    assert without.members == 4
    assert without.median == pytest.approx(1.15)
    assert without.distance == pytest.approx(0.1)  # 0.15, 0.05, 0.05, 0.15
    with_it = others(pages, "g", MONTH, "x", bin_of(1.0))
    assert with_it.median == pytest.approx(1.25)  # one far off does not move it far


def test_ten_thousand_members_take_no_more_room_than_their_bins() -> None:
    pages = Pages({}, (SpreadPage,))
    for number in range(10_000):
        count_bins(pages, "g", MONTH, {}, {"x": bin_of((number % 400) / 200)})
    [page] = pages.all_of(SpreadPage)
    assert len(encode_page(page)) < 4_000
    for number in range(10_000):
        count_bins(pages, "g", MONTH, {"x": bin_of((number % 400) / 200)}, {})
    assert page.months[MONTH]["x"] == {}


# -- the model ------------------------------------------------------------------------------------------------------


def vector(number: int) -> dict[str, float]:
    return {name: ((number * (place + 3)) % 17) / 17 for place, name in enumerate(NAMES)}


@pytest.mark.parametrize("taught", [0, 1, WINDOW - 1, WINDOW, 2 * WINDOW + 7])
def test_a_restored_model_scores_and_learns_exactly_as_the_saved_one(taught: int) -> None:
    trees = Trees(NAMES)
    for number in range(taught):
        trees.learn(vector(number))
    again = Trees.restored(trees.saved())
    assert again.saved() == trees.saved()
    for number in range(taught, taught + WINDOW + 5):
        assert again.score(vector(number)) == trees.score(vector(number))
        trees.learn(vector(number))
        again.learn(vector(number))
    assert again.saved() == trees.saved()


def test_a_far_vector_is_stranger_than_a_usual_one() -> None:
    trees = Trees(NAMES)
    for number in range(2 * WINDOW):
        trees.learn(dict.fromkeys(NAMES, 0.5 + 0.02 * (number % 3)))
    assert trees.score(dict.fromkeys(NAMES, 0.95)) > trees.score(dict.fromkeys(NAMES, 0.51)) + 0.2


def test_masses_of_other_trees_are_refused() -> None:
    saved = Trees(NAMES).saved()
    with pytest.raises(ValueError, match="masses"):
        Trees.restored((*saved[:3], saved[3][:-1], saved[4]))


# -- whom to inspect first ------------------------------------------------------------------------------------------


def test_a_portrait_grows_with_each_of_its_parts() -> None:
    plain = Among(fund=1_000_000)
    alone = portrait({}, 0, plain).standing
    assert alone == 0.0
    for more in (
        portrait({"low": 1}, 0, plain),
        portrait({}, 200_000, plain),
        portrait({}, 0, Among(fund=1_000_000, excess=3.0)),
        portrait({}, 0, Among(fund=1_000_000, spending=3.0)),
        portrait({}, 0, Among(fund=1_000_000, inpatient=3.0)),
        portrait({}, 0, Among(fund=1_000_000, growth=3.0)),
        portrait({}, 0, Among(fund=1_000_000, strange=0.3)),
    ):
        assert 0.0 < more.standing < 1.0
    everything = Among(9.0, 9.0, 9.0, 9.0, 9.0, 1.0, 1_000_000)
    assert portrait({"high": 9, "medium": 9}, 1_000_000, everything).standing < 1.0


def test_one_high_alert_says_0_4_and_that_weighs_0_7() -> None:
    assert portrait({"high": 1}, 0, None).standing == pytest.approx(0.28)
    # two reasons: 1 − (1 − 0.7·0.4)·(1 − 0.3·½), where 5 % of what the fund paid are at risk
    assert portrait({"high": 1}, 50_000, Among(fund=1_000_000)).standing == pytest.approx(1 - 0.72 * 0.85)


def test_the_deviations_that_half_of_all_have_do_not_add_up_to_a_reason() -> None:
    usual = Among(fund=1_000_000, excess=1.0, spending=1.0, inpatient=1.0, growth=1.6, own_expense=1.0)
    assert portrait({}, 0, usual).standing < 0.1
    assert portrait({}, 0, Among(fund=1_000_000, excess=4.0)).standing > 2 * portrait({}, 0, usual).standing


def member_paid(code: str, fund: int, groups: tuple[str, ...] = ("- 住院",), months: int = 1) -> MemberPage:
    """Known for so many months, in each of which the fund paid so much."""
    page = MemberPage(institution=code, region="" if groups[-1][0] == "-" else "5001", newest_day=first_day(MONTH) + 9)
    for month in range(MONTH - months + 1, MONTH + 1):
        page.months[month] = Month(first_day(month) + 9, 10, DayCounts(fund=fund), CaseMix(), CaseMix(), groups=groups)
    return page


def ranked_among(members: list[MemberPage]) -> dict[str, Among]:
    return with_ranks(members, {one.institution: among(one, 1) for one in members})


def ranks(members: list[MemberPage]) -> dict[str, float | None]:
    return {code: one.rank for code, one in ranked_among(members).items()}


def test_of_institutions_that_nobody_has_described_the_one_that_is_paid_most_comes_first() -> None:
    """Also before one that was dear in its only month: a month of silence is no usual month."""
    steady = [member_paid(f"H{number:03d}", 1_000 * number, months=6) for number in range(1, 41)]
    found = ranks([*steady, member_paid("H900", 6_500), member_paid("P001", 10**9, ("- 药店",))])
    assert found["P001"] is None, "who only sells is not held against hospitals"
    assert found["H040"] == max(rank for rank in found.values() if rank is not None) == pytest.approx(40 / 60)
    assert found["H900"] == pytest.approx(1 / 60)
    assert found["H001"] == 0.0


def test_a_clinic_and_a_hospital_that_nobody_has_described_are_in_one_pool() -> None:
    """Which of the two a month is depends on whether anybody was admitted in it."""
    members = [member_paid(f"H{number}", number, ("- 住院" if number % 2 else "- 门诊",)) for number in range(1, 9)]
    found = ranks(members)
    assert sorted(found, key=lambda code: found[code] or 0.0) == [f"H{number}" for number in range(1, 9)]


def test_those_of_one_kind_are_ranked_among_themselves_and_of_few_the_first_gains_next_to_nothing() -> None:
    """Also where regions differ; a kind of which there are hundreds says more."""
    kinds = [("5001 P 11", "5001 P", "5001 药店"), ("3201 P 11", "3201 P", "3201 药店")]
    few = [member_paid(f"P{number:03d}", 1_000 * number, kinds[number % 2]) for number in range(1, 11)]
    many = [member_paid(f"P{number:03d}", 1_000 * number, kinds[number % 2]) for number in range(1, 502)]
    assert ranks(few)["P010"] == pytest.approx(9 / 109)
    assert ranks(many)["P501"] == pytest.approx(500 / 600)
    assert ranks([*few, member_paid("H1", 10**9)])["P010"] == pytest.approx(9 / 109)


def test_who_is_paid_the_same_has_the_same_rank_and_few_have_none() -> None:
    assert set(ranks([member_paid(f"H{number}", 5) for number in range(5)]).values()) == {2 / 24}
    assert set(ranks([member_paid(f"H{number}", 5) for number in range(4)]).values()) == {None}
    assert ranks([member_paid(f"H{number}", number) for number in range(5)])["H0"] is None, "it was paid nothing"


def test_the_large_honest_hospital_of_a_county_stands_below_a_small_place_with_a_grave_finding() -> None:
    """Described or not: of few institutions the first is merely the hospital of the place."""
    described = ("5001 A100 05", "5001 A100", "5001 住院"), ("5001 C220 09", "5001 C220", "5001 住院")
    for kind, clinic in (described, (("5001 住院",), ("5001 住院",))):
        hospital = member_paid("H0", 10**9, kind)
        hospital.months[MONTH].seen = {FUND: Compared(9.0, 0.0, -3.0, 3.0, 9.0, "5001 住院", 14)}
        members = [hospital, *(member_paid(f"H{number}", 10**6, clinic) for number in range(1, 15))]
        known = ranked_among(members)
        assert (known["H0"].rank is None) == (len(kind) > 1)
        assert portrait({}, 0, known["H0"]).standing < portrait({"high": 1}, 100_000, known["H1"]).standing


def test_few_bills_that_scatter_widely_make_nobody_dear() -> None:
    """The same distance, of the same cases, once with the scatter of hospital bills and once with that of clinics'."""
    found = []
    for noise in (0.8 / 3, 1.6 / 3):  # of nine bills
        page = member_paid("H1", 1)
        band = 3 * (0.12**2 + noise**2) ** 0.5
        page.months[MONTH].visits = CaseMix(9, 100, 50, 0.6)
        page.months[MONTH].seen = {COST_VISITS: Compared(0.6, 0.0, -band, band, 1.0, "a b c", 9, noise)}
        found.append(among(page, 1).excess)
    assert found == pytest.approx([0.6 / (0.12**2 + (0.8 / 3) ** 2) ** 0.5, 0.6 / (0.12**2 + (1.6 / 3) ** 2) ** 0.5])


def test_the_dear_hospital_stands_before_its_peers_and_all_are_listed() -> None:
    references, sent = story()
    engine = EngineRun(references).take(sent)
    ledger = OpenAlerts()
    for alert in engine.published:
        ledger.observe(alert)
    known = among_peers(engine.pipeline.stages)
    found = portraits(known, known, ledger)
    assert list(found) == [f"H32010600{number:03d}" for number in range(1, 7)]
    ranked = sorted(found, key=lambda code: -found[code].portrait.standing)
    assert ranked[0] == "H32010600001"
    assert found["H32010600001"].alerts == 1
    assert found["H32010600002"].alerts == 0
    among = found["H32010600001"].among
    assert among is not None
    assert among.group == "3201 A100 05"
    assert 5_500_000 < among.excess_cost < 6_500_000  # 90,900 yuan billed, the same cases cost the peers some 30,300


def test_institutions_that_nobody_has_described_are_ranked_among_themselves() -> None:
    """All that is known are admissions, diagnoses and amounts."""
    references, sent = story()
    engine = EngineRun(references._replace(institutions=())).take(sent)
    assert not [alert for alert in engine.published if alert.rule == "cost_level"]
    known = among_peers(engine.pipeline.stages)
    assert known["H32010600001"].group == "3201 住院"
    assert max(known, key=lambda code: known[code].excess) == "H32010600001"
    assert max(known, key=lambda code: known[code].rank or 0.0) == "H32010600001"
    assert known["H32010600001"].excess > 3 > max(known[code].excess for code in known if code != "H32010600001")


def test_the_member_page_of_a_region_that_was_wrong_is_emptied() -> None:
    """It was thought to be in the region of its code; then its record comes."""
    gateway = Gateway()
    engine = EngineRun(rules=[]).take(stay(gateway, 0)).mark(moment(6))
    engine.pipeline.stages[0]._references.put_institution(  # type: ignore[attr-defined]
        json.dumps({"fixmedins_code": gateway.institution, "admdvs": "320106", "medins_type": "A100"}).encode()
    )
    engine.take([gateway.refund_stay(moment(7), "P1", "M0", "S0")]).mark(moment(8))
    [peers] = [stage for stage in engine.pipeline.stages if stage.name == "peers"]
    assert {member.region for member in peers.pages.all_of(MemberPage)} == {"5001", "3201"}
    assert days_told(engine.pipeline) == {moment(2) // DAY: 1}
    assert time_of(stay(gateway, 0)[0]) < moment(1)
