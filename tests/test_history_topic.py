"""A topic on a real Kafka is replayed as its file is: whole, by partition, from a time on, and with what is missing said."""

from __future__ import annotations

import gzip
from pathlib import Path
from queue import Queue
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from kafka import KafkaProducer, TopicPartition
from kafka.admin import NewTopic

from detectors.engine.incoming import Incoming
from schemas.alerts import decode_alert
from schemas.china_time import format_time, parse_time, to_unix
from stream.cli import fundwatch
from stream.connection import administration
from stream.errors import OperatorError
from stream.history_topic import Place, TopicHistory, _Row
from stream.outbox import partition_of
from stream.settings import Settings
from tests.service_runs import CUT, REFERENCES
from tests.wire_messages import moment

PARTITIONS = 3


def transaction(number: int, time: int) -> bytes:
    return msgspec.json.encode(
        {"infno": "?", "msgid": f"M{number}", "fixmedins_code": "H1", "inf_time": format_time(time)}
    )


@pytest.fixture
def topic(kafka_settings: Settings) -> Settings:
    """An empty topic of three partitions that keeps its records for ever."""
    with administration(kafka_settings) as admin:
        configs = {"retention.ms": "-1", "message.timestamp.type": "CreateTime"}
        admin.create_topics([NewTopic(name(kafka_settings), PARTITIONS, 1, topic_configs=configs)])
    return kafka_settings


def name(settings: Settings) -> str:
    return settings.topic("history")


def source(settings: Settings, more: str = "") -> str:
    return f"kafka://{settings.broker}/{name(settings)}{more}"


def send(settings: Settings, records: list[tuple[int, bytes, int]]) -> None:
    """Partition, value, and time of writing."""
    producer = KafkaProducer(bootstrap_servers=settings.broker, compression_type="lz4")
    for partition, value, written in records:
        producer.send(name(settings), value, partition=partition, timestamp_ms=to_unix(written) * 1000)
    producer.flush()
    producer.close()


def delete_before(settings: Settings, partition: int, offset: int) -> None:
    with administration(settings) as admin:
        admin.delete_records({TopicPartition(name(settings), partition): offset})


def numbers(history: TopicHistory) -> list[str]:
    return [msgspec.json.decode(record.value)["msgid"] for record in history.read()]


def test_partitions_are_read_by_stream_time_whenever_they_were_written(topic: Settings) -> None:
    """The second partition was loaded a day later than the others."""
    times = [(n % PARTITIONS, moment(0, n // 60, n % 60)) for n in range(300)]
    late = moment(1)
    send(topic, [(p, transaction(n, t), late if p == 1 else t) for n, (p, t) in enumerate(times)])
    history = TopicHistory(Place(source(topic)), topic)
    assert numbers(history) == [f"M{n}" for n in range(300)]
    assert history.notes == []


def test_some_partitions_are_read_and_that_is_said(topic: Settings) -> None:
    send(topic, [(n % PARTITIONS, transaction(n, moment(0, n)), moment(0, n)) for n in range(9)])
    history = TopicHistory(Place(source(topic, "?partitions=2,0")), topic)
    assert numbers(history) == ["M0", "M2", "M3", "M5", "M6", "M8"]
    assert history.notes == [f"{source(topic)}?partitions=2,0: 2 of the topic's 3 partitions were asked for"]


def test_it_is_read_from_the_offset_of_a_time_but_for_an_hours_wrong_clock(topic: Settings) -> None:
    send(topic, [(0, transaction(n, moment(n)), moment(n)) for n in range(10)])
    history = TopicHistory(Place(source(topic)), topic, since=moment(6))
    assert numbers(history) == ["M6", "M7", "M8", "M9"]
    assert history.records == 4
    behind = TopicHistory(Place(source(topic)), topic, since=moment(6, 1))  # a clock an hour ahead wrote M6 for 1:00
    assert numbers(behind) == ["M6", "M7", "M8", "M9"]


def test_a_log_that_was_cut_off_is_said_where_it_matters(topic: Settings) -> None:
    send(topic, [(0, transaction(n, moment(n)), moment(n)) for n in range(10)])
    delete_before(topic, 0, 4)
    whole = TopicHistory(Place(source(topic)), topic)
    assert numbers(whole) == [f"M{n}" for n in range(4, 10)]
    [note] = whole.notes
    assert "the topic's beginning is gone: partition 0 begins at offset 4, written 2026-03-06 00:00:00" in note
    later = TopicHistory(Place(source(topic)), topic, since=moment(6))
    assert later.notes == [], "what is asked for is all there"


def test_offsets_that_are_missing_are_counted(topic: Settings) -> None:
    """What was sent in a transaction leaves its marker's offset empty."""
    producer = KafkaProducer(bootstrap_servers=topic.broker, transactional_id="t", acks="all", enable_idempotence=True)
    producer.init_transactions()
    for number in range(3):
        producer.begin_transaction()
        producer.send(name(topic), transaction(number, moment(number)), partition=1)
        producer.commit_transaction()
    producer.close()
    history = TopicHistory(Place(source(topic)), topic)
    assert numbers(history) == ["M0", "M1", "M2"]
    [note] = history.notes
    assert note.endswith("partition 1 lacks 2 from 1 on"), note


def test_what_was_deleted_between_the_look_and_the_reading_is_counted_too() -> None:
    waiting: Queue[Any] = Queue()
    waiting.put([Incoming(0, offset, 0, None, transaction(offset, moment(offset))) for offset in (5, 6, 9)])
    row = _Row(0, 3, waiting)
    assert [row.advance() and row.next.offset for _ in range(3)] == [5, 6, 9]
    assert (row.missing, row.first_gap) == (4, 3)  # 3, 4, 7 and 8


def test_a_run_goes_on_from_its_offsets_and_not_where_they_are_gone(topic: Settings) -> None:
    send(topic, [(0, transaction(n, moment(n)), moment(n)) for n in range(10)])
    assert numbers(TopicHistory(Place(source(topic)), topic, positions={0: 7})) == ["M7", "M8", "M9"]
    delete_before(topic, 0, 8)
    with pytest.raises(OperatorError, match="begins at offset 8, and the run stopped at 7"):
        TopicHistory(Place(source(topic)), topic, positions={0: 7})


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("kafka://h:1", "is not a topic"),
        ("kafka://h:1/t?offset=3", "is not a topic"),
        ("kafka://h:1/t?partitions=", "names no partitions"),
        ("kafka://h:1/t?partitions=a", "names no partitions"),
    ],
)
def test_what_is_no_topic_is_told(given: str, told: str) -> None:
    with pytest.raises(OperatorError, match=told):
        Place(given)


def test_a_partition_that_is_not_there_is_told(topic: Settings) -> None:
    with pytest.raises(OperatorError, match="has no partition 7; it has those from 0 to 2"):
        TopicHistory(Place(source(topic, "?partitions=7")), topic)


def test_a_topic_gives_the_alerts_of_its_file(topic: Settings, tmp_path: Path) -> None:
    """Byte for byte, but for where in which log a record lay."""
    records = []
    with gzip.open(CUT.file("transactions")) as lines:
        for line in lines:
            stated = msgspec.json.decode(line)
            at = partition_of(stated["fixmedins_code"].encode(), PARTITIONS)
            records.append((at, line.rstrip(b"\n"), parse_time(stated["inf_time"])))
    send(topic, records)
    options = [word for each in REFERENCES for word in (f"--{each}", str(CUT.file(each)))]
    found = []
    for given, jobs in ((source(topic), "2"), (str(CUT.file("transactions")), "1")):
        done = CliRunner().invoke(
            fundwatch, ["replay", given, *options, "--jobs", jobs, "--out", str(tmp_path / "out")]
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        alerts = [decode_alert(line) for line in (tmp_path / "out").read_bytes().splitlines()]
        found.append(
            [
                msgspec.structs.replace(a, source=msgspec.structs.replace(a.source, partition=0, offset=0))
                for a in alerts
            ]
        )
    assert found[0] == found[1]
    assert len(found[0]) > 30
