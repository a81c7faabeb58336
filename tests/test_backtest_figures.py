"""Precision, recall, delay, intervals, verdicts and comparisons, each by hand."""

from __future__ import annotations

import pytest

from schemas.alerts import Alert, Source, Text
from schemas.labels import Label
from schemas.verdicts import Verdict, decode_verdict
from stream.backtest import sweeping
from stream.backtest.comparing import match
from stream.backtest.intervals import wilson
from stream.backtest.labels import Labels
from stream.backtest.result import SweepPoint
from stream.backtest.scores import score
from stream.backtest.verdicts import Words
from tests.wire_messages import moment

START, END = moment(0), moment(30)


def alert(
    name: str, *, rule: str = "bed_holding", visits: tuple[str, ...] = (), raised: str = "2026-03-10 00:00:00",
    begin: str = "2026-03-05 08:00:00", end: str | None = None, fund: int = 100, item: str | None = None,
    persons: tuple[str, ...] = (), institution: str = "H1", status: str = "open", severity: str = "high",
) -> Alert:  # fmt: skip
    return Alert(
        alert_id=f"{rule}:1:{name}", rule=rule, rule_version=1, revision=1, status=status, severity=severity, score=0.5,  # type: ignore[arg-type]
        raised_at=raised, revised_at=raised, begin=begin, end=end, institution=institution, institution_name=None,
        persons=list(persons), visits=list(visits), household=None, item=item, group=None, measures=[], evidence=[],
        evidence_total=0, fund_at_risk=fund, rule_class="管理类", basis=[], text=Text("", ""),
        source=Source(0, 0, raised, ""),
    )  # fmt: skip


def label(
    *visits: str, begin: str = "2026-03-05 00:00:00", end: str | None = "2026-03-12 00:00:00", **more: str
) -> Label:
    return Label(
        more.get("pattern", "bed_holding"), more.get("institution", "H1"), begin, end, visits=list(visits),
        item=more.get("item"),
    )  # fmt: skip


def of(*labels: Label, rules: tuple[str, ...] = ("bed_holding", "drug_volume")) -> Labels:
    return Labels(labels, rules, START, END)


def test_precision_recall_delay_and_time_are_those_of_the_wire() -> None:
    labels = of(label("M1"), label("M2"), label("M3", end="2026-03-09 00:00:00"), label("M4"))
    alerts = [
        alert("a", visits=("M1",), raised="2026-03-07 00:00:00"),  # two days after its label begins
        alert("b", visits=("M1", "MX"), raised="2026-03-08 00:00:00"),  # the same label, later
        alert("c", visits=("M3",), raised="2026-03-10 12:00:00"),  # 5.5 days after, and a day and a half after its end
        alert("d", visits=("M9",)),  # wrong
        alert("e", visits=("M2",), status="retracted"),  # found nothing
    ]
    scores = score(alerts, "bed_holding", labels, 30.0)
    assert (scores.alerts, scores.retracted, scores.hits, scores.labels, scores.found) == (4, 1, 3, 4, 2)
    assert scores.precision == 3 / 4
    assert scores.recall == 2 / 4
    assert scores.delays == [48.0, 132.0]
    assert scores.delay_median == 90.0
    assert scores.in_time == [True, False]
    assert scores.alerts_a_day == 4 / 30
    assert scores.detected[0].alert_id == "bed_holding:1:a"


def test_a_label_without_visits_is_hit_by_institution_item_and_period() -> None:
    told = label(pattern="drug_volume", item="X", begin="2026-03-10 00:00:00", end="2026-03-12 00:00:00")
    volume = {"rule": "drug_volume", "item": "X"}
    before = alert("a", **volume, begin="2026-03-01 00:00:00", end="2026-03-09 00:00:00")  # type: ignore[arg-type]  # the day before
    after = alert("b", **volume, begin="2026-03-19 00:00:00")  # type: ignore[arg-type]  # seven days after
    late = alert("c", **volume, begin="2026-03-19 00:00:01")  # type: ignore[arg-type]
    other = alert("d", rule="drug_volume", item="Y", begin="2026-03-11 00:00:00")
    labels = of(told)
    assert [labels.hit_by(one) for one in (before, after, late, other)] == [[0], [0], [], []]


def test_a_rule_of_which_no_label_is_known_is_not_judged() -> None:
    scores = score([alert("a", rule="drug_volume")], "drug_volume", of(label("M1")), 1.0)
    assert (scores.labels, scores.hits, scores.precision, scores.recall) == (None, None, None, None)


def test_a_label_counts_from_its_own_time_only() -> None:
    labels = Labels(
        [
            label("M1", begin="2026-03-01 23:59:59"),  # a second before the window
            label("M2", begin="2026-03-02 00:00:00"),
            label("M3", begin="2026-04-01 00:00:00"),
            label("M4", begin="2026-04-01 00:00:01"),  # a second after what was replayed
            label("M5", pattern="after_death"),
            label("M6", pattern="reading_of_tea_leaves"),
        ],
        ("bed_holding",), START, END,
    )  # fmt: skip
    assert [one.visits for one in labels.counted] == [["M2"], ["M3"]]
    assert labels.outside == {
        "begun before the window": 1, "begins after what was replayed": 1, "its rule does not run": 1,
        "reading_of_tea_leaves is no rule": 1,
    }  # fmt: skip
    scores = score([alert("a", visits=("M1",))], "bed_holding", labels, 30.0)
    assert (scores.hits, scores.found, scores.labels) == (1, 0, 2), "the alert is right, but found nothing that counts"


def test_an_alert_from_before_its_label_found_it_but_has_no_delay() -> None:
    told = label(pattern="drug_volume", item="X", begin="2026-03-10 00:00:00", end="2026-03-20 00:00:00")
    early = alert("a", rule="drug_volume", item="X", raised="2026-03-08 23:00:00", end="2026-03-11 00:00:00")
    scores = score([early], "drug_volume", of(told), 30.0)
    assert (scores.found, scores.delays, scores.in_time) == (1, [], [])


def test_money_of_a_shared_visit_counts_once() -> None:
    scores = score(
        [alert("a", visits=("M1",), fund=100), alert("b", visits=("M1",), fund=70)], "bed_holding", None, None
    )
    assert scores.fund_at_risk == 100


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    # z = 1.96: 0 of 10 → z²/(n + z²) = 3.8415/13.8415; 5 of 10 is even about one half
    [(0, 10, 0.0, 0.2775), (10, 10, 0.7225, 1.0), (5, 10, 0.2366, 0.7634), (1, 1, 0.2065, 1.0)],
)
def test_wilsons_interval_holds_for_few_for_none_and_for_all(part: int, whole: int, low: float, high: float) -> None:
    interval = wilson(part, whole)
    assert interval is not None
    assert (round(interval.low, 4), round(interval.high, 4)) == (low, high)


# -- verdicts -----------------------------------------------------------------------------------------------------------


def test_the_newest_word_by_then_counts_and_none_that_came_later() -> None:
    said = [
        Verdict("a", "undecided", "2026-03-05 00:00:00"),
        Verdict("a", "confirmed", "2026-03-07 00:00:00"),
        Verdict("a", "rejected", "2026-03-06 00:00:00"),  # came last, but was said before
        Verdict("b", "rejected", "2026-03-31 00:00:00"),
        Verdict("b", "confirmed", "2026-04-02 00:00:00"),  # after the end
        Verdict("z", "confirmed", "2026-03-05 00:00:00"),
    ]
    words = Words(said, END)
    counted = words.counted(["a", "b", "c"])
    assert (counted.confirmed, counted.rejected, counted.undecided, counted.unjudged) == (1, 1, 0, 1)
    assert counted.precision == 0.5
    words.note_others(["a", "b", "c"])
    assert words.outside == {"said after what was replayed": 1, "on alerts that this run does not raise": 1}


@pytest.mark.parametrize("value", [b"{", b"{}", b'{"alert_id":"a","verdict":"maybe","at":"2026-03-01"}',
                                   b'{"alert_id":"a","verdict":"confirmed","at":"yesterday"}'])  # fmt: skip
def test_what_is_no_verdict_is_refused(value: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - msgspec's
        decode_verdict(value)


# -- comparing ----------------------------------------------------------------------------------------------------------


def test_alerts_are_matched_by_id_then_visit_then_person_then_item() -> None:
    before = [
        alert("same", visits=("M1",)),
        alert("later", visits=("M2",)),
        alert("v-old", visits=("M3",)),
        alert("p-old", visits=("M4",), persons=("P1",)),
        alert("i-old", item="X"),
        alert("lost", visits=("M5",), persons=("P9",), institution="H2"),
    ]
    after = [
        alert("same", visits=("M1",)),
        alert("later", visits=("M2",), raised="2026-03-11 06:00:00"),
        alert("v-new", visits=("M3", "M6"), fund=150),
        alert("p-new", visits=("M7",), persons=("P1",)),
        alert("i-new", item="X"),
        alert("gained", visits=("M8",), persons=("P9",)),  # the same person elsewhere is another matter
    ]
    found = match(before, after)
    names = {(pair.before.alert_id[14:], pair.after.alert_id[14:], pair.by, pair.is_same) for pair in found.pairs}
    assert names == {
        ("same", "same", "id", True), ("later", "later", "id", False), ("v-old", "v-new", "visit", False),
        ("p-old", "p-new", "person", False), ("i-old", "i-new", "item", False),
    }  # fmt: skip
    assert next(pair.later_hours for pair in found.pairs if pair.before.alert_id.endswith("later")) == 30.0
    assert [one.alert_id for one in found.lost] == ["bed_holding:1:lost"]
    assert [one.alert_id for one in found.gained] == ["bed_holding:1:gained"]


def test_an_alert_is_matched_once() -> None:
    found = match([alert("a", visits=("M1",)), alert("b", visits=("M1",))], [alert("c", visits=("M1",))])
    assert (len(found.pairs), len(found.lost), len(found.gained)) == (1, 1, 0)


# -- suggestions --------------------------------------------------------------------------------------------------------


def point(value: int, alerts: int, hits: int | None, found: int | None, labels: int | None = 10) -> SweepPoint:
    return SweepPoint(
        rule="bed_holding", parameter="idle_days", value=value, is_current=value == 3, labels=labels, alerts=alerts,
        retracted=0, hits=hits, found=found, precision=None if hits is None or not alerts else hits / alerts,
        precision_interval=None if hits is None else wilson(hits, alerts),
        recall=None if found is None or labels is None else found / labels,
        recall_interval=None if found is None or labels is None else wilson(found, labels), delay_hours_median=None,
        in_time_share=None, alerts_a_day=alerts / 10, fund_at_risk=alerts * 1_000,
    )  # fmt: skip


def test_a_better_value_is_suggested_with_what_it_costs() -> None:
    # harmonic means: 2·0.5·1/1.5 = 0.667 at 3, 2·(8/9)·0.8/(8/9 + 0.8) = 0.842 at 4, 0.333 at 6
    [found] = sweeping.suggestions([point(3, 20, 10, 10), point(4, 9, 8, 8), point(6, 2, 2, 2)])
    assert (found.current, found.value, found.unit) == (3, 4, "days")
    assert "4: precision 89%, recall 80%; at present, with 3, 50% and 100%" in found.words.en
    assert "11 fewer alerts, find 2 fewer labels, and change the fund at risk by ¥-110.00" in found.words.en
    assert "With 10 labels the 95 % intervals overlap" in found.words.en


def test_the_present_value_stays_where_none_is_better() -> None:
    [found] = sweeping.suggestions([point(2, 10, 10, 10), point(3, 10, 10, 10)])
    assert found.value is None
    assert found.words.en.endswith("than the present 3")


def test_a_value_that_finds_as_much_sooner_is_named() -> None:
    sooner, now = point(2, 10, 10, 10), point(3, 10, 10, 10)
    sooner.delay_hours_median, now.delay_hours_median = 90.0, 112.0
    [found] = sweeping.suggestions([sooner, now])
    assert found.value is None
    assert found.words.en.endswith("; 2 finds as much, 22 h sooner in the median")


def test_without_labels_nothing_is_suggested_but_the_load_is_told() -> None:
    [found] = sweeping.suggestions([point(2, 40, None, None, None), point(3, 10, None, None, None)])
    assert found.value is None
    assert "from 1.00 alerts a day at 3 to 4.00 at 2" in found.words.en
