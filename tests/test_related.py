"""Alerts of one institution that share visits or persons name one another, and what later stages find comes back to it.

(docs/decisions/0012.) That the newest revisions, their `related` among them, are the same whatever the interleaving, the
partitions, repeats and crashes is held by `tests.test_invariants`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detectors.books.case import KEPT_AFTER_END, MOST_RELATED, NEAR, CasePage, TiePage, case_key
from detectors.books.visit import VisitPage, visit_key
from detectors.by_household.household_together.rule import HouseholdTogether
from detectors.by_stay.bed_holding.rule import BedHolding
from detectors.engine.incoming import Effects, Incoming
from detectors.engine.institution_stage import InstitutionStage
from detectors.engine.rule import Rule
from detectors.engine.stage import Layout
from schemas.alerts import Alert, encode_alert
from schemas.china_time import DAY, HOUR, format_time
from schemas.returns import AlertLeft, Elsewhere, Returned, ReturnedAlert, RoseBeside, encode_return
from schemas.snapshots import Reference
from stream.known import KnownReferences
from tests.engine_run import TIMESTAMP_MS, EngineRun
from tests.histories import HOSPITALS, PERSONS, REFERENCES, History, Stay, histories, in_order, tell_stay
from tests.toy_worker import toy_alert
from tests.wire_messages import MATERIAL, Billed, Gateway, moment, treatment_lines

RULES: Sequence[Rule[Any]] = (BedHolding(), HouseholdTogether())


def idle(
    visit: str, person: int, day: int, hospital: int = 0, nights: int = 6, held: Iterable[int] = (1, 2, 3)
) -> Stay:
    """A stay of which some days saw no treatment."""
    return Stay(visit, hospital, person, moment(day, 9, person), nights, frozenset(held), "I10.x00", 6 * HOUR)


def told(*stays: Stay) -> tuple[bytes, ...]:
    gateways = {code: Gateway(code) for code in HOSPITALS}
    return in_order([message for stay in stays for message in tell_stay(gateways[HOSPITALS[stay.hospital]], stay)])


def ran(*stays: Stay, until: int = 60, batch: int = 1, partitions: int = 1) -> EngineRun:
    engine = EngineRun(REFERENCES, rules=RULES, partitions=partitions)
    return engine.take(told(*stays), batch).mark(moment(until))


def by_visits(engine: EngineRun) -> dict[tuple[str, tuple[str, ...]], Alert]:
    return {(alert.rule, tuple(sorted(alert.visits))): alert for alert in engine.newest().values()}


FAMILY = (idle("MT1", 0, 0), idle("MT2", 1, 0))  # in and out together, both of them in held beds


@pytest.mark.parametrize("partitions", [1, 4])
def test_alerts_that_share_a_visit_name_one_another(partitions: int) -> None:
    alerts = by_visits(ran(*FAMILY, partitions=partitions))
    together = alerts["household_together", ("MT1", "MT2")]
    one, other = alerts["bed_holding", ("MT1",)], alerts["bed_holding", ("MT2",)]
    assert together.related == sorted([one.alert_id, other.alert_id])
    assert one.related == other.related == [together.alert_id]  # they share a household, but neither visit nor person


def test_one_writer_counts_the_revisions_of_every_alert() -> None:
    engine = ran(*FAMILY, idle("MT3", 0, 12))
    numbers: defaultdict[str, list[int]] = defaultdict(list)
    for alert in engine.published:
        numbers[alert.alert_id].append(alert.revision)
    assert len(numbers) == 4
    assert all(revisions == list(range(1, len(revisions) + 1)) for revisions in numbers.values())


def test_what_is_published_is_counted_once() -> None:
    engine = ran(*FAMILY)
    counted = {names: count for names, count in engine.pipeline.counts.items() if names[0] == "alerts"}
    assert sum(counted.values()) == len(engine.published)
    assert sum(count for names, count in counted.items() if names[3] == "opened") == len(engine.newest())


def test_a_person_alone_relates_alerts_that_lie_within_thirty_days() -> None:
    def related(day: int) -> list[str]:
        engine = ran(idle("MT1", 0, 0), idle("MT2", 0, day), until=120)
        return by_visits(engine)["bed_holding", ("MT1",)].related

    assert len(related(6 + NEAR // DAY)) == 1  # 30 days less two hours: discharge on day 6 at 11:00, admission at 09:00
    assert related(7 + NEAR // DAY) == []


def test_alerts_of_two_institutions_do_not_name_one_another() -> None:
    alerts = by_visits(ran(idle("MT1", 0, 0), idle("MT2", 0, 8, hospital=1)))
    assert len(alerts) == 2
    assert all(alert.related == [] for alert in alerts.values())


def test_who_is_retracted_keeps_its_related_and_leaves_theirs() -> None:
    engine = EngineRun(REFERENCES, rules=RULES).take(told(*FAMILY)).mark(moment(20))
    before = by_visits(engine)
    gateway = Gateway(HOSPITALS[0])
    late = gateway.bill(
        moment(20), PERSONS[0], "MT1", [line for day in (1, 2, 3) for line in treatment_lines("MT1", day)]
    )
    engine.take([late]).mark(moment(40))
    gone, together = (
        by_visits(engine)[name] for name in (("bed_holding", ("MT1",)), ("household_together", ("MT1", "MT2")))
    )
    assert gone.status == "retracted"
    assert gone.related == before["bed_holding", ("MT1",)].related == [together.alert_id]
    assert together.related == [by_visits(engine)["bed_holding", ("MT2",)].alert_id]
    assert (together.revised_at, together.source.msgid) == (format_time(moment(20)), gone.source.msgid)


@given(histories(), st.sampled_from([1, 4]))
@settings(max_examples=25)
def test_whom_one_names_names_it(history: History, partitions: int) -> None:
    engine = EngineRun(REFERENCES, partitions=partitions).take(history.sent).mark(history.until)
    alerts = {name: alert for name, alert in engine.newest().items() if alert.status == "open"}
    for name, alert in alerts.items():
        for other in alert.related:
            assert other in alerts
            assert name in alerts[other].related or len(alerts[other].related) == MOST_RELATED
            assert alerts[other].institution == alert.institution
            assert {*alert.visits, *alert.persons} & {*alerts[other].visits, *alerts[other].persons}


def test_how_records_are_batched_changes_no_revision() -> None:
    """A crash repeats records in other batches; what went out before must go out again with the same bytes."""
    stays = [idle(f"MT{number}", number % 2, 2 * number) for number in range(6)]
    said = [
        [encode_alert(alert) for alert in ran(*stays, batch=batch).published if alert.rule == "bed_holding"]
        for batch in (1, 9, 200)
    ]
    assert said[0] == said[1] == said[2]


# -- the stage of the institution alone ------------------------------------------------------------------------------


class Desk:
    """The institution's stage, at a time, with what comes back to it."""

    def __init__(self, at: int = moment(10)) -> None:
        self.store: dict[bytes, bytes] = {}
        self.offset = 0
        self.open()
        mark = b'{"mark": "%s"}' % format_time(at).encode()
        self.stage.take("transactions", [Incoming(0, 0, TIMESTAMP_MS, None, mark, True)])

    def open(self) -> None:
        self.stage = InstitutionStage(Layout(0, 1), self.store, KnownReferences(), [])

    def save(self) -> None:
        for key, page in self.stage.flush():
            if page is None:
                self.store.pop(key, None)
            else:
                self.store[key] = page

    def hand(self, *messages: Returned | bytes) -> Effects:
        values = [message if isinstance(message, bytes) else encode_return(message) for message in messages]
        self.offset += len(values)
        return self.stage.take("returns", [Incoming(0, self.offset, TIMESTAMP_MS, None, value) for value in values])

    def pages(self) -> set[bytes]:
        self.save()
        return {key for key in self.store if key[:1] in (CasePage.prefix, TiePage.prefix)}


def said(name: str, revision: int = 1, visits: Sequence[str] = ("M1",), **fields: Any) -> ReturnedAlert:
    at = format_time(moment(5, revision % 24))
    alert = msgspec.structs.replace(
        toy_alert(name, revision, b""), institution="H1", visits=list(visits), persons=[], begin=at, end=at, raised_at=at,
        revised_at=at, **fields,
    )  # fmt: skip
    return ReturnedAlert("retracted" if alert.status == "retracted" else "opened", alert)


def test_time_does_not_move_by_what_comes_back() -> None:
    desk = Desk(moment(10))
    effects = desk.hand(said("a"), said("b"))
    first, second, again = effects.alerts
    assert desk.stage.stream_time == moment(10)
    assert effects.mark is None
    assert first.revised_at == second.revised_at == format_time(moment(5, 1))  # as its own stage has said
    assert (again.alert_id, again.revision, again.revised_at) == (first.alert_id, 2, format_time(moment(10)))


def test_an_alert_that_comes_back_twice_changes_nothing() -> None:
    desk = Desk()
    assert len(desk.hand(said("a"), said("a", 2)).alerts) == 2
    assert not desk.hand(said("a"), said("a", 2)).alerts
    desk.save()
    desk.open()
    assert not desk.hand(said("a"), said("a", 2)).alerts


def test_at_most_twenty_are_named_the_first_by_id() -> None:
    desk = Desk()
    desk.hand(*(said(f"a{number:02d}") for number in range(30)))
    last = desk.hand(said("b")).alerts[0]
    assert last.related == [said(f"a{number:02d}").alert.alert_id for number in range(MOST_RELATED)]


def test_one_record_makes_at_most_one_revision_of_each_neighbour() -> None:
    desk = Desk()
    desk.hand(said("a", visits=("M1", "M2")), said("b", visits=("M1", "M2")))
    effects = desk.hand(said("c", visits=("M1", "M2")))
    assert [alert.alert_id for alert in effects.alerts] == [said(name).alert.alert_id for name in "cab"]


def test_an_alert_that_is_about_another_institution_from_now_on_leaves_its_neighbours() -> None:
    desk = Desk()
    desk.hand(said("a"), said("b"))
    left = AlertLeft("H1", said("a").alert.alert_id, 1_001)
    [revised] = desk.hand(left).alerts
    assert (revised.alert_id, revised.related) == (said("b").alert.alert_id, [])
    assert case_key("H1", left.alert_id) not in desk.pages()
    assert not desk.hand(left).alerts
    assert [alert.revision for alert in desk.hand(said("a", 2_001)).alerts[:1]] == [2_001]  # it comes back
    assert not desk.hand(left).alerts


def test_cases_are_forgotten_a_while_after_their_alerts_end() -> None:
    desk = Desk()
    desk.hand(said("a"), said("b"))
    assert len(desk.pages()) == 3
    mark = b'{"mark": "%s"}' % format_time(moment(5, 1) + KEPT_AFTER_END + 30 * DAY).encode()
    desk.stage.take("transactions", [Incoming(0, 1, TIMESTAMP_MS, None, mark, True)])
    assert not desk.pages()


def test_what_cannot_have_come_from_a_stage_of_ours_is_parked_with_its_reason() -> None:
    bad = said("a").alert
    wrong = [
        b"",
        b"\x93\xa6alert2\x01\x02",
        encode_return(ReturnedAlert("opened", msgspec.structs.replace(bad, institution=""))),
        encode_return(ReturnedAlert("opened", msgspec.structs.replace(bad, begin="soon"))),
        encode_return(ReturnedAlert("opened", msgspec.structs.replace(bad, revision=0))),
        encode_return(elsewhere(source=Reference("2207", "m", 2**62))),
        encode_return(elsewhere(days=(10**9,))),
        encode_return(RoseBeside(HOSPITALS[0], "X1", 10**9, 2_000, 7, moment(0))),
        encode_return(RoseBeside(HOSPITALS[0], "X1", 97_256, 999, 7, moment(0))),
    ]
    effects = Desk().hand(*wrong)
    assert not effects.alerts
    assert [letter.reason for letter in effects.dead_letters] == [
        "wrong_type", "wrong_type", "out_of_range", "unreadable_time", "out_of_range", "out_of_range", "wrong_type",
        "wrong_type", "wrong_type",
    ]  # fmt: skip
    assert {(letter.stage, letter.topic) for letter in effects.dead_letters} == {("institution", "returns")}


# -- where somebody was served during his stay -----------------------------------------------------------------------


def elsewhere(**fields: Any) -> Elsewhere:
    told = Elsewhere(
        "H1", "M1", "P1", "M9", "H9", (moment(3) // DAY,), False, 0, 7, Reference("2207", "m", moment(3)), ()
    )
    return msgspec.structs.replace(told, **fields)


def test_a_visit_that_nobody_knows_gets_no_page() -> None:
    desk = Desk()
    effects = desk.hand(elsewhere())
    desk.save()
    assert not effects.dead_letters
    assert not any(key.startswith(VisitPage.prefix) for key in desk.store)


class Stayed:
    """A stay at the first hospital and a visit to the second on its third day."""

    def __init__(self, day: int = 2) -> None:
        self.hospital, self.clinic = Gateway(HOSPITALS[0]), Gateway(HOSPITALS[1])
        self.engine = EngineRun(REFERENCES, rules=RULES, partitions=4)
        self.engine.take([self.hospital.admission(moment(0, 9), PERSONS[0], "MS", begin=moment(0, 9))])
        at = moment(day, 10)
        self.engine.take([
            self.clinic.registration(at, PERSONS[0], "MC"),
            self.clinic.charges(at, PERSONS[0], "MC", "B", [Billed("c1", at, MATERIAL)]),
            self.clinic.settle_visit(at, PERSONS[0], "MC", "B", "SC", 40.0),
        ])  # fmt: skip

    def known(self) -> dict[str, tuple[int, ...]]:
        """What the stay's page knows: days since the beginning by visit."""
        for stage in self.engine.pipeline.stages:
            page = stage.pages.get(VisitPage, visit_key(HOSPITALS[0], "MS"))
            if page is not None:
                return {one.visit: tuple(day - moment(0) // DAY for day in one.days) for one in page.served_elsewhere()}
        raise AssertionError("the stay is not known")


def test_a_visit_inside_a_stay_is_told_to_the_stay() -> None:
    assert Stayed().known() == {"MC": (2,)}


def test_on_the_first_and_the_last_day_he_may_have_been_elsewhere() -> None:
    assert Stayed(day=0).known() == {}
    stayed = Stayed()
    stayed.engine.take([stayed.hospital.discharge(moment(2, 16), PERSONS[0], "MS", end=moment(2, 15))])
    assert stayed.known() == {}


def test_a_refund_takes_it_back() -> None:
    stayed = Stayed()
    stayed.engine.take([stayed.clinic.refund_visit(moment(4), PERSONS[0], "MC", "SC")])
    assert stayed.known() == {}


def test_a_change_of_the_stay_takes_it_back_and_tells_it_again() -> None:
    stayed = Stayed()
    stayed.engine.take([stayed.hospital.change(moment(4), PERSONS[0], "MS", begin=moment(2, 9))])
    assert stayed.known() == {}
    stayed.engine.take([stayed.hospital.change(moment(5), PERSONS[0], "MS", begin=moment(1, 9))])
    assert stayed.known() == {"MC": (2,)}
    stayed.engine.take(
        [stayed.hospital.change(moment(6), PERSONS[1], "MS", begin=moment(1, 9))]
    )  # it was somebody else
    assert stayed.known() == {}


def test_a_rise_of_severity_goes_out_at_once() -> None:
    engine = ran(idle("MT1", 0, 0))
    assert [alert.severity for alert in engine.newest().values()] == ["medium"]
    clinic, at = Gateway(HOSPITALS[1]), moment(2, 10)
    engine.take([
        clinic.registration(at, PERSONS[0], "MC"),
        clinic.charges(moment(60, 1), PERSONS[0], "MC", "B", [Billed("c1", at, MATERIAL)]),
        clinic.settle_visit(moment(60, 1), PERSONS[0], "MC", "B", "SC", 40.0),
    ])  # fmt: skip
    [alert] = engine.newest().values()
    assert (alert.severity, alert.status) == ("high", "open")
    assert engine.published[-1] == alert
