"""Does `drug_volume` find what stands out of an item's own history, and keep quiet about what does not?"""

from __future__ import annotations

import gzip
import random
from itertools import pairwise
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.books.item import Citations, ItemPage
from detectors.books.item_sales import usual_sales
from detectors.books.item_screen import SCREEN_NATS, SCREEN_RATIO
from detectors.books.item_wave import post_rise
from detectors.books.peer_calendar import part_of
from detectors.books.volumes import THOUSAND
from detectors.by_item.drug_volume.decisions import packs_of_one
from detectors.by_item.drug_volume.episode import clustered
from detectors.by_item.drug_volume.rule import DrugVolume
from detectors.engine.page import decode_page, encode_page
from detectors.engine.rule import View
from detectors.models.shape import climb_of
from schemas.alerts import Alert
from schemas.china_time import DAY, HOUR, format_day, parse_time
from schemas.codes import is_volume_item
from schemas.decode import decode
from schemas.facts import Charges
from schemas.returns import NO_RISE, RoseBeside
from schemas.snapshots import Reference
from tests.item_days import FIRST_DAY, NoReferences, Watch

DATA = Path(__file__).parent / "data" / "volume"
GOLDEN = Path(__file__).parent.parent / "detectors" / "by_item" / "drug_volume" / "golden"


def ordinary(days: int, mean: float, seed: int = 1) -> list[float]:
    """Packs a day of an item like others: lines of one to three packs."""
    chance = random.Random(seed)
    return [
        float(sum(chance.choice([1, 2, 3]) for _ in range(int(mean)) if chance.random() < 0.5))
        + (1.0 if chance.random() < mean % 1 else 0.0)
        for _ in range(days)
    ]


def times(volumes: list[float], factor: float, begin: int, days: int | None = None) -> list[float]:
    end = len(volumes) if days is None else begin + days
    return [packs * factor if begin <= index < end else packs for index, packs in enumerate(volumes)]


def watched(volumes: list[float], rule: DrugVolume | None = None) -> Watch:
    watch = Watch(rule)
    watch.days(volumes)
    return watch


def measure(alert: Alert, name: str) -> float:
    return next(measure.value for measure in alert.measures if measure.name == name)


# -- finds ----------------------------------------------------------------------------------------------------------------


def test_a_running_day_is_raised_before_it_is_over() -> None:
    watch = Watch()
    today = watch.days(ordinary(40, 4))
    watch.sell(today, 10, at=today * DAY + 9 * HOUR)
    assert not watch.revisions
    watch.sell(today, 50, at=today * DAY + 10 * HOUR)
    (alert,) = watch.revisions
    assert (alert.status, alert.raised_at) == ("open", f"{format_day(today)} 10:00:00")
    assert alert.begin == f"{format_day(today)} 00:00:00"


def test_a_running_day_is_not_told_again_with_every_message() -> None:
    watch = Watch()
    today = watch.days(ordinary(40, 4))
    for hour in range(8, 20):
        watch.sell(today, 10, at=today * DAY + hour * HOUR)
    assert len(watch.revisions) <= 2
    watch.wait((today + 1) * DAY)
    assert measure(watch.revisions[-1], "volume_since_begin") == 120


def test_an_episode_is_one_alert_that_grows_once_a_day() -> None:
    watch = watched(times(ordinary(60, 6), 6, begin=40, days=10))
    (alert,) = watch.open
    assert 2 <= alert.revision <= 12
    assert len({revision.revised_at[:10] for revision in watch.revisions}) >= len(watch.revisions) - 1
    assert alert.begin[:10] == format_day(FIRST_DAY + 40)
    assert alert.end is not None
    assert alert.end[:10] == format_day(FIRST_DAY + 49)


@pytest.mark.parametrize("seed", range(12))
def test_an_episode_is_not_told_again_when_its_first_days_are_forgotten(seed: int) -> None:
    """There was nothing of it for three weeks before: where that begins to be forgotten it may have been a shortage."""
    chance = random.Random(seed)
    length = chance.randint(25, 60)
    volumes = [0.0] * 110
    volumes += [float(chance.randint(1, 3) * chance.randint(2, 5)) for _ in range(length)]
    volumes += [float(chance.randint(0, 2)) for _ in range(110)]
    for day in chance.sample(range(88), 20):
        volumes[day] = float(chance.randint(1, 2))
    watch = watched(volumes)
    periods = sorted((alert.begin, alert.end or "") for alert in watch.open)
    assert periods
    assert all(before[1] < after[0] for before, after in pairwise(periods)), periods


def test_an_alert_does_not_change_once_its_episode_is_over() -> None:
    volumes = times(ordinary(66, 6), 6, begin=40, days=5)
    watch = watched(volumes[:50])
    said = len(watch.revisions)
    watch.days(volumes[50:], FIRST_DAY + 50)
    assert len(watch.revisions) == said


@pytest.mark.parametrize(("factor", "days", "name"), [(8.0, 2, "spike"), (5.0, 9, "surge"), (3.0, None, "level shift")])
def test_the_alert_says_what_shape_the_excess_has(factor: float, days: int | None, name: str) -> None:
    watch = watched(times(ordinary(62, 12), factor, begin=40, days=days))
    (alert,) = watch.open
    assert f"({name})" in alert.text.en


def test_a_ramp_is_found_and_named() -> None:
    volumes = [packs * 1.15 ** max((day - 60) / 7, 0) for day, packs in enumerate(ordinary(125, 30))]
    watch = watched(volumes)
    assert watch.open
    assert any("(ramp)" in alert.text.en and "逐步攀升" in alert.text.zh for alert in watch.open)


def test_a_lasting_change_is_accepted_and_its_alert_stays() -> None:
    watch = watched(times(ordinary(110, 12), 3, begin=40))
    (alert,) = watch.open
    assert "(level shift)" in alert.text.en
    assert alert.end is not None
    assert parse_time(alert.end) < (FIRST_DAY + 85) * DAY
    expected = watch.page.days.expected(FIRST_DAY + 109)
    assert expected is not None
    assert expected.mean == pytest.approx(36, rel=0.25)


def test_a_week_that_creeps_over_its_limit_is_found_where_no_day_is() -> None:
    watch = watched(times(ordinary(60, 20), 2.2, begin=45))
    (alert,) = watch.open
    assert alert.measures[0].name in ("volume_7d", "volume_14d")
    assert abs(parse_time(alert.begin) // DAY - (FIRST_DAY + 45)) <= 1


def test_more_than_five_times_on_a_day_is_found_where_it_is_sold_every_day() -> None:
    """Lines of five to fifteen packs, some five a day: a day of 180 is rarer than one in ten thousand, and not than in a million.
    Of an item whose days are mostly empty such days are too many."""
    before = [packs * 5 for packs in ordinary(40, 6)]
    (alert,) = watched([*before, 180.0]).open
    assert measure(alert, "improbability") < 6
    assert not watched([*before, 180.0], DrugVolume(steady_day_zeros=6)).open
    assert not watched([*before, 130.0]).open


def test_a_window_that_is_full_of_a_told_spike_is_no_second_story() -> None:
    (alert,) = watched(times(ordinary(75, 12), 8.0, begin=40, days=2)).open
    assert alert.end is not None
    assert alert.end[:10] == format_day(FIRST_DAY + 41)


def test_what_comes_by_the_patient_does_not_make_the_level_stray_more() -> None:
    """Of inpatients' packs chance makes more, but how custom moves has nothing to do with it."""
    page = watched(ordinary(75, 12)).page
    day, mean = page.days.today - 1, 336.0
    known = page.days.expected(day - 27)
    assert known is not None
    page.days.suspects = [day]
    page.cited[day] = Citations([Reference("2301", "M1", day * DAY)], [3 * THOUSAND])
    together = packs_of_one([page.cited[day]], 28) / known.lumpiness
    unsure = known.spread**2 - known.drift**2
    more = clustered(page.days, day, 28, mean, page.cited)
    assert more == pytest.approx((together - 1) * (known.lumpiness * mean + unsure * mean**2))
    assert more < (together - 1) * (known.lumpiness * mean + known.spread**2 * mean**2)


def test_two_episodes_are_two_alerts() -> None:
    volumes = times(times(ordinary(80, 6), 8, begin=30, days=3), 8, begin=60, days=3)
    assert [alert.begin[:10] for alert in watched(volumes).open] == [
        format_day(FIRST_DAY + 30),
        format_day(FIRST_DAY + 60),
    ]


# -- keeps quiet ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mean", [0.1, 0.4, 1, 4, 12, 60])
def test_the_clean_twin_is_quiet(mean: float) -> None:
    for seed in range(4):
        assert not watched(ordinary(200, mean, seed)).revisions


def test_a_short_history_is_silent_and_says_so() -> None:
    watch = Watch()
    watch.days([5.0] * 10 + [500.0])
    assert not watch.revisions
    view = View(watch.page.days.today * DAY, NoReferences())
    assert watch.rule.silence(watch.page, view) == "warming_up"
    watch.wait((FIRST_DAY + 30) * DAY)
    assert watch.rule.silence(watch.page, view) is None


def test_after_three_weeks_it_is_useful() -> None:
    assert watched([*ordinary(20, 4), 90.0]).open


def test_a_rare_item_may_come_twice_in_a_day() -> None:
    rare = [0.0] * 12 + [2.0]
    assert not watched(rare * 12 + [2.0, 6.0, 2.0]).revisions


def test_weekly_boxes_and_a_late_box_do_not_storm() -> None:
    boxes = ([0.0] * 6 + [900.0]) * 20
    boxes[100], boxes[104] = 900.0, 0.0
    boxes[120] = 1_800.0
    assert not watched(boxes).revisions


def test_monthly_boxes_are_quiet_from_the_first() -> None:
    chance = random.Random(5)
    boxes = [chance.choice([300.0, 600.0, 900.0]) if chance.random() < 1 / 25 else 0.0 for _ in range(700)]
    assert len(watched(boxes).revisions) == 0


def test_few_packs_are_no_alert_however_rare() -> None:
    assert not watched([*[0.0, 1.0] * 30, 9.0]).revisions


def test_buying_ahead_of_spring_festival_is_ordinary() -> None:
    festival = parse_time("2026-02-17") // DAY
    volumes = ordinary(130, 20)
    first = festival - 100
    volumes[93:99] = [packs * 1.9 for packs in volumes[93:99]]
    volumes[99:107] = [packs * 0.1 for packs in volumes[99:107]]
    watch = Watch()
    watch.days([float(round(packs)) for packs in volumes], first)
    assert not watch.revisions


# -- corrections ------------------------------------------------------------------------------------------------------------


def test_refunds_that_take_the_cause_back_retract() -> None:
    watch = Watch()
    today = watch.days(ordinary(40, 4))
    watch.sell(today, 60)
    watch.days([5.0] * 6, today + 1)
    assert watch.open
    watch.sell(today, -58, at=(today + 7) * DAY)
    assert not watch.open
    assert watch.revisions[-1].status == "retracted"
    assert watch.revisions[-1].retraction is not None
    assert "2103" in watch.revisions[-1].retraction.zh


def test_a_fact_and_its_correction_leave_nothing_standing() -> None:
    plain, corrected = Watch(), Watch()
    for watch in (plain, corrected):
        today = watch.days(ordinary(40, 4))
    corrected.sell(today, 200)
    corrected.sell(today, -200)
    for watch in (plain, corrected):
        watch.days(ordinary(30, 4, seed=9), today)
    assert not plain.open
    assert not corrected.open
    assert plain.page.days.baseline == corrected.page.days.baseline
    assert plain.page.days.volumes == corrected.page.days.volumes


def test_a_reopened_cause_opens_the_same_alert() -> None:
    watch = Watch()
    today = watch.days(ordinary(40, 4))
    for packs in (60, -60, 60):
        watch.sell(today, packs)
    assert len(watch.newest) == 1
    assert [alert.status for alert in watch.revisions] == ["open", "retracted", "open"]


def test_a_wrong_clock_line_of_long_ago_changes_nothing() -> None:
    watch = watched(times(ordinary(60, 6), 6, begin=40, days=5))
    said = len(watch.revisions)
    watch.sell(FIRST_DAY - 900, 5_000, at=(FIRST_DAY + 60) * DAY)
    assert len(watch.revisions) == said


# -- the alert ----------------------------------------------------------------------------------------------------------------


def test_the_alert_holds_what_the_inspector_needs() -> None:
    watch = watched(times(ordinary(62, 6), 6, begin=40, days=7))
    (alert,) = watch.open
    volume, limit = alert.measures[0].value, alert.measures[0].limit
    assert limit is not None
    assert volume >= limit
    since = next(m for m in alert.measures if m.name == "volume_since_begin")
    assert since.expected is not None
    assert measure(alert, "times_expected") == pytest.approx(since.value / since.expected, rel=0.02)
    # Every pack costs 20 yuan, and the excess is what is at risk: measures are rounded to a tenth of a pack.
    assert alert.fund_at_risk == pytest.approx((since.value - since.expected) * 2_000, rel=0.01)
    assert alert.evidence
    assert alert.series is not None
    assert len(alert.series.points) == 35
    assert alert.series.points[-1].at == format_day(FIRST_DAY + 46)
    assert all(point.high is None or point.low is None or point.low <= point.high for point in alert.series.points)
    for words in (alert.text.zh, alert.text.en):
        assert format_day(FIRST_DAY + 40) in words
        assert f"{since.value:,.0f}" in words


def test_the_score_can_be_computed_from_the_measures() -> None:
    (alert,) = watched(times(ordinary(62, 6), 6, begin=40, days=7)).open
    improbability = next(m for m in alert.measures if m.name == "improbability")
    assert improbability.limit is not None
    assert alert.score == pytest.approx(1 - 0.5 ** (improbability.value / improbability.limit), abs=1e-3)


def test_severity_grows_with_ratio_and_money() -> None:
    severities = []
    for factor, scope in ((2.2, 1_000), (6.0, 10), (6.0, 500), (6.0, 100_000)):
        watch = Watch()
        for day, packs in enumerate(times(ordinary(58, 20), factor, begin=44)):
            if packs:
                watch.sell(FIRST_DAY + day, packs, scope=round(packs * scope))
        watch.wait((FIRST_DAY + 58) * DAY)
        severities.append(watch.open[0].severity)
    assert severities == ["low", "low", "medium", "high"], "neither; far, but of less than 1,000 yuan; far; and dear"


def test_no_parameter_asks_for_less_than_the_screen() -> None:
    rule = DrugVolume(
        day_ratio=1.3, week_ratio=1.3, fortnight_ratio=1.3, month_ratio=1.3, week_packs=10,
        day_zeros=3, week_zeros=3, sustained_zeros=3,
    )  # fmt: skip
    for bar in rule.bars():
        assert bar.nats > SCREEN_NATS
        assert bar.ratio > SCREEN_RATIO
        assert bar.packs >= 4  # the screen's


@given(
    packs=st.lists(st.sampled_from([0.0, 1.0, 1e-6, 5.0, 1e6, 1e12]), min_size=20, max_size=60),
)
def test_any_finite_history_gives_finite_alerts(packs: list[float]) -> None:
    for alert in watched(packs).revisions:
        encoded = msgspec.json.encode(alert)
        assert b"NaN" not in encoded
        assert b"null" not in msgspec.json.encode([m.value for m in alert.measures])
        assert 0 <= alert.score <= 1
        assert alert.fund_at_risk >= 0


@given(seed=st.integers(0, 1_000), cut=st.integers(0, 59))
def test_saved_and_restored_at_any_cut_the_alerts_are_the_same(seed: int, cut: int) -> None:
    volumes = times(ordinary(60, 6, seed), 5, begin=35, days=10)
    whole, halved = Watch(), Watch()
    whole.days(volumes)
    halved.days(volumes[:cut])
    halved.page = decode_page(ItemPage, encode_page(halved.page))
    halved.days(volumes[cut:], FIRST_DAY + cut)
    newest = [[msgspec.structs.replace(a, revision=0, source=None) for a in w.newest.values()] for w in (whole, halved)]
    assert newest[0] == newest[1]


# -- real wire ----------------------------------------------------------------------------------------------------------------


def test_a_hoarding_pharmacy_of_a_county_is_found_on_its_first_day() -> None:
    watch = Watch(page=ItemPage(institution="P50010600035", item="XA45BCA045A001010100045"))
    with gzip.open(DATA / "pharmacy.jsonl.gz") as lines:
        for line in lines:
            transaction = decode(line)
            for fact in transaction.facts:
                if not isinstance(fact, Charges):
                    continue
                for bought in fact.lines:
                    if bought.item == watch.page.item and is_volume_item(bought.category, bought.item):
                        watch.sell(bought.time // DAY, bought.quantity, at=transaction.inf_time, scope=bought.amount)
    (alert,) = watch.open
    assert alert.raised_at[:10] == "2026-02-03"
    assert alert.begin[:10] == "2026-02-03"
    assert alert.end is not None
    assert alert.end[:10] == "2026-02-16"
    assert alert.severity == "high"


def test_the_golden_page_of_this_version_is_still_read_and_says_the_same() -> None:
    page = decode_page(ItemPage, (GOLDEN / f"page_{ItemPage.layout}.bin").read_bytes())
    rule = DrugVolume()
    view = View(page.days.today * DAY, NoReferences())
    findings = [rule.ask(page, anchor, view) for anchor in rule.anchors(page)]
    assert msgspec.json.encode(findings) + b"\n" == (GOLDEN / f"findings_{rule.version}.json").read_bytes()


# -- shortages and climbs -------------------------------------------------------------------------------------------


def shortage_then(after: float, days: int) -> Watch:
    """Twenty packs a day, none for ten days, then so many for so many days."""
    watch = Watch()
    watch.days([20.0] * 40 + [0.0] * 10 + [after] * days + [20.0] * 20)
    return watch


def test_what_was_missed_and_is_bought_ahead_is_no_excess() -> None:
    """200 packs were missed: 400 more may come."""
    assert not shortage_then(45.0, 14).open
    (alert,) = shortage_then(80.0, 20).open
    missed = measure(alert, "missed_before")
    assert missed == pytest.approx(200, rel=0.07)
    since = next(m for m in alert.measures if m.name == "volume_since_begin")
    assert since.expected is not None
    assert since.value - since.expected <= 20 * 60 - 300, "what may be made up for is in what was expected"
    assert "断供10天" in alert.text.zh


def test_days_off_are_no_shortage() -> None:
    watch = Watch()
    watch.days([20.0] * 40 + [0.0] * 3 + [80.0] * 10)
    (alert,) = watch.open
    assert "断供" not in alert.text.zh


def test_nothing_is_said_when_the_empty_days_are_forgotten() -> None:
    """A page keeps 98 days."""
    watch = Watch()
    watch.days([20.0] * 60 + [0.0] * 12 + [44.0] * 12 + [20.0] * 110)
    assert not watch.newest


def test_a_climb_is_told_from_a_step() -> None:
    climb = climb_of([40.0, 40.0, 40.0, 46.0, 53.0, 61.0, 70.0])
    assert climb is not None
    assert climb.weeks == 4
    assert climb.weekly == pytest.approx(1.15, abs=0.01)
    assert climb_of([40.0, 41.0, 38.0, 60.0, 80.0, 79.0, 82.0]) is None, "the week in which it falls may be anything"
    assert climb_of([70.0, 61.0, 53.0, 46.0, 40.0, 40.0, 40.0]) is None
    assert climb_of([0.0] * 8) is None
    assert climb_of([40.0, 46.0, 53.0, 61.0]) is None, "four weeks show no bend"


def more_sales(of: float, **asked: int) -> list[Alert]:
    """A sale every second day for sixty days, then four a day of a fifth of its packs for ten."""
    watch = Watch(DrugVolume(**asked))
    for day in range(70):
        for number in range(int(day % 2 == 0) if day < 60 else 4):
            at = (FIRST_DAY + day) * DAY + (9 + number) * HOUR
            watch.sell(FIRST_DAY + day, of if day < 60 else of / 5, at=at)
    watch.wait((FIRST_DAY + 72) * DAY)
    return list(watch.open)


def test_more_sales_that_are_worth_little_are_no_alert() -> None:
    """By six packs a sale they bring 18 packs too many, of 20 yuan."""
    (alert,) = more_sales(6.0, sales_yuan=0)
    assert 0 < alert.fund_at_risk < 50_000
    assert not more_sales(6.0)
    (alert,) = more_sales(30.0)
    assert alert.fund_at_risk >= 50_000


def test_how_little_is_known_of_the_usual_sales_is_counted_once() -> None:
    """Twice a day for six weeks, thrice for four: what 28 days may stray by chance holds what the weeks before leave open."""
    watch = Watch()
    for day in range(70):
        for number in range(2 if day < 42 else 3):
            watch.sell(FIRST_DAY + day, 2.0, at=(FIRST_DAY + day) * DAY + (9 + number) * HOUR)
    page, last = watch.page, FIRST_DAY + 69
    told, known = usual_sales(page.sales, page.days, last, 28), page.days.expected(last - 27)
    assert told is not None
    assert known is not None
    assert known.spread > known.drift
    assert (told.number, told.mean) == (84, 56)
    assert told.chance == pytest.approx(told.lumps * 56 * (1 + 28 / 42))
    assert told.variance - told.chance == pytest.approx((known.drift * 56) ** 2)


def test_what_was_said_of_sales_stays_when_days_are_forgotten() -> None:
    """A sale of eleven packs every second day for sixty days, then four of two a day for ten: only the sales say so."""
    watch = Watch(DrugVolume(sales_yuan=0))

    def told(first: int, last: int, sales: int, packs: float) -> None:
        for day in range(FIRST_DAY + first, FIRST_DAY + last):
            for number in range(sales):
                watch.sell(day, packs, at=day * DAY + (9 + number) * HOUR)

    for day in range(0, 60, 2):
        told(day, day + 1, 1, 11.0)
    told(60, 70, 4, 2.0)
    watch.wait((FIRST_DAY + 72) * DAY)
    (alert,) = watch.open
    assert any(one.name.startswith("sales_") for one in alert.measures)
    for day in range(72, 190, 2):
        told(day, day + 1, 1, 11.0)
        watch.wait((FIRST_DAY + day + 1) * DAY)
    (still,) = watch.newest.values()
    assert (still.status, still.begin, still.end, still.measures) == ("open", alert.begin, alert.end, alert.measures)


@pytest.mark.parametrize(("seed", "days"), [(0, 30), (1, 30), (2, 30), (3, 30), (4, 120), (5, 120)])
def test_what_it_has_noted_of_days_is_what_it_would_find_anew(seed: int, days: int) -> None:
    """Notes of days are kept between messages: late lines, refunds, rises told late and forgotten days must undo them."""
    chance, watch = random.Random(seed), Watch()
    watch.days(ordinary(70, 6.0, seed))
    rule, sold, noted = watch.rule, dict[int, float](), 0
    asked = rule.bars(), rule.sales_bars()
    for day in range(FIRST_DAY + 70, FIRST_DAY + 70 + days):
        for _ in range(chance.choice([0, 2, 5])):
            of, now = day - chance.choice([0, 0, 0, 1, 2, 9, 25]), day * DAY + chance.randrange(DAY)
            packs = float(chance.choice([2, 5, 9, 30])) if chance.random() < 0.8 else -sold.get(of, 0.0)
            if packs:
                sold[of] = sold.get(of, 0.0) + packs
                watch.sell(of, packs, at=now)
            if chance.random() < 0.1:
                part = part_of(day - chance.choice([0, 7, 14]))
                message = RoseBeside("P1", "X1", part, chance.choice([NO_RISE, 1_800, 4_000]), 7, now)
                post_rise(watch.page.waves, watch.page.days, message)
            view = View(now, NoReferences())
            anew = decode_page(ItemPage, encode_page(watch.page))
            known = rule.ask_all(watch.page, view)
            assert known == rule.ask_all(anew, view)
            found = anew.days.notes(asked)
            assert {of: watch.page.days.notes(asked)[of] for of in found} == found
            noted += len(known)
        watch.wait((day + 1) * DAY)
    assert noted > 20
