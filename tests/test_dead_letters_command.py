"""`fundwatch dead-letters`: what could not be used is counted, shown without its person, and sent again."""

import asyncio
import json

import pytest
from aiokafka import ConsumerRecord
from click.testing import CliRunner, Result

from schemas.dead_letters import DeadLetter
from stream.cli import fundwatch
from stream.errors import OperatorError
from stream.masking import masked
from stream.outbox import Outbox, new_producer, partition_of
from stream.settings import Settings
from stream.topic_access import records_to_end

TRANSACTION = (
    b'{"infno": "2401", "msgid": "H50010600011202602110000010001", "fixmedins_code": "H50010600011", '
    b'"fixmedins_name": "Hospital", "input": {"mdtrtinfo": {"psn_no": "5001060000000001331", '
    b'"psn_name": "\xe5\xbc\xa0\xe4\xb8\x89", "tel": 13912345678, "certno": "50010619680706123X", "cnt": "2,0", '
    b'"memo": "call 13912345678", "dept_name": "A03"}}}'
)
PERSON = b'{"psn_no": "5001060000000001331", "brdy": "1968-13-06"}'


def letter(offset: int, reason: str = "unreadable_number", value: bytes = TRANSACTION, **changes: object) -> DeadLetter:
    fields = {
        "stage": "decode",
        "detail": "cnt",
        "topic": "transactions",
        "partition": 1,
        "key": b"H50010600011",
    } | changes
    return DeadLetter(reason=reason, offset=offset, value=value, **fields)  # type: ignore[arg-type]


def publish(settings: Settings, *records: tuple[str, bytes | None, bytes, list[tuple[str, bytes]]]) -> None:
    async def send() -> None:
        producer = new_producer(settings)
        await producer.start()
        try:
            outbox = Outbox(producer)
            for topic, key, value, headers in records:
                outbox.add(settings.topic(topic), partition_of(key or b"", 2), key, value, headers)
            await outbox.delivered()
        finally:
            await producer.stop()

    asyncio.run(send())


def park(settings: Settings, *letters: DeadLetter) -> None:
    publish(settings, *(("dead-letters", one.record_key, one.value, one.headers()) for one in letters))


def records(settings: Settings, topic: str) -> list[ConsumerRecord]:
    async def read() -> list[ConsumerRecord]:
        return [record async for record in records_to_end(settings, settings.topic(topic))]

    return asyncio.run(read())


def run(settings: Settings, *arguments: str) -> Result:
    environment = {"FUNDWATCH_BROKER": settings.broker, "FUNDWATCH_PREFIX": settings.prefix}
    return CliRunner(mix_stderr=False).invoke(fundwatch, ["dead-letters", *arguments], env=environment)


@pytest.fixture
def parked(kafka_topics: Settings) -> Settings:
    """Five records, one of them parked twice, and something that is no dead letter."""
    park(
        kafka_topics,
        letter(7),
        letter(7),
        letter(8),
        letter(9, "not_json", b'{"infno": "24', key=None, detail="", partition=0),
        letter(10, "clock_ahead", stage="time", detail="inf_time"),
        letter(3, "unreadable_time", PERSON, topic="persons", key=b"5001060000000001331", detail="brdy"),
    )
    publish(kafka_topics, ("dead-letters", b"transactions/0/1", b"{}", []))
    return kafka_topics


def test_list_counts_by_source_stage_and_reason_the_most_first(parked: Settings) -> None:
    result = run(parked, "list", "--json")
    assert result.exit_code == 0
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [(row["count"], row["source"], row["stage"], row["reason"], row["detail"]) for row in rows] == [
        (2, "transactions", "decode", "unreadable_number", "cnt"),
        (1, "persons", "decode", "unreadable_time", "brdy"),
        (1, "transactions", "decode", "not_json", ""),
        (1, "transactions", "time", "clock_ahead", "inf_time"),
    ]
    assert "5 dead letters" in result.stderr
    assert "not a dead letter: header 'stage' is missing" in result.stderr
    assert run(parked, "list").stdout.splitlines()[1].split("\t")[:4] == [
        "2",
        "transactions",
        "decode",
        "unreadable_number",
    ]


def test_list_each_has_one_line_a_record_and_can_be_filtered(parked: Settings) -> None:
    rows = run(parked, "list", "--each", "--source", "transactions", "--stage", "decode").stdout.splitlines()[1:]
    assert sorted(row.split("\t")[0] for row in rows) == ["transactions/0/9", "transactions/1/7", "transactions/1/8"]
    assert run(parked, "list", "--each", "--reason", "clock_ahead,not_json").stdout.count("\n") == 3


def test_show_has_the_fault_and_hides_the_person(parked: Settings) -> None:
    shown = run(parked, "show", "transactions/1/7")
    assert shown.exit_code == 0
    for seen in (
        "unreadable_number",
        '"cnt": "2,0"',
        "H50010600011202602110000010001",
        '"dept_name": "A03"',
        "Hospital",
    ):
        assert seen in shown.stdout, seen
    for hidden in ("5001060000000001331", "张三", "13912345678", "50010619680706123X"):
        assert hidden not in shown.stdout, hidden
    person = run(parked, "show", "persons/1/3")
    assert "5001060000000001331" not in person.stdout
    assert "brdy" in person.stdout
    assert run(parked, "show", "transactions/1/7", "--raw").stdout_bytes == TRANSACTION
    missing = run(parked, "show", "transactions/1/99")
    assert isinstance(missing.exception, OperatorError)


@pytest.mark.parametrize(
    "text",
    [
        '{"psn_no": "5001060000000001331',
        '{"psn_no":5001060000000001331}',
        "5001060000000001331",
        '"certno" : "5001061968"',
    ],
)
def test_a_person_is_hidden_in_broken_text_too(text: str) -> None:
    assert "500106" not in masked(text.encode())


def test_bytes_that_are_no_text_are_shown_escaped() -> None:
    assert masked(b'{"cnt": \xff}') == '{"cnt": \\xff}'


def test_retry_sends_the_bytes_to_their_topic_with_their_key(parked: Settings) -> None:
    result = run(parked, "retry", "--reason", "unreadable_number,not_json")
    assert result.exit_code == 0, result.stderr
    assert result.stdout == "transactions\t3 sent again\n"
    again = records(parked, "transactions")
    keyed = [record for record in again if record.key == b"H50010600011"]
    assert [(record.value, record.partition) for record in keyed] == [
        (TRANSACTION, partition_of(b"H50010600011", 2))
    ] * 2
    assert [record.headers for record in keyed] == [
        (("retry-of", b"transactions/1/7"),),
        (("retry-of", b"transactions/1/8"),),
    ]
    unkeyed = [record for record in again if record.key is None]
    assert [(record.value, record.partition) for record in unkeyed] == [(b'{"infno": "24', 0)]
    assert len(records(parked, "dead-letters")) == 7


def test_retry_takes_ids_and_finds_nothing_loudly(parked: Settings) -> None:
    assert run(parked, "retry", "transactions/1/8").stdout == "transactions\t1 sent again\n"
    assert len(records(parked, "transactions")) == 1
    assert isinstance(run(parked, "retry", "transactions/1/99").exception, OperatorError)


def test_a_record_between_stages_goes_back_to_its_internal_topic(kafka_topics: Settings) -> None:
    park(kafka_topics, letter(1, "engine_error", b"x", stage="person", topic="visits", key=b"P1"))
    assert run(kafka_topics, "retry", "--all").stdout == "visits\t1 sent again\n"
    assert [(record.key, record.value) for record in records(kafka_topics, "internal.visits")] == [(b"P1", b"x")]


def test_a_reference_is_not_sent_again_over_a_newer_one(kafka_topics: Settings) -> None:
    publish(kafka_topics, ("persons", b"P1", PERSON, []), ("persons", b"P1", b'{"psn_no": "P1"}', []))
    publish(kafka_topics, ("persons", b"P2", PERSON, []))
    place = partition_of(b"P2", 2)
    offsets = {record.key: record.offset for record in records(kafka_topics, "persons")}
    park(
        kafka_topics,
        letter(0, "unreadable_time", PERSON, topic="persons", key=b"P1", partition=partition_of(b"P1", 2)),
        letter(offsets[b"P2"], "unreadable_time", PERSON, topic="persons", key=b"P2", partition=place),
    )
    result = run(kafka_topics, "retry", "--all")
    assert result.stdout == "persons\t1 sent again\n"
    assert "not sent, a newer record with its key is there" in result.stderr
    assert [record.value for record in records(kafka_topics, "persons") if record.key == b"P1"][
        -1
    ] == b'{"psn_no": "P1"}'


def test_retry_wants_to_be_told_which(kafka_topics: Settings) -> None:
    assert run(kafka_topics, "retry").exit_code == 2
    assert run(kafka_topics, "retry", "--all", "--reason", "not_json").exit_code == 2
