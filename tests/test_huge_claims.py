"""Does a message, or a stream of them, that claims a billion of something stay bounded?

Hostile or broken histories against the engine: every message costs bounded time, every page stays one that can be written
to its topic, what is refused is in the dead letters with `out_of_range`, and all is the same doubled or in another order.
"""

from __future__ import annotations

import random
import time
import tracemalloc
from collections import Counter
from pathlib import Path

import msgspec
import pytest
from msgspec import structs

from detectors.books import institution
from detectors.books.household import MOST_MEMBERS, MOST_STAYS, HouseholdPage
from detectors.books.institution import InstitutionPage
from detectors.books.item_days import FORGOTTEN, ItemDays
from detectors.books.kept_days import KEPT
from detectors.books.person import MOST_VISITS, PersonPage
from detectors.books.visit import MOST_MESSAGES, MOST_PERSONS, MOST_REFUNDS, MOST_SETTLEMENTS, MOST_WEIGHT, VisitPage
from detectors.books.visit_posting import is_full
from detectors.books.volumes import VolumeDelta
from detectors.engine.page import decode_page, encode_page
from schemas.china_time import DAY, parse_time
from schemas.decode import decode
from schemas.fields import LONGEST_CODE, LONGEST_ID, MOST_LINES, Undecodable
from schemas.snapshots import HouseholdVisit, Membership, Reference, VisitSnapshot
from stream.settings import Settings
from stream.topics import LARGEST_PAGE_BYTES
from stream.worker_process import WorkerProcess, running_worker
from tests.engine_run import EngineRun, References
from tests.secure_brokers import environment_of
from tests.test_fuzz import snapshot
from tests.test_secrets import letters_of
from tests.test_secure_broker import command
from tests.test_worker_command import ask
from tests.toy_runs import wait_until
from tests.wire_messages import TABLETS, Billed, Gateway, moment, person_record, routine_lines

PERSON, VISIT = "5001060000000000001", "MI1"
MESSAGE = Reference("2102", "M1", 0)
SECONDS_A_MESSAGE = 0.25  # of the processor, the costliest of the messages below on a slow day


def pages(engine: EngineRun, prefix: bytes) -> dict[bytes, bytes]:
    """Saved pages of a kind."""
    engine.pipeline.save()
    return {key: page for store in engine.stores.values() for key, page in store.items() if key[:1] == prefix}


def visit_of(engine: EngineRun) -> tuple[VisitPage, int]:
    """The one visit's page and its size."""
    (saved,) = (page for key, page in pages(engine, b"v").items() if key.endswith(VISIT.encode()))
    return decode_page(VisitPage, saved), len(saved)


def reasons(engine: EngineRun) -> Counter[tuple[str, str]]:
    return Counter((letter.stage, letter.reason) for letter in engine.dead_letters)


REFUSED = ("institution", "out_of_range")


# -- times ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", ["0001-01-01", "1899-12-31", "2200-01-01", "9999-12-31"])
@pytest.mark.parametrize("field", ["begin", "end", "line", "inf_time"])
def test_a_year_that_cannot_be_is_refused(day: str, field: str) -> None:
    gateway, at = Gateway(), parse_time(day)
    call = {
        "begin": lambda: gateway.admission(moment(1), PERSON, VISIT, begin=at),
        "end": lambda: gateway.discharge(moment(1), PERSON, VISIT, end=at),
        "line": lambda: gateway.bill(moment(1), PERSON, VISIT, [Billed("1", at, TABLETS)]),
        "inf_time": lambda: gateway.admission(at, PERSON, VISIT),
    }[field]()
    with pytest.raises(Undecodable) as refusal:
        decode(call)
    assert refusal.value.reason == "out_of_range"
    assert day not in refusal.value.detail


@pytest.mark.parametrize(
    ("begin", "end"), [("1926-03-02", None), ("1926-03-02", "2026-03-03"), ("2026-03-02", "2199-12-31")]
)
def test_a_stay_of_a_hundred_years_costs_what_any_other_costs(begin: str, end: str | None) -> None:
    gateway = Gateway()
    sent = [gateway.admission(moment(0, 9), PERSON, VISIT, begin=parse_time(begin))]
    if end is not None:
        sent.append(gateway.discharge(moment(0, 10), PERSON, VISIT, end=parse_time(end)))
    sent += [gateway.bill(moment(day, 12), PERSON, VISIT, routine_lines(VISIT, day)) for day in range(10)]
    began = time.process_time()
    engine = EngineRun().take(sent).mark(moment(60))
    assert time.process_time() - began < SECONDS_A_MESSAGE * len(sent)
    assert not engine.dead_letters


def test_volumes_do_not_grow_with_the_days_between_two_messages() -> None:
    """An item whose time leaps a century, as a wrong clock's message can make it, begins anew."""
    known = ItemDays()
    for number in range(40):
        known.post([VolumeDelta(TABLETS, moment(number) // DAY, 5.0, 100, MESSAGE)], moment(number))
    for days in (FORGOTTEN + 50, 36_500, 60_000):
        leapt, fresh = ItemDays.restored(msgspec.to_builtins(known.saved())), ItemDays()
        at = moment(40 + days)
        tracemalloc.start()
        began = time.process_time()
        leapt.post([VolumeDelta(TABLETS, at // DAY, 1.0, 100, MESSAGE)], at)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert time.process_time() - began < SECONDS_A_MESSAGE
        assert peak < 256 * 1024
        assert len(leapt.volumes) <= KEPT + 10
        fresh.post([VolumeDelta(TABLETS, at // DAY, 1.0, 100, MESSAGE)], at)
        assert leapt == fresh


# -- one message ----------------------------------------------------------------------------------------------------


def test_more_lines_than_a_call_can_have_are_refused() -> None:
    lines = [Billed(str(number), moment(1), TABLETS) for number in range(MOST_LINES + 1)]
    with pytest.raises(Undecodable) as refusal:
        decode(Gateway().bill(moment(1), PERSON, VISIT, lines))
    assert (refusal.value.reason, refusal.value.detail) == ("out_of_range", "feedetail")


@pytest.mark.parametrize("length", [LONGEST_ID + 1, 5_000_000])
def test_an_id_without_end_is_refused(length: int) -> None:
    for call in (
        Gateway("H" * length).admission(moment(1), PERSON, VISIT),
        Gateway().admission(moment(1), "5" * length, VISIT),
        Gateway().admission(moment(1), PERSON, "V" * length),
        Gateway().call("2402", moment(1), {"dscginfo": {}}, msgid="M" * length),
        Gateway().bill(moment(1), PERSON, VISIT, [Billed("1", moment(1), "X" * length)]),
    ):
        with pytest.raises(Undecodable) as refusal:
            decode(call)
        assert refusal.value.reason in ("out_of_range", "too_large")


def test_a_code_without_end_is_refused() -> None:
    with pytest.raises(Undecodable) as refusal:
        decode(Gateway().admission(moment(1), PERSON, VISIT, department="A" * (LONGEST_CODE + 1)))
    assert refusal.value.reason == "out_of_range"


def test_refunds_of_one_line_by_the_thousand_take_no_longer_each() -> None:
    gateway = Gateway()
    engine = EngineRun().take([gateway.admission(moment(0), PERSON, VISIT)])
    refunds = [Billed(f"R{number}", moment(1), TABLETS, -0.001, -0.01, refunds="0") for number in range(20_000)]
    began = time.process_time()
    engine.take([gateway.bill(moment(1), PERSON, VISIT, [Billed("0", moment(1), TABLETS, 100.0, 100.0), *refunds])])
    assert time.process_time() - began < 10 * SECONDS_A_MESSAGE
    page, _ = visit_of(engine)
    assert len(page.refund_lines["0"]) == MOST_REFUNDS
    assert page.lines["0"].left == pytest.approx(80.0)


# -- one visit ------------------------------------------------------------------------------------------------------


def bills_without_end(number: int, lines: int, serial: str = "{}") -> list[bytes]:
    """Bills of one visit, each line new."""
    gateway = Gateway()
    admission = gateway.admission(moment(0), PERSON, VISIT)
    return [admission] + [
        gateway.bill(
            moment(1, 8) + call, PERSON, VISIT,
            [Billed(serial.format(f"{call}-{line}"), moment(1), TABLETS, 1.0, 1.0) for line in range(lines)],
        )
        for call in range(number)
    ]  # fmt: skip


@pytest.mark.parametrize("serial", ["{}", "\u533b" * 80 + "{}"], ids=["short serials", "serials as long as may be"])
def test_a_visit_of_a_hundred_thousand_lines_is_bounded_and_the_rest_is_parked(serial: str) -> None:
    sent = bills_without_end(20, 5_000, serial)
    began = time.process_time()
    engine = EngineRun().take(sent)
    assert time.process_time() - began < 20 * SECONDS_A_MESSAGE * 4  # five thousand lines each
    page, size = visit_of(engine)
    assert is_full(page)
    assert page.weight < MOST_WEIGHT + 5_000 * 260
    assert size < LARGEST_PAGE_BYTES
    parked = reasons(engine)
    assert set(parked) == {REFUSED}
    assert parked[REFUSED] + len(page.messages) == len(sent)
    assert {letter.value for letter in engine.dead_letters} == set(sent[-parked[REFUSED] :])


def test_a_full_visit_refuses_the_same_whether_messages_come_twice_or_the_state_was_saved_between() -> None:
    sent = bills_without_end(9, 5_000)
    once = EngineRun().take(sent)
    twice = EngineRun()
    for value in sent:
        twice.take([value, value])
    saved = EngineRun()
    for value in sent:
        saved.take([value])
        saved.pipeline.save()
        saved = EngineRun(stores=saved.stores).then(saved)
        saved._next[0] = len(sent)  # offsets go on
    expected, _ = visit_of(once)
    doubled, _ = visit_of(twice)
    assert doubled.lines == expected.lines
    assert {letter.value for letter in twice.dead_letters} == {letter.value for letter in once.dead_letters}
    assert once.open_alerts() == twice.open_alerts()


def test_a_visit_of_a_hundred_thousand_messages_is_bounded() -> None:
    """Lines of one serial, sent anew and anew: nothing but the messages grows."""
    gateway = Gateway()
    engine = EngineRun().take([gateway.admission(moment(0), PERSON, VISIT)])
    line = [Billed("1", moment(1), TABLETS, 1.0, 1.0)]
    began = time.process_time()
    engine.take((gateway.bill(moment(1), PERSON, VISIT, line) for _ in range(MOST_MESSAGES + 500)), 100)
    assert time.process_time() - began < 60
    page, size = visit_of(engine)
    assert len(page.messages) == MOST_MESSAGES
    assert size < LARGEST_PAGE_BYTES
    assert reasons(engine) == {REFUSED: 501}


def test_a_visit_of_settlements_and_of_persons_without_end_is_bounded() -> None:
    gateway = Gateway()
    engine = EngineRun().take([gateway.admission(moment(0), PERSON, VISIT)])
    engine.take([gateway.refund_stay(moment(1), PERSON, VISIT, f"S{n}") for n in range(MOST_SETTLEMENTS + 20)], 100)
    page, _ = visit_of(engine)
    assert len(page.awaited_voids) == MOST_SETTLEMENTS
    assert reasons(engine) == {REFUSED: 20}
    engine = EngineRun().take([gateway.admission(moment(0), PERSON, VISIT)])
    engine.take([gateway.change(moment(1) + n, f"P{n}", VISIT, begin=moment(0)) for n in range(MOST_PERSONS + 20)], 100)
    page, _ = visit_of(engine)
    assert len(page.former_persons) == MOST_PERSONS
    assert reasons(engine) == {REFUSED: 20}


def test_others_of_a_message_are_posted_where_one_visit_is_full() -> None:
    gateway = Gateway()
    engine = EngineRun().take(bills_without_end(7, 5_000))
    before = len(engine.dead_letters)
    engine.take([gateway.admission(moment(0), PERSON, "MI2")])
    engine.take([gateway.bills(moment(2), [(PERSON, VISIT, [Billed("z", moment(2), TABLETS)]),
                                           (PERSON, "MI2", [Billed("z", moment(2), TABLETS)])])])  # fmt: skip
    (other,) = (decode_page(VisitPage, page) for key, page in pages(engine, b"v").items() if key.endswith(b"MI2"))
    assert set(other.lines) == {"z"}
    assert len(engine.dead_letters) == before + 1


@pytest.mark.timeout(300)
def test_the_service_writes_a_full_visit_and_reads_it_again(kafka_topics: Settings, tmp_path: Path) -> None:
    """Serials that do not compress: such a page is larger than a topic takes by default, and would stop every worker."""
    digits = random.Random(1)  # not a secret
    sent = [
        Gateway().bill(
            moment(1, 8) + call, PERSON, VISIT,
            [Billed(digits.randbytes(40).hex(), moment(1), TABLETS, 1.0, 1.0) for _ in range(5_000)],
        )
        for call in range(6)
    ]  # fmt: skip
    path = tmp_path / "bills.jsonl"
    path.write_bytes(b"\n".join([Gateway().admission(moment(0), PERSON, VISIT), *sent]) + b"\n")
    environment = environment_of(kafka_topics, tmp_path)
    command(environment, "load", str(path))
    for _ in range(2):  # the second one restores what the first has written
        with running_worker(kafka_topics, tmp_path, "see its log") as worker:
            worker.wait_until_ready()
            wait_until(lambda: len(letters_of(kafka_topics)) == 2 and is_done(worker), 120, "everything done")
    assert all("out_of_range" in around for around, _ in letters_of(kafka_topics))


def is_done(worker: WorkerProcess) -> bool:
    """Whether it has nothing left to do; it must not have ended."""
    worker.check()
    return ask(int(worker.metrics.rpartition(":")[2].partition("/")[0]), "/healthz") == (
        200,
        '{"alive": true, "lag_records": 0}\n',
    )


# -- one person, one household --------------------------------------------------------------------------------------


def visits(number: int) -> list[VisitSnapshot]:
    return [
        structs.replace(
            snapshot(), visit=f"MI{n}", person=f"P{n % 700}", begin=moment(n % 365), end=moment(n % 365 + 2), offset=n
        )
        for n in range(number)
    ]


def test_a_person_of_a_hundred_thousand_visits_keeps_the_newest_whatever_their_order() -> None:
    arrived = visits(3 * MOST_VISITS)
    kept = []
    for order in (arrived, arrived[::-1], [*arrived[::2], *arrived[1::2], *arrived[::3]]):
        page = PersonPage(person=PERSON)
        for visit in order:
            page.post(visit)
        kept.append(page.visits)
        assert len(page.visits) == MOST_VISITS
        assert len(encode_page(page)) < LARGEST_PAGE_BYTES
    assert kept[0] == kept[1] == kept[2]
    assert min(visit.begin for visit in kept[0].values()) > min(visit.begin for visit in arrived)


def test_a_household_of_ten_thousand_stays_keeps_the_newest_whatever_their_order() -> None:
    arrived = [HouseholdVisit("HH1", 1, True, None, visit) for visit in visits(3 * MOST_STAYS)]
    kept = []
    for order in (arrived, arrived[::-1], [*arrived[::2], *arrived[1::2], *arrived[::3]]):
        page = HouseholdPage(household="HH1")
        for stay in order:
            page.post_stay(stay)
        kept.append((page.stays, page.forgotten))
        assert len(page.stays) == MOST_STAYS
    assert kept[0] == kept[1] == kept[2]


def test_a_household_of_ten_thousand_members_is_bounded() -> None:
    page = HouseholdPage(household="HH1")
    for number in range(2 * MOST_MEMBERS):
        page.post_membership(Membership("HH1", f"P{number}", 1, True))
    assert page.size() == MOST_MEMBERS
    assert page.post_membership(Membership("HH1", "P0", 2, False))
    assert page.size() == MOST_MEMBERS - 1


@pytest.mark.parametrize("persons", [1, 400])
def test_a_household_that_is_admitted_without_end_costs_bounded_time_a_message(persons: int) -> None:
    gateway = Gateway()
    known = References(persons=tuple(person_record(f"P{n}", "HH1") for n in range(persons)))
    engine = EngineRun(known)
    spent = []
    for part in range(0, 400, 100):
        began = time.process_time()
        engine.take([gateway.admission(moment(0) + n, f"P{n % persons}", f"MI{n}") for n in range(part, part + 100)])
        spent.append((time.process_time() - began) / 100)
    assert max(spent) < SECONDS_A_MESSAGE
    assert spent[3] < 3 * spent[2]  # no longer growing: two hundred are kept


# -- one institution ------------------------------------------------------------------------------------------------


def unlisted(calls: int, items: int, first: int = 1) -> list[bytes]:
    """Bills of items that nobody lists, each new."""
    gateway = Gateway()
    return [gateway.admission(moment(0), PERSON, VISIT)] + [
        gateway.bill(
            moment(first) + call, PERSON, VISIT,
            [Billed(f"{call}-{n}", moment(first), f"X{call:04d}{n:06d}") for n in range(items)],
        )
        for call in range(calls)
    ]  # fmt: skip


def counted(engine: EngineRun) -> int:
    """How many items the institution's own page says have one."""
    (saved,) = pages(engine, b"d").values()
    return decode_page(InstitutionPage, saved).items


def test_items_that_nobody_lists_do_not_make_a_page_each(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(institution, "MOST_ITEMS", 5_000)
    sent = unlisted(calls=10, items=2_000)
    once, twice = EngineRun().take(sent), EngineRun().take([message for message in sent for _ in range(2)])
    for engine in (once, twice):
        assert len(pages(engine, b"i")) == counted(engine) == 5_000
        assert reasons(engine) == {REFUSED: 8}  # of the third bill a half, the others whole
        assert {letter.value for letter in engine.dead_letters} == set(sent[3:])
    assert pages(once, b"i").keys() == pages(twice, b"i").keys()
    known = pages(once, b"v")
    (page,) = (decode_page(VisitPage, saved) for saved in known.values())
    assert len(page.lines) == 20_000  # what is refused of items is billed all the same


def test_items_that_are_forgotten_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(institution, "MOST_ITEMS", 20)
    engine = EngineRun().take(unlisted(calls=3, items=10))
    assert (counted(engine), reasons(engine)) == (20, {REFUSED: 1})
    engine.mark(moment(FORGOTTEN + 2))
    assert (counted(engine), len(pages(engine, b"i"))) == (0, 0)
    later = moment(FORGOTTEN + 3)
    engine.take([Gateway().bill(later, PERSON, "MI2", [Billed("1", later, TABLETS)])])
    assert (counted(engine), len(pages(engine, b"i"))) == (1, 1)


def test_what_is_taken_back_of_an_item_that_was_refused_is_not_missed_by_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(institution, "MOST_ITEMS", 1)
    gateway = Gateway()
    engine = EngineRun().take([gateway.admission(moment(0), PERSON, VISIT)])
    lines = [Billed(name, moment(1), item) for name, item in (("1", "XA"), ("2", "XB"))]
    engine.take([gateway.bill(moment(1), PERSON, VISIT, lines)])
    monkeypatch.setattr(institution, "MOST_ITEMS", 2)
    engine.take([gateway.cancel_lines(moment(1, 9), PERSON, VISIT, ["2"])])
    assert (counted(engine), len(pages(engine, b"i"))) == (1, 1)
