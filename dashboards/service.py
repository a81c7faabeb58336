"""The service's health: does it keep up, is anything lost, and what costs time and memory?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from dashboards.costs import process, rules, state
from dashboards.frame import framed
from dashboards.limits import CONSUMER_LAG_RECORDS, LATENCY_SECONDS, STREAM_TIME_LAG_SECONDS
from dashboards.losses import losses
from dashboards.panels import GREEN, ORANGE, RED, YELLOW, Query, Words, series_panel, stat_panel, with_limit
from dashboards.promql import each, increase, most, now, per_second, quantile
from stream import metric_catalogue as names

UID = "fundwatch-service"


def service() -> dashboard.Dashboard:
    """For who runs it; the limits drawn are those of the alerting rules."""
    board = framed(UID, Words("服务健康", "Service health"), refresh="10s", since="now-1h")
    for row in (_at_a_glance, _throughput, _lag, losses, state, rules, process):
        board = row(board)
    return board


def _at_a_glance(board: dashboard.Dashboard) -> dashboard.Dashboard:
    lag_steps = ((None, GREEN), (STREAM_TIME_LAG_SECONDS / 3, YELLOW), (STREAM_TIME_LAG_SECONDS, RED))
    return (
        board.with_row(dashboard.Row("是否健康 / Is it well"))
        .with_panel(stat_panel(
            Words("工作进程", "Workers"), Words("正在上报的进程数。为 0：服务停止。",
                  "Workers that report. At 0 the service is down."),
            Query(f"count({names.STARTED})"), "short", ((None, RED), (1, GREEN))))
        .with_panel(stat_panel(
            Words("每秒交易", "Transactions per second"),
            Words("与平日同一时段相比；为 0 时先查上游网关。",
                  "Compare with the same hour of other days; at 0 ask the gateway first."),
            Query(per_second(names.TRANSACTIONS)), "short"))
        .with_panel(stat_panel(
            Words("待处理记录", "Consumer lag"),
            Words("主题中尚未处理的记录。持续上升：增加工作进程或分区。",
                  "Records not yet processed. If it keeps rising add workers, then partitions."),
            Query(now(names.CONSUMER_LAG)), "short",
            ((None, GREEN), (CONSUMER_LAG_RECORDS / 10, YELLOW), (CONSUMER_LAG_RECORDS, RED))))
        .with_panel(stat_panel(
            Words("流时间落后", "Stream-time lag"),
            Words("最慢环节落后于时钟。待处理为 0 而仍落后：上游静默，或有分区缺时间标记。",
                  "Slowest stage behind the clock. Behind without consumer lag: a quiet source, or missing marks."),
            Query(most(names.STREAM_TIME_LAG)), "s", lag_steps))
        .with_panel(stat_panel(
            Words("发现用时 p99", "Event to alert p99"), Words("最近 15 分钟。", "Over the last 15 minutes."),
            Query(quantile(0.99, names.EVENT_TO_ALERT, window="15m")), "s",
            ((None, GREEN), (LATENCY_SECONDS / 3, YELLOW), (LATENCY_SECONDS, RED))))
        .with_panel(stat_panel(
            Words("1 小时死信", "Dead letters in 1 h"), Words("见下方原因；修正后 `fundwatch dead-letters retry`。",
                  "Reasons are below; once mended, `fundwatch dead-letters retry`."),
            Query(increase(names.DEAD_LETTERS, window="1h")), "short", ((None, GREEN), (1, ORANGE), (100, RED)),
            trend=False))
    )  # fmt: skip


def _throughput(board: dashboard.Dashboard) -> dashboard.Dashboard:
    records, batches = (per_second(names.BATCH_RECORDS, "stage", part=part) for part in ("sum", "count"))
    return (
        board.with_row(dashboard.Row("吞吐 / Throughput"))
        .with_panel(series_panel(
            Words("每秒交易，按交易编号（前 12）", "Transactions per second by code (first 12)"),
            Words("某一编号消失：上游漏送该类交易，相关规则将失明。",
                  "A code that vanishes: the source leaves it out, and the rules that need it go blind."),
            [Query(f"topk(12, {per_second(names.TRANSACTIONS, 'infno')})", "{{infno}}")], "short", stacked=True))
        .with_panel(series_panel(
            Words("每秒记录，按环节", "Records per second by stage"),
            Words("下游环节明显低于上游属正常；为 0 而上游在动则不正常。",
                  "Downstream stages see fewer; none at all while the first stage moves is wrong."),
            [Query(per_second(names.BATCH_RECORDS, "stage", part="sum"), "{{stage}}")], "short"))
        .with_panel(series_panel(
            Words("每批记录数", "Records per batch"),
            Words("批次大而待处理多：进程已饱和。批次为 1：几乎空闲。",
                  "Big batches and a lag: saturated. Batches of 1: nearly idle."),
            [Query(f"{records} / {batches}", "{{stage}}")], "short"))
        .with_panel(with_limit(series_panel(
            Words("发现用时", "Event to alert"),
            Words("升高时先看提交用时与待处理。", "When it rises look at flush time and consumer lag first."),
            [Query(quantile(q, names.EVENT_TO_ALERT, window="15m"), f"p{q * 100:g}") for q in (0.5, 0.9, 0.99)], "s"),
            ((None, GREEN), (LATENCY_SECONDS, RED))))
    )  # fmt: skip


def _lag(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("落后 / Lag"))
        .with_panel(with_limit(series_panel(
            Words("待处理记录，按主题", "Consumer lag by topic"),
            Words("只有一个主题上升：该环节变慢，见规则用时与提交用时。",
                  "Only one topic rises: that stage is slow; see rule time and flush time."),
            [Query(now(names.CONSUMER_LAG, "topic"), "{{topic}}")], "short"),
            ((None, GREEN), (CONSUMER_LAG_RECORDS, RED))))
        .with_panel(with_limit(series_panel(
            Words("流时间落后，按环节", "Stream-time lag by stage"),
            Words("最慢分区。下游比上游落后更多：某个分区拖住水位。",
                  "The slowest partition. Downstream further behind: one partition holds the watermark."),
            [Query(most(names.STREAM_TIME_LAG, "stage"), "{{stage}}")], "s"),
            ((None, GREEN), (STREAM_TIME_LAG_SECONDS, RED))))
        .with_panel(series_panel(
            Words("提交用时 p99，按步骤", "Flush time p99 by step"),
            Words("publish 慢：Kafka；state 慢：状态存储或变更日志；acknowledge 慢：协调器。",
                  "publish slow: Kafka; state: store or changelog; acknowledge: the coordinator."),
            [Query(quantile(0.99, names.FLUSH_SECONDS, "step", window="15m"), "{{step}}")], "s"))
        .with_panel(series_panel(
            Words("各分区流时间落后", "Stream-time lag by partition"),
            Words("找出拖住水位的分区。", "Which partition holds time back."),
            [Query(each(names.STREAM_TIME_LAG, stage="institution"), "{{stage}} {{partition}}")], "s"))
    )  # fmt: skip
