"""Quix Streams as its manual has it: one tumbling count by institution (the record's key), with its changelog.

`python -m benchmarks.peers.quix_window BROKER TOPIC GROUP MESSAGES FOLDER`

Windows are hours of the record's own timestamp, when it was sent: one or two windows an institution, hardly any state. That is
kind to Quix; the work a message is the same: decode to a dict, read and write the window, and a changelog record.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from typing import Any

from benchmarks.peers.tally import Tally


def count(broker: str, topic: str, group: str, messages: int, folder: str) -> Tally:
    """Read until all messages have come; ``counted`` is the sum over the newest value of every window."""
    from quixstreams import Application  # of the extra `bench`

    app = Application(
        broker_address=broker, consumer_group=group, auto_offset_reset="earliest", state_dir=folder, loglevel="ERROR"
    )
    tally = Tally()
    windows: dict[tuple[bytes, int], int] = {}

    def keep(value: dict[str, int], key: Any, timestamp: int, headers: Any) -> None:
        tally.count()
        windows[key, value["start"]] = value["value"]
        if tally.messages == messages:
            tally.stop()

    frame = app.dataframe(app.topic(topic, value_deserializer="json", key_deserializer="bytes"))
    frame.tumbling_window(timedelta(hours=1)).count().current().update(keep, metadata=True)
    app.run(count=messages, collect=False)
    tally.counted = sum(windows.values())
    return tally


if __name__ == "__main__":
    broker, topic, group, messages, folder = sys.argv[1:]
    count(broker, topic, group, int(messages), folder).tell()
