"""Row of the service dashboard: what could not be used, and why?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard, timeseries

from dashboards.panels import Query, Words, series_panel
from dashboards.promql import increase_with_newcomers
from stream import metric_catalogue as names


def losses(board: dashboard.Dashboard) -> dashboard.Dashboard:
    """Records that led to nothing, by why."""
    return (
        board.with_row(dashboard.Row("未能使用的数据 / What could not be used"))
        .with_panel(_counts("死信，按原因", "Dead letters by reason",
            Words("原因全为同一种且量大：多半是我们或上游改了格式。",
                  "Many of one reason: the format has changed, on their side or ours."), names.DEAD_LETTERS, "reason"))
        .with_panel(_counts("死信，按环节", "Dead letters by stage",
            Words("decode 之后的环节出现死信是程序缺陷，请报告。",
                  "Dead letters of a stage after decode are a defect of the program: report them."),
            names.DEAD_LETTERS, "stage"))
        .with_panel(_counts("无法解析，按原因", "Decode failures by reason",
            Words("见 `fundwatch dead-letters show`。",
                  "See `fundwatch dead-letters show`."), names.DECODE_FAILURES, "reason"))
        .with_panel(_counts("找不到原业务的撤销", "Corrections without an original",
            Words("少量正常（历史未载入）；突增：上游丢失了原业务。",
                  "A few are normal (history not loaded); a surge: the source lost the originals."),
            names.UNMATCHED_CORRECTIONS, "infno"))
        .with_panel(_counts("时钟异常", "Clock jumps refused",
            Words("这些机构的时钟需要校正。",
                  "The clocks of these institutions need mending."), names.CLOCK_JUMPS, "institution"))
        .with_panel(_counts("迟到未学习", "Late facts not learned",
            Words("当日已关闭后才到的数据；偏高：上传普遍拖延，用量基线会偏低。",
                  "Came after its day was closed; if high, uploads are late and volume baselines too low."),
            names.LATE_FACTS, "rule"))
    )  # fmt: skip


def _counts(zh: str, en: str, about: Words, metric: names.Metric, by: str) -> timeseries.Panel:
    query = Query(f"topk(10, {increase_with_newcomers(metric, by, window='10m')})", f"{{{{{by}}}}}")
    return series_panel(Words(f"{zh}（10 分钟）", f"{en} (10 min)"), about, [query], "short", width=8)
