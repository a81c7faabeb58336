"""Does the log say what others repeat once, and everything of ours?"""

from __future__ import annotations

import io
import json
import logging

from stream.logs import JsonLines, SayOnce


def written(*said: tuple[str, str, float]) -> list[dict[str, object]]:
    """What is written of records: logger, message, second."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines())
    handler.addFilter(SayOnce())
    for name, message, second in said:
        record = logging.LogRecord(name, logging.WARNING, "", 0, message, ("n",), None)
        record.created = second
        handler.handle(record)
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_what_others_repeat_is_written_once_in_a_while_and_counted() -> None:
    lines = written(*[("aiokafka.client", "no broker: %s", 100 + second / 10) for second in range(250)])
    assert [line.get("repeated") for line in lines] == [None, 100, 100]
    assert {line["message"] for line in lines} == {"no broker: n"}


def test_other_words_of_the_same_package_are_written() -> None:
    lines = written(("aiokafka.client", "no broker: %s", 1.0), ("aiokafka.client", "no topic: %s", 1.1))
    assert [line["message"] for line in lines] == ["no broker: n", "no topic: n"]


def test_all_of_ours_is_written() -> None:
    assert len(written(*[("stream.worker", "said %s", 1.0)] * 5)) == 5


def test_words_that_never_repeat_do_not_fill_the_memory() -> None:
    say_once = SayOnce()
    for number in range(10_000):
        record = logging.LogRecord("other", logging.WARNING, "", 0, f"request {number}", (), None)
        assert say_once.filter(record)
    assert len(say_once._said) <= 1_000
