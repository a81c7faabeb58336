"""Does any input make a decoder, or the engine behind it, do anything but read it or refuse it?

Whatever bytes come: facts or `Undecodable` with a reason of the closed set and no value in its words; never another
exception, in bounded time and memory. `make soak` gives a million inputs, the default run some thousands.
"""

from __future__ import annotations

import gzip
import random
import re
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from typing import NamedTuple

import msgspec
import pytest

from detectors.books.activity import ActivityPage
from detectors.books.amounts import AmountsPage
from detectors.books.arrivals import ArrivalsPage
from detectors.books.bed import BedPage
from detectors.books.bed_codes import BedCodesPage
from detectors.books.case import CasePage, TiePage
from detectors.books.census import CensusPage
from detectors.books.household import HouseholdPage
from detectors.books.institution import InstitutionPage
from detectors.books.item import ItemPage
from detectors.books.item_among_peers import KinPage, SoldPage
from detectors.books.item_spreads import ItemSpreadPage, RankPage
from detectors.books.member import DaysPage, MemberPage, WaitingPage
from detectors.books.neighbours import GroupPage
from detectors.books.peer_groups import NormPage, SpreadPage
from detectors.books.person import PersonPage
from detectors.books.profile import ProfilePage
from detectors.books.receipt import ReceiptPage
from detectors.books.stock import StockPage
from detectors.books.terminal import TerminalPage
from detectors.books.visit import VisitPage
from detectors.engine.asked import Asked
from detectors.engine.clock import StreamClock, Watermark
from detectors.engine.graph import STAGES
from detectors.engine.page import Page, UnreadableState, decode_page, encode_page, warmth_of
from schemas import dead_letters, peer_days, peer_items, references, snapshots, wire
from schemas.alerts import decode_alert, encode_alert
from schemas.decode import LARGEST_MESSAGE, decode, decode_mark
from schemas.facts import Charges
from schemas.fields import REASONS, Undecodable
from schemas.snapshots import GroupMember, GroupVisit, HouseholdVisit, Mark, Membership, Reference, Ties, VisitSnapshot
from stream.masking import masked
from tests.checks import Story
from tests.engine_run import EngineRun
from tests.mutations import mutated_bytes, mutated_json, mutated_msgpack
from tests.service_runs import CUT
from tests.test_contract import subject_of
from tests.test_decode import examples
from tests.wire_messages import Gateway, catalogue_record, institution_record, moment, person_record, treatment_lines

FEW = 3_000  # inputs of each reader in the default run
SOAK = 1_000_000  # of all readers together, in shares below
LONGEST_SECONDS = 1.0  # for one input; the processor's time, so a busy machine does not count
# A `{}` of a list makes a struct of a dozen fields out of three bytes: 40 times its size; see the test of claims.
HEADER = 10  # bytes before a saved page's msgpack
PEAK_PER_BYTE, PEAK_FLOOR = 64, 256 * 1024


class Reader(NamedTuple):
    """What is fuzzed: how it reads, what it is made from, and what share of the soak it gets."""

    read: Callable[[bytes], object]
    seeds: Callable[[], Sequence[bytes]]
    mutate: Callable[[random.Random, bytes, Sequence[bytes]], bytes]
    refusals: tuple[type[Exception], ...]
    share: float


@cache
def calls() -> tuple[bytes, ...]:
    """Well-formed calls: one of every transaction, and a county's."""
    return (*examples().values(), *CUT.transactions()[:: len(CUT.transactions()) // 150])


@cache
def persons() -> tuple[bytes, ...]:
    lines = gzip.decompress(CUT.file("persons").read_bytes()).splitlines()
    return (*lines[:50], person_record("5001060000000000001", "HH1"))


@cache
def ran() -> EngineRun:
    """A run that has pages of every kind and alerts."""
    story = story_of_a_household()
    engine = EngineRun(story.records).take(story.sent)
    engine.take(CUT.transactions()[:400])
    engine.pipeline.save()
    return engine


def story_of_a_household() -> Story:
    """Stays of two members, every stage busy."""
    return next(story for story in subject_of("household_together").hits if story.name == "hit-twice-together")


@cache
def saved(kind: type[Page]) -> tuple[bytes, ...]:
    """Saved pages of a kind."""
    pages = [page for found, page in pages_of(ran()) if found is kind]
    return tuple(pages[:60]) or (encode_page(BLANK[kind]),)


def pages_of(engine: EngineRun) -> Iterator[tuple[type[Page], bytes]]:
    """Every saved page with its kind."""
    for stage, store in zip(engine.pipeline.stages, engine.stores.values(), strict=True):
        kinds = stage.pages.kinds()
        for key, page in store.items():
            yield kinds[key[:1]], page


BLANK: dict[type[Page], Page] = {
    VisitPage: VisitPage(institution="H1", visit="V1"), ReceiptPage: ReceiptPage(), StreamClock: StreamClock(),
    InstitutionPage: InstitutionPage(institution="H1"), ItemPage: ItemPage(institution="H1", item="X"),
    PersonPage: PersonPage(person="P1"), HouseholdPage: HouseholdPage(household="HH1"), Watermark: Watermark(),
    AmountsPage: AmountsPage(institution="H1"), TerminalPage: TerminalPage(institution="H1", operator="0001"),
    GroupPage: GroupPage(group="village:1f3a0c5e7b9d"),
    BedPage: BedPage(institution="H1", department="A03", bed="1"), BedCodesPage: BedCodesPage(institution="H1"),
    ArrivalsPage: ArrivalsPage(institution="H1"), CensusPage: CensusPage(institution="H1"),
    CasePage: CasePage(institution="H1", alert_id="A1"), TiePage: TiePage(), Asked: Asked(),
    ActivityPage: ActivityPage(institution="H1", day=20_000), DaysPage: DaysPage(last=20_000), WaitingPage: WaitingPage(),
    MemberPage: MemberPage(institution="H1", region="5001"), NormPage: NormPage(), SpreadPage: SpreadPage(),
    SoldPage: SoldPage(institution="H1", region="5001", item="X1"), KinPage: KinPage(), ItemSpreadPage: ItemSpreadPage(),
    RankPage: RankPage(), StockPage: StockPage(),
    ProfilePage: ProfilePage(),
}  # fmt: skip


def snapshot() -> VisitSnapshot:
    source = Reference("2402", "M1", moment(5))
    return VisitSnapshot(
        "MI1", "H1", "5001060000000000001", 0, 7, source, "stay", False, moment(1), moment(5), "21", "I10.x00", "A03",
        120_000, 80_000, 150_000, True, 1, (source, source),
    )  # fmt: skip


def for_persons() -> tuple[bytes, ...]:
    return snapshots.encode(snapshot()), snapshots.encode(Mark(0, moment(3), 0, 7))


def for_peers() -> tuple[bytes, ...]:
    cases = (peer_days.Cases("sI10", 2, 300_000, 23_800), peer_days.Cases("p", 7, 90_000, 66_000))
    counts = peer_days.DayCounts(7, 1, 2, 9, 390_000, 0, 240_000, 90_000, 30_000, 1)
    day = peer_days.InstitutionDay("H1", "5001", 20_000, 0, 7, moment(5), False, counts, cases)
    item = peer_items.ItemMonth(
        "H1",
        "5001",
        "X1",
        24_000,
        20_000,
        0,
        7,
        moment(5),
        30_000,
        75_000,
        6,
        peer_items.InStays(4, 50_000, 2),
        (peer_items.PartTold(0, 30_000, 12_000),),
    )
    return tuple(peer_days.encode_for_peers(one) for one in (day, item, Mark(1, moment(5), 1, 7)))


def for_households() -> tuple[bytes, ...]:
    stay = HouseholdVisit("HH1", 3, True, None, snapshot())
    group = "village:1f3a0c5e7b9d"
    return (
        snapshots.encode(stay),
        snapshots.encode(Membership("HH1", "5001060000000000001", 3, True)),
        snapshots.encode(GroupVisit(group, 3, True, None, Ties("a", "b", "c", "d", "e", "f"), snapshot())),
        snapshots.encode(GroupMember(group, "5001060000000000001", 3, True)),
        for_persons()[1],
    )


def read_page_of(kind: type[Page]) -> Callable[[bytes], object]:
    def read(value: bytes) -> object:
        return decode_page(kind, value)

    return read


def mutated_page(rng: random.Random, seed: bytes, others: Sequence[bytes]) -> bytes:
    """A saved page: mostly its body is changed, for a wrong header says so itself."""
    if rng.random() < 0.1:
        return mutated_bytes(rng, seed, others)
    return seed[:HEADER] + mutated_msgpack(rng, seed[HEADER:], [other[HEADER:] for other in others[:3]])


def read_letter(value: bytes) -> object:
    """A dead letter whose key, headers and value are cut from one input."""
    return dead_letters.from_record(
        value[:20], [("stage", value[20:30]), ("reason", value[30:40]), ("detail", b"")], value
    )


READERS: dict[str, Reader] = {
    "transactions": Reader(decode, calls, mutated_json, (Undecodable,), 0.54),
    "marks": Reader(decode_mark, lambda: (b'{"mark": "2026-03-02 09:00:00"}',), mutated_json, (Undecodable,), 0.04),
    "institutions": Reader(
        references.decode_institution, lambda: (institution_record("H1", aprv_bed_cnt=60),), mutated_json, (Undecodable,), 0.04,
    ),
    "persons": Reader(references.decode_person, persons, mutated_json, (Undecodable,), 0.04),
    "catalogue": Reader(
        references.decode_catalogue_item, lambda: (catalogue_record("XB05BBA001", "09", unit="盒"),), mutated_json,
        (Undecodable,), 0.04,
    ),
    "for persons": Reader(snapshots.decode_for_person, for_persons, mutated_msgpack, (msgspec.DecodeError,), 0.06),
    "for households": Reader(snapshots.decode_for_household, for_households, mutated_msgpack, (msgspec.DecodeError,), 0.06),
    "for peers": Reader(peer_days.decode_for_peers, for_peers, mutated_msgpack, (msgspec.DecodeError,), 0.06),
    "alerts": Reader(
        decode_alert, lambda: [encode_alert(alert) for alert in ran().published[:20]], mutated_json, (msgspec.DecodeError,), 0.04,
    ),
    "dead letters": Reader(
        read_letter, lambda: (b"transactions/3/18233 decode    not_json  ",), mutated_bytes, (ValueError,), 0.02,
    ),
    "masked": Reader(masked, calls, mutated_json, (), 0.02),
    **{
        f"saved {kind.__name__}": Reader(
            read_page_of(kind), partial(saved, kind), mutated_page, (UnreadableState,), 0.1 / len(BLANK)
        )
        for kind in BLANK
    },
}  # fmt: skip


def run_of(reader: Reader, seed: int, number: int) -> Iterator[bytes]:
    """That many inputs; the same seed gives the same."""
    rng = random.Random(seed)  # inputs, not secrets
    seeds = list(reader.seeds())
    for _ in range(number):
        yield reader.mutate(rng, rng.choice(seeds), seeds)


def outcome(reader: Reader, value: bytes) -> str:
    """``read``, or the refusal; anything else is a failure that shows its input."""
    began = time.process_time()
    try:
        reader.read(value)
        said = "read"
    except reader.refusals as refusal:
        said = refusal_of(refusal, value)
    except Exception as error:
        raise AssertionError(f"{type(error).__name__}: {error} of {value[:2_000]!r}") from error
    assert time.process_time() - began < LONGEST_SECONDS, value[:2_000]
    return said


def refusal_of(refusal: Exception, value: bytes) -> str:
    """Its name, or its reason, which must be one of the closed set."""
    if not isinstance(refusal, Undecodable):
        return type(refusal).__name__
    assert refusal.reason in REASONS, value[:2_000]
    assert is_without_value(refusal.detail), (refusal.detail, value[:2_000])
    return refusal.reason


@cache
def words() -> frozenset[str]:
    """What a detail may be made of: the wire's own names, and our words."""
    names = {
        field.name
        for module in (wire, references)
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct)
        for field in msgspec.structs.fields(kind)
    }
    ours = "the record is not an object with an infno is not text bytes mark key a code too long "
    ours += "input output data result setlinfo"
    return frozenset(names) | frozenset(ours.split())


def is_without_value(detail: str) -> bool:
    """Names, places and sizes only; an unknown transaction may show a number that looks like one."""
    if re.fullmatch(r"infno '\d{4}'|\d+ bytes", detail):
        return True
    return all(word in words() for word in re.findall(r"\w+", detail) if not re.fullmatch(r"\d{1,7}", word))


def test_a_detail_that_quotes_a_value_would_be_found() -> None:
    assert is_without_value("input.feedetail[...].cnt")
    assert not is_without_value("infno '500106000000'")
    assert not is_without_value("input.5001060000000000001")
    assert not is_without_value("psn_no 张伟")


def test_saved_pages_of_every_kind_are_read() -> None:
    kinds = {kind for stage in STAGES.values() for kind in stage.kinds}
    assert BLANK.keys() == kinds | {Asked}


@pytest.mark.parametrize("name", READERS)
def test_whatever_comes_is_read_or_refused(name: str) -> None:
    found = Counter(outcome(READERS[name], value) for value in run_of(READERS[name], 1, FEW))
    assert found["read"] > 0
    assert not READERS[name].refusals or found.total() > found["read"]


@pytest.mark.soak
@pytest.mark.parametrize("name", READERS)
def test_a_million_inputs_are_read_or_refused(name: str) -> None:
    seed = random.SystemRandom().randrange(2**32)
    print(f"seed {seed}")  # shown with a failure
    reader = READERS[name]
    found = Counter(outcome(reader, value) for value in run_of(reader, seed, int(SOAK * reader.share)))
    assert found["read"] > 0


def test_the_shares_of_the_soak_make_a_million() -> None:
    assert sum(int(SOAK * reader.share) for reader in READERS.values()) >= SOAK * 0.99


@pytest.mark.parametrize("name", READERS)
def test_memory_is_bounded_by_the_input_s_size(name: str) -> None:
    reader = READERS[name]
    inputs = list(run_of(reader, 2, 300))
    outcome(reader, inputs[0])
    tracemalloc.start()
    try:
        for value in inputs:
            tracemalloc.reset_peak()
            before = tracemalloc.get_traced_memory()[0]
            outcome(reader, value)
            peak = tracemalloc.get_traced_memory()[1] - before
            assert peak <= PEAK_PER_BYTE * len(value) + PEAK_FLOOR, (peak, len(value), value[:500])
    finally:
        tracemalloc.stop()


# -- the engine behind the decoders ---------------------------------------------------------------------------------


def engine_takes(seed: int, number: int) -> Counter[str]:
    """Mutated messages between those of a story; everything that the engine keeps must be saved and read again."""
    rng = random.Random(seed)  # inputs, not secrets
    story = story_of_a_household()
    sent = list(story.sent[:-1])
    engine = EngineRun(story.records)
    for made in range(number):
        value = sent[made % len(sent)]
        hostile = [mutated_json(rng, rng.choice(sent), sent) for _ in range(3)]
        records = [msgspec.structs.replace(engine.record(value), offset=4 * made)]
        records += [
            msgspec.structs.replace(records[0], value=bad, offset=4 * made + n) for n, bad in enumerate(hostile, 1)
        ]
        try:
            engine.take_records(records)
        except Exception as error:
            raise AssertionError(f"{type(error).__name__}: {error} of {hostile!r:.4000}") from error
    engine.pipeline.save()
    for kind, page in pages_of(engine):
        assert warmth_of(page) in (0, 1, 2)
        decode_page(kind, page)
    return Counter(letter.reason for letter in engine.dead_letters)


def test_the_engine_takes_mutated_histories() -> None:
    found = engine_takes(3, 400)
    assert set(found) <= {*REASONS, "clock_ahead"}
    assert len(found) >= 5


@pytest.mark.soak
def test_the_engine_takes_long_mutated_histories() -> None:
    for seed in range(20):
        assert set(engine_takes(seed, 3_000)) <= {*REASONS, "clock_ahead"}


# -- claims ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("header", [b"\xdd", b"\xdf", b"\xdb", b"\xc6", b"\xc9"])
@pytest.mark.parametrize("reader", ["for persons", "for households", "saved VisitPage", "saved ItemPage"])
def test_a_header_that_claims_four_billion_elements_allocates_nothing(header: bytes, reader: str) -> None:
    seed = READERS[reader].seeds()[0]
    body = HEADER if reader.startswith("saved") else 0
    for place in range(body, min(len(seed), body + 60)):
        value = seed[:place] + header + b"\xff\xff\xff\xff" + seed[place:]
        tracemalloc.start()
        outcome(READERS[reader], value)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < PEAK_FLOOR, (place, peak)


def filled(opening: bytes, element: bytes, closing: bytes) -> bytes:
    """As many elements as the largest message holds."""
    room = LARGEST_MESSAGE - len(opening) - len(closing) - 1
    number = room // (len(element) + 1)
    return opening + b",".join([element] * number) + closing


HEAD = b'{"infno": "%s", "msgid": "m", "fixmedins_code": "H1", "inf_time": "2026-03-02 09:00:00", "input": '
CLAIMS = {
    "lines that say nothing": filled(HEAD % b"2301" + b'{"feedetail": [', b"{}", b"]}}"),
    "nulls for lines": filled(HEAD % b"2301" + b'{"feedetail": [', b"null", b"]}}"),
    "diagnoses that say nothing": filled(HEAD % b"2401" + b'{"diseinfo": [', b"{}", b"]}}"),
    "lists in lists": HEAD % b"2301" + b"[" * 4_000_000,
    "objects in an unknown field": filled(HEAD % b"2301" + b'{}, "x": [', b"{}", b"]}"),
    "objects in objects in an unknown field": HEAD % b"2301" + b'{}, "x": ' + b'{"a":' * 1_000_000,
    "answers that say nothing": filled(HEAD % b"2301" + b'{"feedetail": []}, "output": {"result": [', b"{}", b"]}}"),
    "a number of eight million digits": HEAD % b"2301" + b'{"feedetail": [{"cnt": ' + b"9" * 8_000_000 + b"}]}}",
    "a text of eight million digits": HEAD % b"2301" + b'{"feedetail": [{"cnt": "' + b"9" * 8_000_000 + b'"}]}}',
    "eight million escapes": filled(HEAD % b"2301" + b'{}, "memo": "', b"\\u0041", b'"}'),
    "trace codes": filled(HEAD % b"3505" + b'{"selinfo": {"drugtracinfo": [', b"{}", b"]}}}"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_a_message_of_eight_megabytes_costs_no_more_than_forty_times_its_size(name: str) -> None:
    value = CLAIMS[name]
    assert len(value) <= LARGEST_MESSAGE
    tracemalloc.start()
    began = time.process_time()
    try:
        said = outcome_of_a_claim(value)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    print(f"{name}: {said}, {peak / len(value):.1f} bytes a byte, {time.process_time() - began:.2f} s")
    assert peak <= PEAK_PER_BYTE * len(value)
    assert time.process_time() - began < 20  # with every allocation traced


def outcome_of_a_claim(value: bytes) -> str:
    try:
        decode(value)
    except Undecodable as refusal:
        return refusal.reason
    return "read"


def test_the_seeds_are_read() -> None:
    """Else the fuzzer would only ever see refusals."""
    for name, reader in READERS.items():
        assert [value for value in reader.seeds() if outcome(reader, value) != "read"] == [], name


def test_a_bill_at_the_bounds_of_amount_and_quantity_is_read() -> None:
    line = treatment_lines("MI1", 2)[0]._replace(quantity=1e12, amount=1e14)
    (charges,) = decode(Gateway().bill(moment(2, 9), "5001060000000000001", "MI1", [line])).facts
    assert isinstance(charges, Charges)
    assert (charges.lines[0].quantity, charges.lines[0].amount) == (1e12, 10**16)
    with pytest.raises(Undecodable, match="out_of_range"):
        decode(Gateway().bill(moment(2, 9), "5001060000000000001", "MI1", [line._replace(quantity=1.0001e12)]))
