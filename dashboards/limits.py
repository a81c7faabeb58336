"""From which value on should somebody look? Shared by the alerting rules and the lines drawn on the dashboards."""

from __future__ import annotations

CONSUMER_LAG_RECORDS = 100_000  # 10 s of work at the 10,000 a second one worker should carry
STREAM_TIME_LAG_SECONDS = 900
LATENCY_SECONDS = 30  # an alert is of use to who stands at the counter only while the patient is there
SILENCE_MINUTES = 30  # a county sends several transactions a minute even at night
DEAD_LETTER_SHARE = 0.01  # above this it is not a bad record, it is a changed format
SURGE_FACTOR = 10  # times the usual hour of the last day
SURGE_ALERTS = 50
