"""One institution: what is it accused of, how much money, since when, and how does it stand among the others?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, text
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.text import TextMode

from dashboards.frame import INSTITUTION_UID, framed
from dashboards.panels import (
    BLUE,
    DATASOURCE,
    GREEN,
    ORANGE,
    RED,
    YUAN,
    Query,
    Words,
    bars_panel,
    series_panel,
    stat_panel,
    table_panel,
    with_severities,
)
from dashboards.promql import LISTED, ago, each, grown, increase_with_newcomers, now, or_zero, with_name, with_title
from stream import metric_catalogue as names

DAY = "24h"
WEEK = "7d"
CHOSEN = "$institution"
_OPEN = names.INSTITUTION_OPEN_ALERTS
_FUND = names.INSTITUTION_FUND_AT_RISK


def institution() -> dashboard.Dashboard:
    """The institution is a variable; those with the most open alerts can be chosen."""
    choice = (
        dashboard.QueryVariable("institution")
        .label("机构 / institution")
        .description(f"疑点最多的 {names.INSTITUTION_CAP} 家 / the {names.INSTITUTION_CAP} with the most open alerts")
        .datasource(DATASOURCE)
        .query(f"label_values({names.INSTITUTION_INFO}, institution)")
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
    )
    board = framed(INSTITUTION_UID, Words("单个机构", "One institution"), refresh="1m", since="now-30d")
    for row in (_at_a_glance, _by_rule, _trend, _among_the_others):
        board = row(board)
    return board.with_variable(choice)


def _at_a_glance(board: dashboard.Dashboard) -> dashboard.Dashboard:
    mine = now(_FUND, institution=CHOSEN)
    rank = f"{or_zero(f'count({each(_FUND, institution=LISTED)} > scalar({mine}))')} + 1"
    return (
        board.with_row(dashboard.Row("现在 / Now"))
        .with_panel(stat_panel(
            Words("机构", "Institution"),
            Words("从左上角选择。other 为未单列的机构合计，several 为跨机构的疑点。",
                  "Choose at the top left. other: all that are not listed; several: alerts across institutions."),
            Query(each(names.INSTITUTION_INFO, institution=CHOSEN), "{{name}}"), "short", trend=False))
        .with_panel(stat_panel(
            Words("未撤回疑点", "Open alerts"),
            Words("疑点是线索，不是结论。", "An alert is a clue, not a verdict."),
            Query(now(_OPEN, institution=CHOSEN)), "short"))
        .with_panel(stat_panel(
            Words("其中高等级", "Of these high"),
            Words("先核查这些；挂床类疑点宜夜间现场查房。",
                  "Check these first; bed-holding is best checked on the ward, at night."),
            Query(or_zero(now(_OPEN, institution=CHOSEN, severity="high"))), "short", ((None, GREEN), (1, RED))))
        .with_panel(stat_panel(
            Words("涉及基金", "Fund at risk"),
            Words("同一就诊只计一次。", "Each visit counts once."),
            Query(mine), YUAN))
        .with_panel(stat_panel(
            Words("涉及基金名次", "Rank by fund at risk"),
            Words("在所列机构中，1 为最多。", "Among the listed institutions, 1 is the most."),
            Query(rank), "short", ((None, RED), (4, ORANGE), (11, BLUE)), trend=False))
        .with_panel(stat_panel(
            Words("占全部涉及基金", "Share of all fund at risk"),
            Words("该机构占全部疑点涉及基金的比例。",
                  "This institution's part of the fund at risk of all open alerts."),
            Query(f"{mine} / {now(_FUND)}"), "percentunit"))
    )  # fmt: skip


def _by_rule(board: dashboard.Dashboard) -> dashboard.Dashboard:
    current = now(_OPEN, "rule", institution=CHOSEN)
    columns = [
        Query(with_title(current), column="疑点 / open"),
        Query(grown(current, ago(_OPEN, DAY, "rule", institution=CHOSEN)), column="24h 新增 / new"),
        Query(grown(current, ago(_OPEN, WEEK, "rule", institution=CHOSEN)), column="7d 新增 / new"),
        Query(f"{current} / on (rule) {now(_OPEN, 'rule')}", column="占该规则 / share of rule"),
    ]
    return (
        board.with_row(dashboard.Row("哪些问题 / What it is about"))
        .with_panel(table_panel(
            Words("各规则疑点", "Alerts by rule"),
            Words("占该规则：全县这条规则的疑点有多大比例出自该机构；高而规模小的机构最值得看。",
                  "Share of rule: which part of all alerts of the rule this institution has; a small one with a "
                  "large share is worth a visit."),
            columns, {"zh": "规则", "en": "rule", "rule": "id"}, sort_by="疑点 / open", width=16,
            units={"占该规则 / share of rule": "percentunit"}))
        .with_panel(text.Panel().title("怎么办 / What to do").mode(TextMode.MARKDOWN).content(_WHAT_TO_DO)
                    .span(8).height(10))
    )  # fmt: skip


_WHAT_TO_DO = """\
逐条疑点及证据（交易、就诊、金额、依据）：

```
fundwatch alerts list --lang zh
fundwatch alerts show <alert_id>
```

疑点 → 初审 → 复审 → 申诉 → 终审。核查结论写入 `fund.verdicts`。

*Each alert with its evidence: the same commands with `--lang en`. What inspectors decide goes to `fund.verdicts`.*
"""


def _trend(board: dashboard.Dashboard) -> dashboard.Dashboard:
    return (
        board.with_row(dashboard.Row("趋势 / Trend"))
        .with_panel(series_panel(
            Words("未撤回疑点，按规则", "Open alerts by rule"),
            Words("从何时开始，是否仍在增加。", "Since when, and does it go on?"),
            [Query(with_title(now(_OPEN, "rule", institution=CHOSEN)), "{{zh}} {{rule}}")], "short", stacked=True))
        .with_panel(with_severities(series_panel(
            Words("未撤回疑点，按等级", "Open alerts by severity"),
            Words("等级随证据增加而上升。", "Severity rises with the evidence."),
            [Query(now(_OPEN, "severity", institution=CHOSEN), "{{severity}}")], "short", stacked=True)))
        .with_panel(series_panel(
            Words("涉及基金", "Fund at risk"),
            Words("同一就诊只计一次。", "Each visit counts once."),
            [Query(now(_FUND, institution=CHOSEN), "涉及基金 / fund at risk")], YUAN, width=24))
    )  # fmt: skip


def _among_the_others(board: dashboard.Dashboard) -> dashboard.Dashboard:
    jumps = f"topk(20, {increase_with_newcomers(names.CLOCK_JUMPS, 'institution', window=WEEK)})"
    return (
        board.with_row(dashboard.Row("与其他机构相比 / Among the others"))
        .with_panel(bars_panel(
            Words("疑点最多的 20 家", "The 20 with most open alerts"),
            Words("该机构是否突出。", "Does this one stand out?"),
            Query(with_name(f"topk(20, {now(_OPEN, 'institution')})"), "{{name}}"), "short"))
        .with_panel(bars_panel(
            Words("7 天内时钟异常的机构", "Institutions with a wrong clock in 7 days"),
            Words("上传时间不可信的机构：先通知其校时，再看依赖时间的疑点。",
                  "Their times cannot be trusted: have the clock mended before judging alerts that depend on time."),
            Query(jumps, "{{institution}}"), "short"))
    )  # fmt: skip
