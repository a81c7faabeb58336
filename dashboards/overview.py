"""The monitoring centre's overview: what is new, where, how much money, which rules, and where is it going?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from dashboards.frame import framed, institution_link
from dashboards.panels import (
    GREEN,
    ORANGE,
    RED,
    YELLOW,
    YUAN,
    Query,
    Words,
    bars_panel,
    series_panel,
    stat_panel,
    table_panel,
    with_severities,
)
from dashboards.promql import LISTED, ago, grown, increase, most, now, or_zero, quantile, with_name, with_title
from stream import metric_catalogue as names

UID = "fundwatch-overview"
DAY = "24h"


def overview() -> dashboard.Dashboard:
    """Made for a screen on the wall: the top row says whether anything needs a look."""
    board = framed(UID, Words("基金监管总览", "Fund monitoring overview"), refresh="30s", since="now-24h")
    for row in (_at_a_glance, _where, _rules, _trend, _can_it_be_trusted):
        board = row(board)
    return board


def _at_a_glance(board: dashboard.Dashboard) -> dashboard.Dashboard:
    opened = increase(names.ALERTS, window=DAY, change="opened")
    retracted = increase(names.ALERTS, window=DAY, change="retracted")
    return (
        board.with_row(dashboard.Row("现在 / Now"))
        .with_panel(stat_panel(
            Words("未撤回疑点", "Open alerts"),
            Words("现有全部疑点。疑点是线索，不是结论；逐条核查见 `fundwatch alerts list`。",
                  "All alerts that stand. An alert is a clue, not a verdict; read them with `fundwatch alerts list`."),
            Query(now(names.OPEN_ALERTS)), "short"))
        .with_panel(stat_panel(
            Words("其中高等级", "Of these high"),
            Words("先看这些。", "Look at these first."),
            Query(now(names.OPEN_ALERTS, severity="high")), "short", ((None, GREEN), (1, RED))))
        .with_panel(stat_panel(
            Words("24 小时新增", "New in 24 h"),
            Words("最近 24 小时发布的新疑点；骤增时先看下方是哪条规则、哪家机构。",
                  "Alerts opened in the last 24 hours; when they surge, see below which rule and which institution."),
            Query(opened), "short", trend=False))
        .with_panel(stat_panel(
            Words("24 小时撤回", "Retracted in 24 h"),
            Words("原因已消除（退费、撤销、补传明细）而撤回的疑点；长期偏高说明规则过早报警。",
                  "Alerts whose cause was taken back; if this stays high, a rule raises them too early."),
            Query(retracted), "short", trend=False))
        .with_panel(stat_panel(
            Words("涉及基金", "Fund at risk"),
            Words("全部疑点涉及的基金，多条疑点指向同一就诊时只计一次。",
                  "Fund at risk of all open alerts; a visit that several alerts are about counts once."),
            Query(most(names.FUND_AT_RISK_DISTINCT)), YUAN))
        .with_panel(stat_panel(
            Words("数据截至", "Data up to"),
            Words("各环节已处理到的时间（取最慢者）。明显落后时，疑点也会迟到：见服务健康看板。",
                  "How far the slowest stage has come. If well behind, so are the alerts: see the service dashboard."),
            Query(f"min({names.STREAM_TIME}) * 1000"), "dateTimeAsLocal", trend=False))
    )  # fmt: skip


def _where(board: dashboard.Dashboard) -> dashboard.Dashboard:
    fund = f"topk(10, {now(names.INSTITUTION_FUND_AT_RISK, 'institution', institution=LISTED)})"
    alerts = now(names.INSTITUTION_OPEN_ALERTS, "institution")
    high = f"{now(names.INSTITUTION_OPEN_ALERTS, 'institution', severity='high')} or {alerts} * 0"
    new = grown(alerts, ago(names.INSTITUTION_OPEN_ALERTS, DAY, "institution"))
    return (
        board.with_row(dashboard.Row("在哪里 / Where"))
        .with_panel(bars_panel(
            Words("涉及基金最多的机构", "Institutions with most fund at risk"),
            Words("点击进入该机构。", "Click for the institution."),
            Query(with_name(fund), "{{name}}"), YUAN, width=12,
            link=institution_link("${__field.labels.institution}")))
        .with_panel(bars_panel(
            Words("先查谁", "Whom to inspect first"),
            Words("机构画像得分（0–1）：疑点、同病种超额费用、支出位次、指标异常综合；只排序，不定性。点击进入该机构。",
                  "Standing (0–1): findings, excess over the peers' same cases, spending, profile; it ranks, it accuses nobody. "
                  "Click for the institution."),
            Query(f"topk(10, {now(names.INSTITUTION_STANDING, 'institution')})", "{{institution}}"),
            "percentunit", width=12, link=institution_link("${__field.labels.institution}")))
        .with_panel(table_panel(
            Words("疑点最多的机构", "Institutions with most open alerts"),
            Words("新增列为 24 小时净增；其余机构合并在 other，跨机构疑点在 several。点击代码进入该机构。",
                  "New is the net growth in 24 hours; further institutions are under other, alerts across several "
                  "under several. Click the code for the institution."),
            [Query(with_name(alerts), column="疑点 / open"), Query(high, column="高 / high"),
             Query(new, column="新增 / new"),
             Query(now(names.INSTITUTION_FUND_AT_RISK, "institution"), column="涉及基金 / fund")],
            {"name": "机构 / name", "institution": "代码 / code"}, sort_by="疑点 / open", width=24,
            units={"涉及基金 / fund": YUAN},
            links={"代码 / code": institution_link("${__value.raw}")}))
    )  # fmt: skip


def _rules(board: dashboard.Dashboard) -> dashboard.Dashboard:
    by_severity = [
        Query(now(names.OPEN_ALERTS, "rule", severity=s), column=f"{label}") for s, label in _SEVERITY_COLUMNS.items()
    ]
    changed = [
        Query(increase(names.ALERTS, "rule", window=DAY, change="opened"), column="24h 新增 / new"),
        Query(increase(names.ALERTS, "rule", window=DAY, change="retracted"), column="24h 撤回 / retracted"),
    ]
    total = Query(with_title(now(names.OPEN_ALERTS, "rule")), column="疑点 / open")
    fund = Query(now(names.FUND_AT_RISK, "rule"), column="涉及基金 / fund")
    return board.with_row(dashboard.Row("哪些规则 / Which rules")).with_panel(table_panel(
        Words("各规则疑点", "Alerts by rule"),
        Words("启用的每条规则一行，新规则自动出现。同一就诊可能触发多条规则，各行基金相加会大于总额。",
              "One row for each rule that is switched on; new rules appear by themselves. Rules may accuse the same "
              "visit, so the funds of the rows add up to more than the total."),
        [total, *by_severity, *changed, fund],
        {"zh": "规则", "en": "rule", "rule": "id"}, sort_by="疑点 / open", units={"涉及基金 / fund": YUAN},
    ))  # fmt: skip


_SEVERITY_COLUMNS = {"high": "高 / high", "medium": "中 / medium", "low": "低 / low"}


def _trend(board: dashboard.Dashboard) -> dashboard.Dashboard:
    hourly = with_title(increase(names.ALERTS, "rule", window="1h", change="opened"))
    return (
        board.with_row(dashboard.Row("趋势 / Trend"))
        .with_panel(series_panel(
            Words("每小时新增", "Opened per hour"),
            Words("按规则。突然的高柱：同时看右侧等级与数据时点，历史数据补传也会集中产生疑点。",
                  "By rule. On a sudden peak look at severity and at the data's time too: loading history raises "
                  "alerts in a heap."),
            [Query(hourly, "{{zh}} {{rule}}")], "short", stacked=True, bars=True).interval("1h"))
        .with_panel(with_severities(series_panel(
            Words("未撤回疑点，按等级", "Open alerts by severity"),
            Words("持续上升说明核查跟不上或出现新手法。", "A steady rise: inspection cannot keep up, or a new scheme."),
            [Query(now(names.OPEN_ALERTS, "severity"), "{{severity}}")], "short", stacked=True)))
        .with_panel(series_panel(
            Words("未撤回疑点，按规则", "Open alerts by rule"),
            Words("哪类问题在增加。", "Which kind of problem grows."),
            [Query(with_title(now(names.OPEN_ALERTS, "rule")), "{{zh}} {{rule}}")], "short", stacked=True))
        .with_panel(series_panel(
            Words("涉及基金", "Fund at risk"),
            Words("合计（同一就诊只计一次）与各规则。", "In all (each visit once) and by rule."),
            [Query(most(names.FUND_AT_RISK_DISTINCT), "合计 / all"),
             Query(with_title(now(names.FUND_AT_RISK, "rule")), "{{zh}} {{rule}}")], YUAN))
    )  # fmt: skip


def _can_it_be_trusted(board: dashboard.Dashboard) -> dashboard.Dashboard:
    silent = or_zero(f"count({increase(names.RULE_INACTIVE, 'rule', window=DAY)} > 0)")
    return (
        board.with_row(dashboard.Row("能否相信这些数字 / Can these numbers be trusted"))
        .with_panel(stat_panel(
            Words("落后于时钟", "Behind the clock"),
            Words("最慢环节的流时间落后。超过 15 分钟：见服务健康看板。",
                  "Stream-time lag of the slowest stage. Above 15 minutes: see the service dashboard."),
            Query(most(names.STREAM_TIME_LAG)), "s", ((None, GREEN), (300, YELLOW), (900, RED))))
        .with_panel(stat_panel(
            Words("发现用时 p99", "Event to alert p99"),
            Words("交易进入 Kafka 到疑点发布，99% 在此时间内。",
                  "From a transaction's arrival in Kafka to the alert, for 99 of 100 alerts."),
            Query(quantile(0.99, names.EVENT_TO_ALERT, window="1h")), "s", ((None, GREEN), (10, YELLOW), (30, RED))))
        .with_panel(stat_panel(
            Words("24 小时交易", "Transactions in 24 h"),
            Words("为 0 或骤降：数据中断，没有疑点不代表没有问题。",
                  "At zero or far below normal the data has stopped: no alerts then means nothing."),
            Query(increase(names.TRANSACTIONS, window=DAY)), "short", trend=False))
        .with_panel(stat_panel(
            Words("24 小时死信", "Dead letters in 24 h"),
            Words("未能使用的记录，疑点可能因此遗漏：`fundwatch dead-letters list`。",
                  "Records that could not be used, so alerts may be missing: `fundwatch dead-letters list`."),
            Query(increase(names.DEAD_LETTERS, window=DAY)), "short", ((None, GREEN), (1, ORANGE), (100, RED)),
            trend=False))
        .with_panel(stat_panel(
            Words("缺资料的规则", "Rules lacking reference data"),
            Words("24 小时内因缺少机构、人员或目录资料而有未判断的规则数；补充资料后自动恢复。",
                  "Rules that left questions unanswered for lack of reference data; load it and they answer again."),
            Query(silent), "short", ((None, GREEN), (1, ORANGE)), trend=False))
        .with_panel(stat_panel(
            Words("预热中的模型", "Models warming up"),
            Words("历史尚短、还不能判断的在线模型；此期间该项目不会报警。",
                  "Online models with too little history to judge; what they watch raises no alert yet."),
            Query(now(names.MODELS_WARMING_UP)), "short", trend=False))
    )  # fmt: skip
