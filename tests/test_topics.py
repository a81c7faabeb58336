"""Are the topics created as they are needed, and does the check name everything that differs? On a real broker."""

from collections.abc import Mapping

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import ConfigResource, ConfigResourceType

from stream import topics
from stream.connection import BrokerUnreachable, administration, kafka_python_options
from stream.settings import Settings
from stream.topics import ALERTS, DEAD_LETTERS, INSTITUTIONS, PERSONS, TOPICS, TRANSACTIONS, VISITS, check, create

MAX_TIMESTAMP = str(2**63 - 1)


def test_creating_twice_creates_once(kafka_settings: Settings) -> None:
    names = {kafka_settings.topic(topic.name) for topic in TOPICS}
    first = create(kafka_settings)
    assert (set(first.created), first.kept, first.repaired) == (names, {}, {})
    second = create(kafka_settings)
    assert (second.created, set(second.kept), second.repaired) == ({}, names, {})


def test_what_was_created_is_as_needed(kafka_topics: Settings) -> None:
    assert check(kafka_topics) == []


def test_all_but_the_small_references_are_copartitioned(kafka_topics: Settings) -> None:
    one = {kafka_topics.topic(name) for name in ("institutions", "catalogue")}
    assert {name for name, count in create(kafka_topics).kept.items() if count == 1} == one
    assert {count for name, count in create(kafka_topics).kept.items() if name not in one} == {2}


def test_history_is_kept_for_ever_and_alerts_are_compacted(kafka_topics: Settings) -> None:
    history, alerts, letters = (configs_of(kafka_topics, name) for name in (TRANSACTIONS, ALERTS, DEAD_LETTERS))
    assert (history["retention.ms"], history["cleanup.policy"]) == ("-1", "delete")
    assert (history["message.timestamp.type"], history["message.timestamp.after.max.ms"]) == (
        "CreateTime",
        MAX_TIMESTAMP,
    )
    assert alerts["cleanup.policy"] == "compact"
    assert (letters["cleanup.policy"], letters["retention.ms"]) == ("delete", "2592000000")  # 30 d × 86,400,000 ms


@pytest.mark.parametrize("year_ms", [1_609_459_200_000, 1_924_992_000_000], ids=["2021", "2031"])
def test_a_message_of_five_megabytes_comes_in_whatever_its_clock_says(kafka_topics: Settings, year_ms: int) -> None:
    topic, value = kafka_topics.topic(TRANSACTIONS), b"x" * 5_000_000
    producer = KafkaProducer(max_request_size=topics.LARGEST_TRANSACTION_BYTES, **kafka_python_options(kafka_topics))
    sent = producer.send(topic, value, key=b"H1", partition=0, timestamp_ms=year_ms).get(timeout=30)
    producer.close()
    consumer = KafkaConsumer(**kafka_python_options(kafka_topics))
    consumer.assign([TopicPartition(topic, 0)])
    consumer.seek(TopicPartition(topic, 0), sent.offset)
    (records,) = consumer.poll(timeout_ms=30_000, max_records=1).values()
    consumer.close()
    assert (records[0].value, records[0].timestamp) == (value, year_ms)


def test_every_missing_topic_is_named_with_its_cure(kafka_settings: Settings) -> None:
    differences = check(kafka_settings)
    assert [difference.topic for difference in differences] == [kafka_settings.topic(topic.name) for topic in TOPICS]
    assert all("fundwatch topics create" in str(difference) for difference in differences)


def test_another_number_of_partitions_than_transactions_is_named(kafka_settings: Settings) -> None:
    made_by_hand(kafka_settings, PERSONS, partitions=3)
    create(kafka_settings, repair=True)
    (difference,) = check(kafka_settings)
    assert (difference.topic, difference.found, difference.needed) == (kafka_settings.topic(PERSONS), "3", "2")


def test_transactions_that_were_there_before_decide_the_partitions(kafka_settings: Settings) -> None:
    made_by_hand(kafka_settings, TRANSACTIONS, partitions=5, configs={"max.message.bytes": str(8 * 1024 * 1024)})
    done = create(kafka_settings)
    assert done.created[kafka_settings.topic(VISITS)] == 5
    wrong = {difference.what for difference in check(kafka_settings)}
    # More room for a message than we need is no fault; a retention of 7 days and a refusal of the future are.
    assert wrong == {"retention.ms", "message.timestamp.after.max.ms"}


def test_repair_sets_what_differs_and_nothing_else(kafka_settings: Settings) -> None:
    made_by_hand(kafka_settings, ALERTS, partitions=2, configs={"cleanup.policy": "delete", "segment.ms": "123456"})
    done = create(kafka_settings, repair=True)
    assert set(done.repaired) == {kafka_settings.topic(ALERTS)}
    assert check(kafka_settings) == []
    assert configs_of(kafka_settings, ALERTS)["segment.ms"] == "123456"


def test_the_small_references_may_have_any_number_of_partitions(kafka_settings: Settings) -> None:
    create(kafka_settings)
    with administration(kafka_settings) as admin:
        admin.create_partitions({kafka_settings.topic(INSTITUTIONS): 3})
    assert check(kafka_settings) == []


def test_a_broker_that_does_not_answer_is_named_with_the_cure(
    unused_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stream.connection.BOOTSTRAP_TIMEOUT_MS", 500)
    with pytest.raises(BrokerUnreachable, match=f"127.0.0.1:{unused_port}.*fundwatch broker start"):
        check(Settings(broker=f"127.0.0.1:{unused_port}"))


def made_by_hand(settings: Settings, name: str, partitions: int, configs: Mapping[str, str] | None = None) -> None:
    full = settings.topic(name)
    with administration(settings) as admin:
        admin.create_topics(
            {full: {"num_partitions": partitions, "configs": dict(configs or {})}}, wait_for_metadata=True
        )


def configs_of(settings: Settings, name: str) -> dict[str, str]:
    full = settings.topic(name)
    with administration(settings) as admin:
        described = admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, full)], config_filter="all")
    return {key: entry["value"] for key, entry in described["topic"][full].items()}
