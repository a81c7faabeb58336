"""Does a poison message in any topic that the service reads stop it, or cost anything but itself?

A real Kafka, the real engine. Half a history, then garbage into every partition of every topic, then the other half: the
alerts are the clean history's, each poison message is in the dead letters with its reason, the worker has gone on all the
time, and its memory has not grown beyond bounds.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
from aiokafka import AIOKafkaProducer

from schemas.china_time import DAY
from schemas.dead_letters import DeadLetter, from_record
from schemas.peer_days import Cases, DayCounts, InstitutionDay, encode_for_peers
from schemas.peer_items import ItemMonth, PartTold
from schemas.returns import AlertLeft, Elsewhere, ReturnedAlert, RoseBeside, encode_return
from schemas.snapshots import GroupMember, GroupVisit, HouseholdVisit, Mark, Reference, Ties, VisitSnapshot, encode
from stream import topics
from stream.delivery import ENGINE_ERROR, MOST_FAILURES
from stream.letters import LARGEST_LETTER, park
from stream.settings import Settings
from stream.topic_access import records_to_end
from tests.crews import (
    Member,
    all_records,
    assert_alerts_are,
    assert_nothing_was_published_twice_differently,
    crew,
    prepare,
    run_fundwatch,
    wait_until_done,
)
from tests.fake_producer import FakeProducer
from tests.service_runs import CUT, replayed
from tests.test_delivery import TO, Bench
from tests.toy_worker import toy_alert
from tests.wire_messages import Gateway, moment

PARTITIONS = 2
MARKED = [("mark", b"")]
MIB = 1024 * 1024
MOST_GROWTH = 400 * MIB  # of memory; the poison is 60 MiB, and is held in a few forms at a time
G = Gateway("H50010699999")
AT = moment(2, 9)
NESTED = b"[" * 100_000 + b"]" * 100_000
NESTED_PACK = b"\x91" * 100_000 + b"\xc0"
A_BILLION = b"\x3b\x9a\xca\x00"
HUGE = "x" * (2 * MIB)
AGES = 2**62
STAY = VisitSnapshot(
    "MI-poison", "H50010699999", "P-poison", 0, 1, Reference("2401", "M", AT), "stay", False, AT, None, "21", "I10", "", 0, 0,
    0, False, 0, (),
)  # fmt: skip

OF_AGES = msgspec.structs.replace(STAY, begin=AGES, end=AGES)
SERVED = Elsewhere(
    "H50010699999", "MI-poison", "P-poison", "MC-poison", "H50010699999", (), False, 0, 1, STAY.source, ()
)

A_DAY = InstitutionDay("H50010699999", "", AT // DAY, 0, 1, AT, False, DayCounts(1), (Cases("p", 1, 100, 4_605),))
AN_ITEM = ItemMonth(
    "H50010699999", "", "X1", 24_314, AT // DAY, 0, 1, AT, 1_000, 60_000, 1, parts=(PartTold(0, 1_000, 500),)
)


class Poison(msgspec.Struct, frozen=True):
    """A record that does harm, and why it is parked; no reason where it is taken for what it says, harmlessly."""

    value: bytes | None
    reason: str = ""
    headers: list[tuple[str, bytes]] = []
    key: bytes | None = b"\xff\x00poison"


JSON_GARBAGE = [
    Poison(b"\x00\x01\x02 no message", "not_json"),
    Poison(b"", "not_json"),
    Poison(b'{"infno": "2401", "fixmedins_code": "\xff\xfe", "psn_no": "\xff", "med_list_codg": "\xff"}', "not_utf8"),
    Poison(NESTED, "wrong_type"),
    Poison(b'{"infno": ' + NESTED + b"}", "not_json"),
    Poison(b"[" + b"1," * 300_000 + b"1]", "wrong_type"),
]
PACKED_GARBAGE = [
    Poison(b"\x00\x01\x02 no message", "wrong_type"),
    Poison(b"", "wrong_type"),
    Poison(None, "wrong_type"),
    Poison(NESTED_PACK, "wrong_type"),
    Poison(b"\x94\xa4mark\x00\x01" + NESTED_PACK, "wrong_type"),  # a mark with something more behind it
    Poison(b"\xdd" + A_BILLION, "wrong_type"),  # an array of a billion
    Poison(b"\xdb" + A_BILLION + b"ab", "wrong_type"),  # a text of a billion
    Poison(b"\x93\xa4mark\xdf" + A_BILLION + b"\x01", "wrong_type"),
    Poison(b"\x93\xa4\xff\xfe\xfd\xfc\x00\x01", "wrong_type"),
    Poison(b"\xc6\x00\x0b\x71\xb0" + b"x" * 750_000, "wrong_type"),
    Poison(encode(Mark(10**9, AT, 0, 0)), "out_of_range"),
    Poison(encode(Mark(-1, AT, 0, 0)), "out_of_range"),
    Poison(encode(Mark(0, AT, 0, -1)), "out_of_range"),
    Poison(encode(Mark(0, AGES, 0, 0)), "clock_ahead"),
    Poison(encode(Mark(0, -AGES, 0, 0))),  # nothing moves back
    Poison(encode(Mark(0, 0, 0, 0)), headers=[("since", b"no number")]),
]
POISON: dict[str, list[Poison]] = {
    topics.TRANSACTIONS: [
        *JSON_GARBAGE,
        Poison(None, "not_json"),
        Poison(b'{"mark": "soon"}', "unreadable_time", MARKED, key=None),
        Poison(b'{"mark": "9999-12-31 23:59:59"}', "out_of_range", MARKED, key=None),
        Poison(b'{"mark": "2199-12-31 23:59:59"}', "clock_ahead", MARKED, key=None),
        Poison(b"\x00", "wrong_type", MARKED, key=None),
        Poison(NESTED, "wrong_type", MARKED, key=None),
        Poison(b'{"mark": "0001-01-01 00:00:00"}', "out_of_range", MARKED, key=None),
        Poison(b'{"mark": "1999-01-01 00:00:00"}', "", MARKED, key=None),  # nothing moves back
        Poison(b'{"infno": "2401", "input": ' + NESTED + b"}", "not_json"),
        Poison(G.call("2401", AT, {"mdtrtinfo": {"psn_no": "P1", "begntime": "2026-03-04 09:00:00"}},
                      {"result": {"mdtrt_id": HUGE}}), "out_of_range"),
        Poison(G.call("2401", AT, {"mdtrtinfo": {"psn_no": HUGE, "begntime": "2026-03-04 09:00:00"}},
                      {"result": {"mdtrt_id": "MI-huge"}}), "out_of_range"),
        Poison(b"x" * (5 * MIB), "not_json"),
        Poison(b'{"a": "' + b"x" * (20 * MIB) + b'"}', "too_large"),  # twenty thousand bytes as they were sent
        Poison(b"no message", "not_json", [("since", b"no number")]),
    ],
    topics.PERSONS: [
        *(poison for poison in JSON_GARBAGE if poison.value),
        Poison(b""),  # as good as a tombstone, here for somebody nobody knows
        Poison(None),
        Poison(json.dumps({"psn_no": "P2", "household_id": "h" * (900 * 1024)}).encode(), "out_of_range"),
        Poison(json.dumps({"psn_no": "P3", "household_id": HUGE}).encode(), "out_of_range"),
    ],
    topics.INSTITUTIONS: [*JSON_GARBAGE, Poison(None), Poison(b'{"fixmedins_code": "H", "lnt": 1e999}', "wrong_type")],
    topics.CATALOGUE: [*JSON_GARBAGE, Poison(None)],
    topics.VISITS: [
        *PACKED_GARBAGE,
        Poison(encode(OF_AGES), "out_of_range"),
        Poison(encode(msgspec.structs.replace(OF_AGES, visit="MI-2", begin=-AGES)), "out_of_range"),
        Poison(encode(msgspec.structs.replace(STAY, visit="MI-3", offset=2**63))),
    ],
    topics.HOUSEHOLDS: [
        *PACKED_GARBAGE,
        Poison(encode(HouseholdVisit("HH-poison", 1, True, AGES, OF_AGES)), "out_of_range"),
        Poison(encode(GroupMember("village:poison", "P-poison", AGES, True))),
        Poison(encode(GroupVisit("nothing", 1, True, AGES, Ties(), OF_AGES)), "out_of_range"),
        Poison(encode(GroupVisit("", 1, True, None, Ties(), msgspec.structs.replace(OF_AGES, begin=-AGES))), "out_of_range"),
    ],
    topics.PEERS: [
        *PACKED_GARBAGE,
        Poison(encode_for_peers(msgspec.structs.replace(A_DAY, day=AGES)), "wrong_type"),
        Poison(encode_for_peers(msgspec.structs.replace(A_DAY, time=-AGES)), "wrong_type"),
        Poison(encode_for_peers(msgspec.structs.replace(A_DAY, institution="x" * 900_000)), "wrong_type"),
        Poison(encode_for_peers(A_DAY)),
        Poison(encode_for_peers(msgspec.structs.replace(AN_ITEM, month=AGES)), "wrong_type"),
        Poison(encode_for_peers(msgspec.structs.replace(AN_ITEM, fen=-1)), "wrong_type"),
        Poison(encode_for_peers(AN_ITEM)),
    ],
    topics.RETURNS: [
        *(poison for poison in PACKED_GARBAGE if poison.reason == "wrong_type"),
        Poison(encode(Mark(0, AT, 0, 0)), "wrong_type"),  # time does not come back
        Poison(encode_return(SERVED), headers=[("since", b"no number")]),  # of a visit that nobody knows
        Poison(encode_return(msgspec.structs.replace(SERVED, source=Reference("2207", "M", AGES))), "out_of_range"),
        Poison(encode_return(msgspec.structs.replace(SERVED, stay="x" * 900_000)), "wrong_type"),
        Poison(encode_return(RoseBeside("H50010699999", "nobody's", 97_256, 2_000, 7, AT))),
        Poison(encode_return(RoseBeside("H50010699999", "nobody's", AGES, 2_000, 7, AT)), "wrong_type"),
        Poison(encode_return(AlertLeft("H50010699999", "nobody's", AGES))),
        Poison(encode_return(ReturnedAlert("opened", toy_alert("a", 1, b"H50010699999"))), "unreadable_time"),
        Poison(encode_return(ReturnedAlert("opened", toy_alert("a", 1, b""))), "out_of_range"),
    ],
}  # fmt: skip


@pytest.mark.timeout(400)
def test_a_poison_message_costs_nothing_but_itself(kafka_settings: Settings, tmp_path: Path) -> None:
    settings = msgspec.structs.replace(kafka_settings, partitions=PARTITIONS)
    lines = CUT.transactions()
    middle = len(lines) // 2
    halves = tmp_path / "first.jsonl", tmp_path / "second.jsonl"
    for path, part in zip(halves, (lines[:middle], lines[middle:]), strict=True):
        path.write_bytes(b"\n".join(part) + b"\n")
    (tmp_path / "whole.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    expected = replayed(tmp_path, tmp_path / "whole.jsonl", CUT)
    prepare(settings, CUT)
    with crew(settings, tmp_path, 1) as some:
        [worker] = some.members
        assert run_fundwatch(settings, "load", "--no-mark", str(halves[0])).wait() == 0
        wait_until_done(settings)
        memory = _peak_memory(worker)
        asyncio.run(_send_poison(settings))
        wait_until_done(settings)
        assert run_fundwatch(settings, "load", str(halves[1])).wait() == 0
        wait_until_done(settings)
        assert_alerts_are(settings, expected)
        assert_nothing_was_published_twice_differently(settings)
        asyncio.run(_send(settings, topics.ALERTS, JSON_GARBAGE))  # read for the count of open alerts
        worker.wait_for_log("not an alert", len(JSON_GARBAGE) * PARTITIONS)
        assert not worker.has_ended, worker.log[-3000:]
        grown = _peak_memory(worker) - memory
        parked = _expected_letters()
        found = asyncio.run(_letters(settings))
        assert found == parked, f"too many {found - parked}, too few {parked - found}"
    assert grown < MOST_GROWTH, f"{grown / MIB:.0f} MiB"
    print(f"\n{sum(parked.values())} poison messages parked, memory grew by {grown / MIB:.0f} MiB")


def _expected_letters() -> Counter[tuple[str, str]]:
    roles = {
        topics.VISITS: "visits",
        topics.HOUSEHOLDS: "households",
        topics.RETURNS: "returns",
        topics.PEERS: "peers",
    }
    return Counter(
        (roles.get(name, name), poison.reason)
        for name, some in POISON.items()
        for poison in some
        if poison.reason
        for _ in range(_partitions(name))
    )


def _partitions(name: str) -> int:
    return 1 if name in (topics.INSTITUTIONS, topics.CATALOGUE) else PARTITIONS


async def _letters(settings: Settings) -> Counter[tuple[str, str]]:
    found = Counter[tuple[str, str]]()
    async for record in records_to_end(settings, settings.topic(topics.DEAD_LETTERS)):
        letter = from_record(record.key or b"", list(record.headers), record.value or b"")
        place = f" {letter.detail}" if letter.reason == ENGINE_ERROR else ""
        found[letter.topic, letter.reason + place] += 1
    return found


async def _send_poison(settings: Settings) -> None:
    for name, some in POISON.items():
        await _send(settings, name, some)


async def _send(settings: Settings, name: str, some: list[Poison]) -> None:
    producer = AIOKafkaProducer(
        bootstrap_servers=settings.broker, compression_type="zstd", max_request_size=64 * MIB, max_batch_size=64 * MIB
    )
    await producer.start()
    try:
        for partition in range(_partitions(name)):
            for poison in some:
                where = settings.topic(name), poison.value, poison.key, partition
                await producer.send_and_wait(*where, headers=poison.headers)
    finally:
        await producer.stop()


def _peak_memory(worker: Member) -> int:
    status = Path(f"/proc/{worker.process.pid}/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) * 1024


# -- on the way to the broker ---------------------------------------------------------------------------------------


def test_what_no_topic_would_take_is_parked_however_often_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream.delivery.LARGEST_RECORD", 100)  # the toy's alerts are larger
    bench = Bench()
    assert bench.deliver(*[b"a"] * (MOST_FAILURES + 5)).settled
    letters = [from_record(sent.key or b"", sent.headers, sent.value or b"") for sent in bench.of("dead")]
    assert Counter(letter.reason for letter in letters) == {"too_large": MOST_FAILURES + 5}
    assert not bench.of("alerts")
    assert not bench.of("state")


def test_a_dead_letter_larger_than_its_topic_takes_says_where_the_rest_is() -> None:
    whole = DeadLetter("decode", "too_large", "9000000 bytes", "transactions", 1, 7, b"k", b"x" * 9_000_000)
    producer = FakeProducer()
    asyncio.run(park(cast(Any, producer), TO.dead_letters, TO.partitions, [whole]))
    [sent] = producer.sent
    letter = from_record(sent.key or b"", sent.headers, sent.value or b"")
    assert (letter.topic, letter.partition, letter.offset, letter.reason) == ("transactions", 1, 7, "too_large")
    assert whole.value.startswith(letter.value)
    assert 0 < len(letter.value) < LARGEST_LETTER
    assert "9000001 bytes" in letter.detail


def test_a_line_whose_key_is_longer_than_any_code_is_sent_to_be_parked(kafka_topics: Settings, tmp_path: Path) -> None:
    line = b'{"infno": "2401", "fixmedins_code": "' + b"x" * 100_000 + b'"}'
    (tmp_path / "one.jsonl").write_bytes(line + b"\n")
    assert run_fundwatch(kafka_topics, "load", str(tmp_path / "one.jsonl")).wait() == 0
    [sent] = all_records(kafka_topics, topics.TRANSACTIONS)
    assert (sent.partition, sent.key, sent.value) == (0, None, line)
