"""Which Prometheus rules stand behind the service: what is precomputed, and when is somebody called?

Every alarm says in Chinese and English what is wrong, and its runbook line what to do first; docs/dashboards.md has
the rest.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import yaml

from dashboards.limits import (
    CONSUMER_LAG_RECORDS,
    DEAD_LETTER_SHARE,
    LATENCY_SECONDS,
    SILENCE_MINUTES,
    STREAM_TIME_LAG_SECONDS,
    SURGE_ALERTS,
    SURGE_FACTOR,
)
from dashboards.promql import increase, increase_with_newcomers, most, now, per_second, quantile
from stream import metric_catalogue as names

RUNBOOKS = "docs/dashboards.md"

THROUGHPUT = "fundwatch:transactions:rate5m"
LAG = "topic:fundwatch_consumer_lag_records:sum"
STAGE_LAG = "stage:fundwatch_stream_time_lag_seconds:max"
LATENCY = "fundwatch:event_to_alert_seconds:p99_15m"
LOST = "fundwatch:dead_letters:rate5m"
OPENED = "rule:fundwatch_alerts_opened:increase1h"
RULE_TIME = "rule:fundwatch_rule_seconds:rate5m"

_CATCHING_UP = f"max by (stage) (deriv({names.STREAM_TIME}[10m])) > 2"

RECORDED = {
    THROUGHPUT: per_second(names.TRANSACTIONS, window="5m"),
    LOST: per_second(names.DEAD_LETTERS, window="5m"),
    LAG: now(names.CONSUMER_LAG, "topic"),
    STAGE_LAG: most(names.STREAM_TIME_LAG, "stage"),
    LATENCY: quantile(0.99, names.EVENT_TO_ALERT, window="15m"),
    OPENED: increase(names.ALERTS, "rule", window="1h", change="opened"),
    RULE_TIME: per_second(names.RULE_SECONDS, "rule", window="5m"),
}


class Alarm(NamedTuple):
    """An alerting rule. `hold` is how long the expression must be true before anybody is called."""

    name: str
    expr: str
    hold: str
    severity: Literal["critical", "warning", "info"]
    zh: str
    en: str
    first_step: str


ALARMS = (
    Alarm(
        "FundwatchDown", f"absent({names.BUILD_INFO})", "2m", "critical",
        "没有任何工作进程在上报，疑点发现已停止。",
        "No worker reports; nothing is being detected.",
        "Start `fundwatch worker` and read the first error in its log. 启动工作进程并查看其日志。",
    ),
    Alarm(
        "FundwatchNoProgress",
        f"sum by (instance) ({names.CONSUMER_LAG}) > 0 "
        f"unless sum by (instance) (rate({names.BATCH_RECORDS}_count[5m])) > 0",
        "2m", "critical",
        "进程 {{ $labels.instance }} 有 {{ $value }} 条待处理记录，但 5 分钟没有处理任何批次。",
        "Worker {{ $labels.instance }} has {{ $value }} records waiting and has taken no batch for 5 minutes.",
        "Restart that worker; if it stalls again check the broker and its group. 重启该进程，仍停滞则查 Kafka 消费组。",
    ),
    Alarm(
        "FundwatchSilence",
        f"sum(increase({names.TRANSACTIONS}[5m])) == 0 and on () sum({LAG}) == 0",
        f"{SILENCE_MINUTES}m", "critical",
        f"{SILENCE_MINUTES} 分钟没有收到任何交易。没有疑点不代表没有问题。",
        f"No transaction has come for {SILENCE_MINUTES} minutes. No alerts then means nothing.",
        "Ask who runs the gateway; look at the end offsets of fund.transactions. 询问网关，查看主题末端位移是否前进。",
    ),
    Alarm(
        "FundwatchConsumerLag", f"{LAG} > {CONSUMER_LAG_RECORDS} and deriv({LAG}[10m]) >= 0", "10m", "warning",
        "主题 {{ $labels.topic }} 有 {{ $value }} 条待处理且没有减少。",
        "Topic {{ $labels.topic }} has {{ $value }} records waiting, and they do not get fewer.",
        "See the service dashboard for the slow stage; add workers up to the number of partitions. 增加工作进程。",
    ),
    Alarm(
        "FundwatchStreamTimeLag", f"{STAGE_LAG} > {STREAM_TIME_LAG_SECONDS} unless {_CATCHING_UP}",
        "10m", "warning",
        "环节 {{ $labels.stage }} 的流时间落后 {{ $value | humanizeDuration }} 且没有追赶，等待类规则会迟报。",
        "Stage {{ $labels.stage }} is {{ $value | humanizeDuration }} behind the clock and not catching up; "
        "rules that wait for time report late.",
        "With no consumer lag one partition is quiet: check time marks. With lag: see FundwatchConsumerLag. "
        "查时间标记。",
    ),
    Alarm(
        "FundwatchEventToAlertSlow", f"{LATENCY} > {LATENCY_SECONDS}", "10m", "warning",
        "99% 的疑点在 {{ $value | humanizeDuration }} 内发布，超过限度。",
        "The slowest alerts are published {{ $value | humanizeDuration }} after their transaction (p99).",
        "Look at flush time by step, then at consumer lag. 先看提交各步骤用时，再看待处理记录。",
    ),
    Alarm(
        "FundwatchDeadLetters",
        f"round(sum by (stage, reason) (increase({names.DEAD_LETTERS}[15m]))) > 0", "0m", "warning",
        "15 分钟内有 {{ $value }} 条记录因 {{ $labels.reason }} 在 {{ $labels.stage }} 转入死信。",
        "{{ $value }} records were parked at {{ $labels.stage }} in 15 minutes: {{ $labels.reason }}.",
        "`fundwatch dead-letters list`, mend, then `fundwatch dead-letters retry`. 查看原因，修正后重试。",
    ),
    Alarm(
        "FundwatchDeadLetterStorm", f"{LOST} / ({LOST} + {THROUGHPUT}) > {DEAD_LETTER_SHARE}", "5m", "critical",
        "{{ $value | humanizePercentage }} 的记录进入死信，多半是格式变更。",
        "{{ $value | humanizePercentage }} of all records are parked; most likely a format has changed.",
        "Compare one with `fundwatch dead-letters show`; nothing is lost, retry after the mend. 比对样本，修正后重试。",
    ),
    Alarm(
        "FundwatchRuleInactive", f"round(sum by (rule, reason) (increase({names.RULE_INACTIVE}[1h]))) > 0",
        "1h", "info",
        "规则 {{ $labels.rule }} 因缺少 {{ $labels.reason }} 资料而没有判断。",
        "Rule {{ $labels.rule }} leaves questions unanswered for lack of {{ $labels.reason }}.",
        "`fundwatch load FILE --topic {{ $labels.reason }}`. 载入该资料后自动恢复。",
    ),
    Alarm(
        "FundwatchClockJumps", f"{increase_with_newcomers(names.CLOCK_JUMPS, 'institution', window='1h')} > 0", "0m", "info",
        "机构 {{ $labels.institution }} 的时钟异常，1 小时内 {{ $value }} 笔交易未予推进流时间。",
        "The clock of institution {{ $labels.institution }} is wrong: {{ $value }} transactions in an hour "
        "were not allowed to move stream time.",
        "Tell the institution; alerts that depend on its times are doubtful until then. 通知机构校时。",
    ),
    Alarm(
        "FundwatchAlertSurge",
        f"{OPENED} > {SURGE_ALERTS} and {OPENED} > {SURGE_FACTOR} * avg_over_time({OPENED}[1d])", "0m", "warning",
        f"规则 {{{{ $labels.rule }}}} 一小时新增 {{{{ $value }}}} 条疑点，超过平日 {SURGE_FACTOR} 倍。",
        f"Rule {{{{ $labels.rule }}}} opened {{{{ $value }}}} alerts in an hour, more than {SURGE_FACTOR} times "
        "the usual.",
        "Loading history does this. If not: one institution, or a changed rules.toml? 是否在补传历史数据或改了参数。",
    ),
)  # fmt: skip


def as_yaml() -> str:
    """The file that Prometheus loads."""
    recorded = [{"record": name, "expr": expr} for name, expr in RECORDED.items()]
    # One group: its rules run in order, so an alarm never reads what was recorded a round ago.
    group = {"name": "fundwatch", "rules": [*recorded, *(_alerting_rule(alarm) for alarm in ALARMS)]}
    text = yaml.safe_dump({"groups": [group]}, allow_unicode=True, sort_keys=False, width=10_000)
    return f"# Written by `python -m dashboards build` from dashboards/rules.py; change it there.\n{text}"


def _alerting_rule(alarm: Alarm) -> dict[str, Any]:
    annotations = {
        "summary": f"{alarm.zh} / {alarm.en}",
        "summary_zh": alarm.zh,
        "summary_en": alarm.en,
        "runbook": f"{alarm.first_step} ({RUNBOOKS}#{alarm.name.lower()})",
    }
    return {
        "alert": alarm.name,
        "expr": alarm.expr,
        "for": alarm.hold,
        "labels": {"severity": alarm.severity},
        "annotations": annotations,
    }
