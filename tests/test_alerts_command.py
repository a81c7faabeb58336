"""`fundwatch alerts`: read as consumers read, in words that an inspector can use."""

import asyncio
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from detectors.engine.registry import all_rules
from schemas.alerts import Alert, Evidence, Measure, Point, Series, Source, Text, decode_alert, encode_alert
from stream import alert_text
from stream.cli import fundwatch
from stream.errors import OperatorError
from stream.outbox import Outbox, new_producer, partition_of
from stream.settings import Settings

ROOT = Path(__file__).parent.parent

ALERT = Alert(
    alert_id="bed_holding:1:aa",
    rule="bed_holding",
    rule_version=1,
    revision=1,
    status="open",
    severity="high",
    score=0.87,
    raised_at="2026-02-11 10:41:00",
    revised_at="2026-02-11 10:41:00",
    begin="2026-02-05 08:31:00",
    end=None,
    institution="H50010600011",
    institution_name="区人民医院",
    persons=["P1"],
    visits=["MI1", "MI2"],
    household=None,
    item=None,
    group=None,
    measures=[Measure("idle_days_in_a_row", 7, 3, "days", 0), Measure("idle_share", 0.875, None, "share")],
    evidence=[Evidence("2401", "MSG-1", "2026-02-05 08:40:00", "MI1")],
    evidence_total=8,
    fund_at_risk=1184230,
    rule_class="管理类",
    basis=["《医疗保障基金使用监督管理条例》第三十八条"],
    text=Text("住院8天中7天无诊疗。", "7 of 8 days of the stay saw no treatment."),
    source=Source(1, 17, "2026-02-11 10:41:00", "MSG-9"),
)


def revised(alert: Alert = ALERT, **changes: object) -> Alert:
    return msgspec.structs.replace(alert, **changes)


def publish(settings: Settings, *alerts: Alert | bytes) -> None:
    async def send() -> None:
        producer = new_producer(settings)
        await producer.start()
        try:
            outbox = Outbox(producer)
            for alert in alerts:
                value = alert if isinstance(alert, bytes) else encode_alert(alert)
                key = b"garbage" if isinstance(alert, bytes) else alert.alert_id.encode()
                outbox.add(settings.topic("alerts"), partition_of(key, 2), key, value)
            await outbox.delivered()
        finally:
            await producer.stop()

    asyncio.run(send())


def environment(settings: Settings) -> dict[str, str]:
    return {"FUNDWATCH_BROKER": settings.broker, "FUNDWATCH_PREFIX": settings.prefix}


def run(settings: Settings, *arguments: str) -> Result:
    return CliRunner(mix_stderr=False).invoke(fundwatch, ["alerts", *arguments], env=environment(settings))


@pytest.fixture
def published(kafka_topics: Settings) -> Settings:
    """Three alerts, one of them revised, one retracted, one revision repeated after a crash; and a record that is none."""
    household = revised(
        alert_id="household_together:1:bb", rule="household_together", severity="medium", institution="H2", visits=["MI3"],
        institution_name=None, revised_at="2026-03-01 00:00:00", fund_at_risk=5000, score=0.5,
    )  # fmt: skip
    gone = revised(
        alert_id="bed_holding:1:cc", revision=2, status="retracted", revised_at="2026-02-20 00:00:00",
        retraction=Text("入院登记已撤销（2404）", "the admission was cancelled (2404)"),
    )  # fmt: skip
    second = revised(revision=2, severity="medium", revised_at="2026-02-12 00:00:00", end="2026-02-13 17:00:00")
    publish(
        kafka_topics, ALERT, second, ALERT, revised(gone, revision=1, status="open", retraction=None), gone, household
    )
    publish(kafka_topics, b'{"alert_id": 3}')
    return kafka_topics


def test_list_has_the_newest_revision_of_every_alert_newest_first(published: Settings) -> None:
    result = run(published, "list", "--json")
    assert result.exit_code == 0
    found = [decode_alert(line.encode()) for line in result.stdout.splitlines()]
    assert [(alert.alert_id, alert.revision, alert.status) for alert in found] == [
        ("household_together:1:bb", 1, "open"),
        ("bed_holding:1:cc", 2, "retracted"),
        ("bed_holding:1:aa", 2, "open"),
    ]
    assert "3 alerts, 2 of them open, ¥11,892.30 at risk" in result.stderr
    assert "is not an alert" in result.stderr


def test_list_is_one_line_an_alert_with_tabs_where_no_terminal_is(published: Settings) -> None:
    head, *rows = [line.split("\t") for line in run(published, "list").stdout.splitlines()]
    assert head == ["时间", "程度", "状态", "规则", "机构", "期间", "涉及基金", "编号"]
    assert rows[2] == [
        "2026-02-12 00:00:00", "中", "待核查", "挂床住院", "区人民医院 (H50010600011)", "2026-02-05 – 2026-02-13", "¥11,842.30",
        "bed_holding:1:aa",
    ]  # fmt: skip
    english = run(published, "list", "--lang", "en").stdout.splitlines()[3].split("\t")
    assert english[1:4] == ["medium", "open", "Bed-holding"]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (["--rule", "bed_holding"], ["bed_holding:1:cc", "bed_holding:1:aa"]),
        (["--institution", "H2,H3"], ["household_together:1:bb"]),
        (["--severity", "medium"], ["household_together:1:bb", "bed_holding:1:aa"]),
        (["--severity", "high", "--status", "open"], []),
        (["--status", "retracted"], ["bed_holding:1:cc"]),
        (["--since", "2026-02-20"], ["household_together:1:bb", "bed_holding:1:cc"]),
    ],
)
def test_list_selects_by_what_the_newest_revision_says(
    published: Settings, filters: list[str], found: list[str]
) -> None:
    rows = run(published, "list", *filters).stdout.splitlines()[1:]
    assert [row.rpartition("\t")[2] for row in rows] == found


def test_wrong_filters_are_wrong_use(kafka_topics: Settings) -> None:
    for wrong in (["--rule", "bed_holdin"], ["--severity", "grave"], ["--status", "closed"], ["--since", "yesterday"]):
        result = run(kafka_topics, "list", *wrong)
        assert result.exit_code == 2, wrong
        assert wrong[0] in result.stderr


def test_show_has_everything_in_both_languages(published: Settings) -> None:
    result = run(published, "show", "bed_holding:1:aa", "--lang", "both")
    assert result.exit_code == 0
    for expected in (
        "住院8天中7天无诊疗。", "7 of 8 days of the stay saw no treatment.", "¥11,842.30", "MI1, MI2", "连续无诊疗天数",
        "idle days in a row", "0.875", "MSG-1", "2401 入院办理 admission", "第三十八条", "2026-02-11 10:41:00", "共8条",
    ):  # fmt: skip
        assert expected in result.stdout, expected
    assert "\x1b" not in result.stdout
    assert decode_alert(run(published, "show", "bed_holding:1:aa", "--json").stdout.encode()).revision == 2
    retracted = run(published, "show", "bed_holding:1:cc").stdout
    assert "撤回原因: 入院登记已撤销（2404）" in retracted


def test_show_of_an_unknown_alert_fails_with_a_hint(published: Settings) -> None:
    result = run(published, "show", "bed_holding:1:zz")
    assert isinstance(result.exception, OperatorError)
    assert "alerts list" in str(result.exception)


def test_follow_prints_revisions_as_they_come_and_ends_with_an_interrupt(kafka_topics: Settings) -> None:
    publish(kafka_topics, revised(alert_id="bed_holding:1:old"))
    command = [sys.executable, "-c", "from stream.cli import main; main(['alerts', 'follow', '--json'])"]
    variables = {**os.environ, **environment(kafka_topics)}
    process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        # What is sent before the consumer stands at the end is not for it: send until something is heard.
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        heard, deadline, revision = b"", time.monotonic() + 40, 0
        while not heard and time.monotonic() < deadline:
            revision += 1
            publish(kafka_topics, revised(revision=revision))
            time.sleep(0.5)
            heard = process.stdout.read() or b""
        assert [decode_alert(line).alert_id for line in heard.splitlines()][:1] == ["bed_holding:1:aa"]
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert process.returncode == 130


def test_an_alert_as_it_comes_says_how_grave_where_when_and_how_much() -> None:
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(alert_text.brief(ALERT, "zh"))
        console.print(alert_text.brief(revised(revision=3, end="2026-02-05 20:00:00"), "en"))
    lines = [line.rstrip() for line in captured.get().splitlines()]
    assert lines[0] == "[高] 挂床住院  区人民医院 (H50010600011)  2026-02-05 – 至今  涉及基金 ¥11,842.30"
    assert lines[1] == "  住院8天中7天无诊疗。"
    assert lines[2] == "  2026-02-11 10:41:00 首次发出 · 评分 0.87 · bed_holding:1:aa"
    assert lines[3] == "[high] Bed-holding  区人民医院 (H50010600011)  2026-02-05  fund at risk ¥11,842.30"
    assert lines[5].startswith("  revision 3 of 2026-02-11 10:41:00 · score 0.87")


def test_related_alerts_are_named_by_their_rules() -> None:
    alert = revised(related=["bed_holding:1:bb", "bed_holding:1:cc", "household_together:1:dd"])
    console = Console(width=200, color_system=None)
    with console.capture() as captured:
        console.print(alert_text.brief(alert, "zh"))
        console.print(alert_text.whole(alert, "en", [alert], 200))
    lines = [line.strip() for line in captured.get().splitlines()]
    assert "相关疑点: 挂床住院 × 2, 同户人员同进同出" in lines
    assert "related       Bed-holding  bed_holding:1:bb" in lines
    assert "Household admitted and discharged together  household_together:1:dd" in lines


def test_chinese_text_keeps_within_a_narrow_terminal() -> None:
    from rich.cells import cell_len

    console = Console(width=40, color_system=None)
    with console.capture() as captured:
        console.print(alert_text.brief(revised(text=Text("住院八天中七天无诊疗" * 8, "…")), "zh"))
    lines = captured.get().splitlines()
    assert max(map(cell_len, lines)) <= 40
    assert "".join(line.strip() for line in lines[2:-2]).count("住") >= 7


def test_a_series_is_drawn_with_what_left_the_band() -> None:
    points = [Point(f"2026-02-{day:02d}", 4.0, 2.0, 6.0) for day in range(1, 10)] + [
        Point("2026-02-10", 16.0, 2.0, 6.5)
    ]
    alert = revised(series=Series("packs", points))
    console = Console(width=100, color_system=None)
    with console.capture() as captured:
        console.print(alert_text.whole(alert, "en", [alert], 100))
    text = captured.get()
    assert "series (packs), 2026-02-01 – 2026-02-10, most 16" in text
    assert "▃▃▃▃▃▃▃▃▃█" in text
    assert [line.rstrip() for line in text.splitlines() if line.strip() == "^"] == ["  " + " " * 9 + "^"]
    assert "expected at the last point: 2 – 6.5" in text


def test_every_rule_and_every_alert_it_can_raise_has_words() -> None:
    from stream.alert_words import CALLS, MEASURES, UNITS, rule_title

    for rule_id, rule in all_rules().items():
        assert rule_title(rule_id, "both") == f"{rule.title.zh} {rule.title.en}"
    assert rule_title("of_tomorrow", "zh") == "of_tomorrow"
    assert {"2401", "2301", "2102", "3505", "4101"} <= set(CALLS)
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "detectors").glob("by_*/*/*.py")]
    measures = {name for source in sources for name in re.findall(r"Measure\(\s*\"(\w+)\"", source)}
    units = {unit for source in sources for call in re.findall(r"Measure\((.*)\)", source) for unit in _last_word(call)}
    assert len(measures) > 10
    assert measures <= set(MEASURES)
    assert len(units) > 3
    assert units <= set(UNITS)


def _last_word(call: str) -> list[str]:
    """The unit of a measure on one line: the last text of its arguments, its name apart."""
    return re.findall(r"\"(\w+)\"", call)[1:][-1:]
