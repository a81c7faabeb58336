"""Rows of the service dashboard: what do state, rules and the process itself cost?"""

from __future__ import annotations

from grafana_foundation_sdk.builders import dashboard

from dashboards.panels import Query, Words, series_panel, table_panel
from dashboards.promql import RATE, each, increase, now, per_second, with_title
from stream import metric_catalogue as names


def state(board: dashboard.Dashboard) -> dashboard.Dashboard:
    """What is kept, and how often it has to be decoded again."""
    hits = per_second(names.PAGE_READS, "stage", result="hit")
    return (
        board.with_row(dashboard.Row("状态 / State"))
        .with_panel(series_panel(
            Words("状态页数", "State pages"),
            Words("应随在院与观察期稳定；一直上升：超期页面没有清除。",
                  "Level, as pages go when their horizon passes; if it only rises they do not."),
            [Query(now(names.STATE_KEYS, "stage"), "{{stage}}")], "short", width=8))
        .with_panel(series_panel(
            Words("状态字节", "State bytes"),
            Words("与页数同步；单独上升：页面变大，某个窗口过宽。",
                  "Goes with the pages; if it rises alone, pages grow: a window is too wide."),
            [Query(now(names.STATE_BYTES, "stage"), "{{stage}}")], "bytes", width=8))
        .with_panel(series_panel(
            Words("已解码页缓存命中率", "Cache hits of decoded pages"),
            Words("低于 0.8 且吞吐下降：加大缓存。", "Below 0.8 with falling throughput: enlarge the cache."),
            [Query(f"{hits} / {per_second(names.PAGE_READS, 'stage')}", "{{stage}}")], "percentunit", width=8))
        .with_panel(table_panel(
            Words("最近一次恢复", "Last restore"),
            Words("重启或再均衡后恢复状态的用时、页数与读取记录数；数据目录仍在时只读尾部，全部重读的原因见日志。",
                  "Time, pages and records read; with its data folder only the tail, why everything is in the log."),
            [Query(each(names.RESTORE_SECONDS), column="用时 / time"),
             Query(each(names.RESTORED_KEYS), column="页数 / pages"),
             Query(each(names.RESTORED_RECORDS), column="读取记录 / records")],
            {"stage": "环节 / stage"}, sort_by="用时 / time", units={"用时 / time": "s"}))
    )  # fmt: skip


def rules(board: dashboard.Dashboard) -> dashboard.Dashboard:
    """Every rule that is switched on, by what it costs and whether it can judge."""
    busy = per_second(names.RULE_SECONDS, "rule")
    each_question = f"{busy} / {per_second(names.RULE_QUESTIONS, 'rule')}"
    above, judged = (increase(one, "rule", window="7d") for one in (names.MODEL_DAYS_ABOVE, names.MODEL_DAYS))
    alerting = f"{now(names.OPEN_ALERTS, 'rule')} / {now(names.MODELS, 'rule')}"
    columns = [
        Query(with_title(now(names.MODELS, "rule")), column="模型 / models"),
        Query(now(names.MODELS_WARMING_UP, "rule"), column="预热中 / warming up"),
        Query(f"({alerting})", column="报警占比 / alerting"),
        Query(increase(names.RULE_INACTIVE, "rule", window="24h"), column="24h 缺资料 / inactive"),
        Query(increase(names.RULE_QUESTIONS, "rule", window="24h"), column="24h 询问 / questions"),
    ]
    return (
        board.with_row(dashboard.Row("规则 / Rules"))
        .with_panel(series_panel(
            Words("规则占用的处理器", "Processor share of each rule"),
            Words("1 为一个核心占满。", "1 is one core in full use."),
            [Query(with_title(busy), "{{zh}} {{rule}}")], "percentunit", stacked=True, width=8))
        .with_panel(series_panel(
            Words("每次询问用时", "Time per question"),
            Words("某条规则单独变慢：它所看的页面变大了。",
                  "One rule alone gets slower: the pages it reads have grown."),
            [Query(with_title(f"({each_question})"), "{{zh}} {{rule}}")], "s", width=8))
        .with_panel(series_panel(
            Words("模型是否仍符合实际", "Do the models still fit"),
            Words("一周内高于模型预期区间的日数占比，平常约 5%；持续上升说明模型已偏离实际（漂移）。",
                  "Share of a week's days above what was expected: some 5 % while models fit; if it keeps rising, drift."),
            [Query(with_title(f"({above} / {judged})"), "{{zh}} {{rule}}")], "percentunit", width=8))
        .with_panel(table_panel(
            Words("规则能否判断", "Can the rules judge"),
            Words("缺资料：载入机构、人员或目录资料；预热中：等待历史积累。",
                  "Inactive: load institutions, persons or the catalogue. Warming up: history has to grow."),
            columns, {"zh": "规则", "en": "rule", "rule": "id"}, sort_by="24h 缺资料 / inactive",
            units={"报警占比 / alerting": "percentunit"}, width=16))
        .with_panel(series_panel(
            Words("规则变更后待重新询问", "To be asked again after a change of rules"),
            Words("改动参数或启停规则后升起，随交易到来回落至 0；此前新旧规则并存。",
                  "Rises when rules change and falls to 0 as records come; until then both judge side by side."),
            [Query(now(names.PAGES_TO_ASK_AGAIN, "stage"), "{{stage}}")], "short", width=8))
    )  # fmt: skip


def process(board: dashboard.Dashboard) -> dashboard.Dashboard:
    """The worker processes as the system sees them."""
    running = f"time() - {names.STARTED}"
    ours = f"and on (instance) {names.BUILD_INFO}"
    return (
        board.with_row(dashboard.Row("进程 / Process"))
        .with_panel(series_panel(
            Words("内存", "Memory"),
            Words("缓慢持续上升为泄漏；请附此图报告。", "A slow steady rise is a leak; report it with this graph."),
            [Query(f"process_resident_memory_bytes {ours}", "{{instance}}")], "bytes", width=8))
        .with_panel(series_panel(
            Words("处理器", "Processor"),
            Words("接近 1：该进程已饱和，增加工作进程。", "Near 1 the worker is saturated: add workers."),
            [Query(f"rate(process_cpu_seconds_total[{RATE}]) {ours}", "{{instance}}")],
            "percentunit", width=8))
        .with_panel(series_panel(
            Words("运行时长", "Uptime"),
            Words("锯齿状：进程反复重启，见其日志。", "A saw-tooth: workers restart again and again; read their logs."),
            [Query(running, "{{instance}}")], "s", width=8))
        .with_panel(table_panel(
            Words("版本", "Versions"),
            Words("滚动升级后应只剩一个版本。", "After a rolling upgrade only one should remain."),
            [Query(f"count by (version, python) ({names.BUILD_INFO})", column="进程数 / workers")],
            {"version": "版本 / version", "python": "Python"}, sort_by="进程数 / workers", units={}))
    )  # fmt: skip
