"""`fundwatch load`: the right key, nothing lost in silence, time marked at the end."""

import asyncio
import base64
import gzip
import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from aiokafka import ConsumerRecord
from aiokafka.partitioner import murmur2
from click.testing import CliRunner, Result

from stream.cli import fundwatch
from stream.errors import OperatorError
from stream.line_files import LineFile
from stream.loading import load
from stream.settings import Settings
from stream.topic_access import records_to_end

ROOT = Path(__file__).parent.parent


def transaction(institution: str, inf_time: str, **more: object) -> bytes:
    return json.dumps(
        {"infno": "2201", "msgid": "M", "fixmedins_code": institution, "inf_time": inf_time, **more}
    ).encode()


def run_load(settings: Settings, *arguments: str, stdin: bytes | None = None) -> Result:
    environment = {"FUNDWATCH_BROKER": settings.broker, "FUNDWATCH_PREFIX": settings.prefix}
    return CliRunner().invoke(fundwatch, ["load", *arguments], env=environment, input=stdin)


def records(settings: Settings, topic: str) -> list[ConsumerRecord]:
    async def read() -> list[ConsumerRecord]:
        return [record async for record in records_to_end(settings, settings.topic(topic))]

    return sorted(asyncio.run(read()), key=lambda record: (record.partition, record.offset))


def transactions(settings: Settings) -> list[ConsumerRecord]:
    return [record for record in records(settings, "transactions") if not record.headers]


def marks(settings: Settings) -> list[ConsumerRecord]:
    return [record for record in records(settings, "transactions") if record.headers]


def test_a_transaction_is_keyed_by_its_institution_where_every_client_puts_it(
    kafka_topics: Settings, tmp_path: Path
) -> None:
    lines = [transaction(f"H{n % 7:011d}", f"2026-03-01 08:00:{n:02d}") for n in range(50)]
    (tmp_path / "t.jsonl").write_bytes(b"\n".join(lines) + b"\n")
    before = time.time() * 1000
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert result.exit_code == 0, result.output
    sent = transactions(kafka_topics)
    assert sorted(record.value or b"" for record in sent) == sorted(lines)
    for record in sent:
        assert record.key == json.loads(record.value or b"")["fixmedins_code"].encode()
        assert record.partition == (murmur2(record.key) & 0x7FFFFFFF) % 2
        assert record.timestamp >= before - 1000  # the moment of loading, not the business's
    for partition in (0, 1):
        times = [json.loads(r.value or b"")["inf_time"] for r in sent if r.partition == partition]
        assert times == sorted(times)
        assert times


def test_transactions_end_with_their_latest_time_in_every_partition(kafka_topics: Settings, tmp_path: Path) -> None:
    lines = [
        transaction("H1", "2026-03-01 08:00:00"),
        transaction("H1", "2026-03-02"),
        transaction("H1", "2031-01-01 00:00:00"),
    ]
    lines.append(transaction("H1", "2026-02-31 25:00:00"))
    (tmp_path / "t.jsonl").write_bytes(b"\n".join(lines))
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert "time mark 2026-03-02 00:00:00 in 2 partitions" in result.output
    found = marks(kafka_topics)
    assert [record.partition for record in found] == [0, 1]
    for record in found:
        assert record.key is None
        assert [name for name, _ in record.headers] == ["mark"]
        assert msgspec.json.decode(record.value or b"") == {"mark": "2026-03-02 00:00:00"}
    assert len(transactions(kafka_topics)) == 4


def test_no_mark_is_sent_when_told_so_nor_after_references(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(transaction("H1", "2026-03-01 08:00:00"))
    assert run_load(kafka_topics, "--no-mark", str(tmp_path / "t.jsonl")).exit_code == 0
    assert marks(kafka_topics) == []
    (tmp_path / "p.jsonl").write_bytes(b'{"psn_no": 7, "household_id": "HH1"}\n')
    result = run_load(kafka_topics, "--topic", "persons", str(tmp_path / "p.jsonl"))
    assert "mark" not in result.output
    assert [(r.key, r.value) for r in records(kafka_topics, "persons")] == [
        (b"7", b'{"psn_no": 7, "household_id": "HH1"}')
    ]


@pytest.mark.parametrize(
    ("topic", "field"),
    [
        ("institutions", "fixmedins_code"),
        ("persons", "psn_no"),
        ("catalogue", "med_list_codg"),
        ("verdicts", "alert_id"),
    ],
)
def test_a_reference_is_keyed_by_its_own_field(kafka_topics: Settings, tmp_path: Path, topic: str, field: str) -> None:
    (tmp_path / "r.jsonl").write_bytes(json.dumps({field: " K-1 ", "other": {"psn_no": 3}}).encode())
    assert run_load(kafka_topics, "--topic", topic, str(tmp_path / "r.jsonl")).exit_code == 0
    assert [record.key for record in records(kafka_topics, topic)] == [b"K-1"]


def test_a_transaction_without_a_readable_key_goes_to_partition_0_as_it_stands(
    kafka_topics: Settings, tmp_path: Path
) -> None:
    broken = [
        b'{"infno": "2201", "fixmedins_code": "H1',
        b'{"infno": "2201"}',
        b"\xff\xfe",
        b'{"fixmedins_code": {}}',
        b"null",
    ]
    (tmp_path / "t.jsonl").write_bytes(b"\n".join([*broken, transaction("H1", "2026-03-01 08:00:00")]) + b"\n")
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert result.exit_code == 0
    assert "transactions: 6 sent" in result.output
    assert "5 lines without a readable fixmedins_code" in result.output
    assert "t.jsonl:1, " in result.output
    unkeyed = [record for record in transactions(kafka_topics) if record.key is None]
    assert [(record.partition, record.value) for record in unkeyed] == [(0, line) for line in broken]


def test_a_reference_without_a_readable_key_is_reported_not_sent(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "p.jsonl").write_bytes(b'{"psn_no": "1"}\n{"psn_no": ""}\n{"psn_no": "2"')
    result = run_load(kafka_topics, "--topic", "persons", str(tmp_path / "p.jsonl"))
    assert isinstance(result.exception, OperatorError)
    assert "2 lines without a readable key not sent" in str(result.exception)
    assert "p.jsonl:2" in str(result.exception)
    assert "p.jsonl:3" in str(result.exception)
    assert [record.key for record in records(kafka_topics, "persons")] == [b"1"]


def test_a_file_that_ends_mid_line_is_sent_whole_and_named(kafka_topics: Settings, tmp_path: Path) -> None:
    whole = transaction("H1", "2026-03-01 08:00:00")
    (tmp_path / "t.jsonl").write_bytes(whole + b"\n" + whole[:40])
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert result.exit_code == 0
    assert "t.jsonl:2: the file ends in the middle of this line" in result.output
    assert sorted(record.value or b"" for record in transactions(kafka_topics)) == [whole[:40], whole]


def test_a_last_line_without_a_line_end_is_an_ordinary_line(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(
        b"\xef\xbb\xbf" + transaction("H1", "2026-03-01 08:00:00") + b"\r\n\r\n" + transaction("H1", "2026-03-02")
    )
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert "middle" not in result.output
    assert "transactions: 2 sent" in result.output
    assert [record.key for record in transactions(kafka_topics)] == [b"H1", b"H1"]


def test_an_empty_file_is_said_to_be_empty_and_marks_no_time(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"")
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert result.exit_code == 0
    assert "t.jsonl: the file is empty" in result.output
    assert "transactions: 0 sent" in result.output
    assert records(kafka_topics, "transactions") == []


def test_gzip_is_known_by_its_bytes_on_disk_and_in_a_pipe(kafka_topics: Settings, tmp_path: Path) -> None:
    packed = gzip.compress(b"".join(transaction("H1", "2026-03-01 08:00:00") + b"\n" for _ in range(5000)))
    (tmp_path / "named.oddly").write_bytes(packed)
    assert run_load(kafka_topics, str(tmp_path / "named.oddly")).exit_code == 0
    assert len(transactions(kafka_topics)) == 5000
    environment = {**os.environ, "FUNDWATCH_BROKER": kafka_topics.broker, "FUNDWATCH_PREFIX": kafka_topics.prefix}
    command = [sys.executable, "-c", "from stream.cli import main; main(['load', '-'])"]
    done = subprocess.run(command, cwd=ROOT, env=environment, input=packed, capture_output=True, timeout=60, check=True)
    assert b"transactions: 5,000 sent" in done.stdout
    assert len(transactions(kafka_topics)) == 10_000


def test_a_gzip_file_that_is_cut_off_fails_after_sending_what_can_be_read(
    kafka_topics: Settings, tmp_path: Path
) -> None:
    lines = [transaction("H1", "2026-03-01 08:00:00", n=os.urandom(20).hex()) for _ in range(5000)]
    (tmp_path / "t.jsonl.gz").write_bytes(gzip.compress(b"\n".join(lines))[:-50_000])
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl.gz"))
    assert isinstance(result.exception, OperatorError)
    assert "cut off" in str(result.exception)
    assert marks(kafka_topics) == []
    assert len(transactions(kafka_topics)) > 100


def test_a_line_of_5_mb_is_sent_and_one_that_the_topic_refuses_is_named(kafka_topics: Settings, tmp_path: Path) -> None:
    large = transaction("H1", "2026-03-01 08:00:00", memo="x" * 5_000_000)
    larger = transaction("H1", "2026-03-01 08:00:00", memo=base64.b64encode(os.urandom(7_000_000)).decode())
    small = transaction("H1", "2026-03-01 08:00:00")
    (tmp_path / "t.jsonl").write_bytes(b"\n".join([small, large, small, larger, small]))
    result = run_load(kafka_topics, str(tmp_path / "t.jsonl"))
    assert isinstance(result.exception, OperatorError)
    assert "1 line larger than the topic takes not sent" in str(result.exception)
    assert "t.jsonl:4" in str(result.exception)
    assert [record.value for record in transactions(kafka_topics)] == [small, large, small, small]
    assert len(marks(kafka_topics)) == 2


def test_a_rate_is_kept_evenly(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"\n".join(transaction("H1", "2026-03-01 08:00:00") for _ in range(300)))
    with LineFile(str(tmp_path / "t.jsonl")) as file:
        done = asyncio.run(load(kafka_topics, [file], "transactions", rate=200))
    assert 1.4 < done.seconds < 3.0
    stamps = [record.timestamp for record in transactions(kafka_topics)]
    halves = [sum(stamp < stamps[0] + 700 for stamp in stamps), sum(stamp >= stamps[0] + 700 for stamp in stamps)]
    assert min(halves) > 90


def test_lines_of_a_pipe_go_on_before_the_pipe_ends(kafka_topics: Settings, tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.write(writing, transaction("H1", "2026-03-01 08:00:00") + b"\n" + b'{"half":')
    environment = {**os.environ, "FUNDWATCH_BROKER": kafka_topics.broker, "FUNDWATCH_PREFIX": kafka_topics.prefix}
    command = [sys.executable, "-c", "from stream.cli import main; main(['load', '-'])"]
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stdin=reading, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    os.close(reading)
    try:
        deadline = time.monotonic() + 30
        while not transactions(kafka_topics) and time.monotonic() < deadline:
            time.sleep(0.2)
        assert len(transactions(kafka_topics)) == 1
        os.write(writing, b' 1, "fixmedins_code": "H2"}\n')
    finally:
        os.close(writing)
        output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert b"transactions: 2 sent" in output


def test_a_missing_topic_and_a_missing_broker_are_named_with_their_cure(
    kafka_settings: Settings, tmp_path: Path, unused_port: int
) -> None:
    (tmp_path / "t.jsonl").write_bytes(transaction("H1", "2026-03-01 08:00:00"))
    result = run_load(kafka_settings, str(tmp_path / "t.jsonl"))
    assert "topics create" in str(result.exception)
    nowhere = msgspec.structs.replace(kafka_settings, broker=f"127.0.0.1:{unused_port}")
    result = run_load(nowhere, str(tmp_path / "t.jsonl"))
    assert f"127.0.0.1:{unused_port}" in str(result.exception)
    assert isinstance(result.exception, OperatorError)


def test_a_file_that_is_not_there_and_a_rate_of_nothing_are_refused(kafka_settings: Settings, tmp_path: Path) -> None:
    assert "nowhere.jsonl cannot be read" in str(run_load(kafka_settings, str(tmp_path / "nowhere.jsonl")).exception)
    assert run_load(kafka_settings, "--rate", "0", "x.jsonl").exit_code == 2
    assert run_load(kafka_settings).exit_code == 2


def test_on_a_terminal_a_bar_shows_how_far_a_long_load_is(kafka_topics: Settings, tmp_path: Path) -> None:
    (tmp_path / "t.jsonl").write_bytes(b"\n".join(transaction("H1", "2026-03-01 08:00:00") for _ in range(300)))
    terminal, process_side = pty.openpty()
    command = [
        sys.executable,
        "-c",
        f"from stream.cli import main; main(['load', '--rate', '150', '{tmp_path}/t.jsonl'])",
    ]
    environment = {**os.environ, "FUNDWATCH_BROKER": kafka_topics.broker, "FUNDWATCH_PREFIX": kafka_topics.prefix}
    environment |= {"TERM": "xterm", "COLUMNS": "100"}
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=process_side)
    os.close(process_side)
    output, _ = process.communicate(timeout=60)
    shown = os.read(terminal, 65536)
    os.close(terminal)
    assert process.returncode == 0
    assert b"transactions: 300 sent" in output
    assert b"transactions: " in shown
    assert "━".encode() in shown
