"""Which metrics are there, in what unit, with which labels, and how are they added up over several workers?

The one list of them. The registry (`stream.metrics`), the dashboards, the Prometheus rules and docs/metrics.md are
made from it, so a metric that is renamed here either moves everywhere or fails at import. Label sets are closed: a
value outside its set is counted under `other`, and an entity is never a label, but for the institutions with the most
open alerts.
"""

from __future__ import annotations

from typing import Literal

import msgspec

NAMESPACE = "fundwatch"
OTHER = "other"
SEVERAL = "several"
SEVERITIES = ("high", "medium", "low")
CHANGES = ("opened", "revised", "retracted")
FLUSH_STEPS = ("publish", "state", "acknowledge")
READ_RESULTS = ("hit", "miss")
INSTITUTION_CAP = 50

# Up to 10 s the steps double, because that is where an operator can tell good from bad; beyond, only "minutes" matters.
LATENCY_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0)
FLUSH_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0)
BATCH_BUCKETS = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1000.0)

LABELS: dict[str, str] = {
    "rule": "the rules that are switched on",
    "infno": "the transactions of the interface, `other` for unknown ones",
    "stage": "the keyed stages",
    "reason": "the reasons the code can give, `other` for unknown ones",
    "severity": "high, medium, low",
    "change": "opened, revised, retracted",
    "step": "publish, state, acknowledge",
    "result": "hit, miss",
    "partition": "the partitions assigned to the worker; gone when they are revoked",
    "topic": "the topics the worker reads",
    "institution": f"institution codes, at most {INSTITUTION_CAP}, the rest `other`; `several` if it names none",
    "name": "the name of a listed institution, at most 40 characters",
    "zh": "the rule's Chinese title",
    "en": "the rule's English title",
    "version": "the version of fundwatch",
    "python": "the version of Python",
}


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """One metric; `str()` gives its full name, so that queries are written by reference.

    `across` says how the series of several workers are brought together: what each worker counts of its own work is a
    `sum`; what every worker reads from the whole alerts topic is the same everywhere, and times are no amounts: `max`.
    """

    what: str
    kind: Literal["counter", "gauge", "histogram"]
    zh: str
    en: str
    unit: str
    labels: tuple[str, ...] = ()
    buckets: tuple[float, ...] = ()
    across: Literal["sum", "max"] = "sum"

    @property
    def name(self) -> str:
        """The name Prometheus knows, suffix included."""
        return f"{NAMESPACE}_{self.what}"

    def __str__(self) -> str:
        return self.name


# fmt: off
TRANSACTIONS = Metric(
    what="transactions_total", kind="counter", unit="transactions", labels=("infno",),
    zh="已处理的交易数，按交易编号",
    en="Transactions applied, by transaction code",
)
DECODE_FAILURES = Metric(
    what="decode_failures_total", kind="counter", unit="records", labels=("reason",),
    zh="无法解析的报文数",
    en="Records that could not be decoded",
)
DEAD_LETTERS = Metric(
    what="dead_letters_total", kind="counter", unit="records", labels=("stage", "reason"),
    zh="转入死信的记录数",
    en="Records parked in the dead letters",
)
BATCH_RECORDS = Metric(
    what="batch_records", kind="histogram", unit="records", labels=("stage",), buckets=BATCH_BUCKETS,
    zh="每批记录数；其和为该环节处理的记录总数",
    en="Records in a batch; its sum is what the stage has processed",
)
EVENT_TO_ALERT = Metric(
    what="event_to_alert_seconds", kind="histogram", unit="seconds", buckets=LATENCY_BUCKETS,
    zh="从交易进入 Kafka 到疑点发布的时间",
    en="From the record's Kafka timestamp to the publication of the alert",
)
STREAM_TIME = Metric(
    what="stream_time_seconds", kind="gauge", unit="seconds since 1970", labels=("stage", "partition"), across="max",
    zh="流时间（已见交易的最大 inf_time，下游为水位）",
    en="Stream time: the largest inf_time seen; downstream, the watermark",
)
STREAM_TIME_LAG = Metric(
    what="stream_time_lag_seconds", kind="gauge", unit="seconds", labels=("stage", "partition"), across="max",
    zh="流时间落后于时钟的秒数（抓取时计算）",
    en="How far stream time is behind the wall clock, computed at the scrape",
)
CONSUMER_LAG = Metric(
    what="consumer_lag_records", kind="gauge", unit="records", labels=("topic", "partition"),
    zh="尚未处理的记录数",
    en="Records in the topic that are not yet processed",
)
STATE_KEYS = Metric(
    what="state_keys", kind="gauge", unit="pages", labels=("stage",),
    zh="状态页数",
    en="Pages of state that the stage keeps",
)
STATE_BYTES = Metric(
    what="state_bytes", kind="gauge", unit="bytes", labels=("stage",),
    zh="状态占用的磁盘字节数",
    en="Bytes on disk of the state that the stage keeps",
)
PAGE_READS = Metric(
    what="page_reads_total", kind="counter", unit="reads", labels=("stage", "result"),
    zh="状态页读取次数，命中或未命中已解码缓存",
    en="Reads of state pages that hit or missed the cache of decoded pages",
)
RULE_SECONDS = Metric(
    what="rule_seconds_total", kind="counter", unit="seconds", labels=("rule",),
    zh="各规则所用的计算时间",
    en="Time spent in a rule's questions",
)
RULE_QUESTIONS = Metric(
    what="rule_questions_total", kind="counter", unit="questions", labels=("rule",),
    zh="各规则被询问的次数",
    en="Questions put to a rule",
)
RULE_INACTIVE = Metric(
    what="rule_inactive_total", kind="counter", unit="questions", labels=("rule", "reason"),
    zh="因缺少基础资料而未判断的次数",
    en="Questions a rule left unanswered for lack of reference data",
)
RULE_INFO = Metric(
    what="rule_info", kind="gauge", unit="1", labels=("rule", "zh", "en"), across="max",
    zh="规则的中英文名称",
    en="The titles of a rule",
)
MODELS = Metric(
    what="models", kind="gauge", unit="models", labels=("rule",),
    zh="在线模型数",
    en="Online models kept for a rule",
)
MODELS_WARMING_UP = Metric(
    what="models_warming_up", kind="gauge", unit="models", labels=("rule",),
    zh="尚在预热、还不能判断的模型数",
    en="Online models that have not yet seen enough to judge",
)
MODEL_DAYS = Metric(
    what="model_days_total", kind="counter", unit="days", labels=("rule",),
    zh="模型学习并评判过的日数",
    en="Days that online models have judged and learned",
)
MODEL_DAYS_ABOVE = Metric(
    what="model_days_above_total", kind="counter", unit="days", labels=("rule",),
    zh="其中高于模型预期区间的日数；占比持续上升说明模型已偏离实际",
    en="Those that lay above the band their model expected; a share that keeps rising says that models no longer fit",
)
PAGES_TO_ASK_AGAIN = Metric(
    what="pages_to_ask_again", kind="gauge", unit="pages", labels=("stage",),
    zh="规则变更后尚待重新询问的状态页数；0 表示全部按现行规则判断",
    en="Pages still to be asked again after a change of rules; 0 where all are judged by the rules as they are",
)
LATE_FACTS = Metric(
    what="late_facts_not_learned_total", kind="counter", unit="facts", labels=("rule",),
    zh="迟到而未被模型学习的记录数",
    en="Facts that came after their day was closed and were not learned",
)
ALERTS = Metric(
    what="alerts_total", kind="counter", unit="alerts", labels=("rule", "severity", "change"),
    zh="发布的疑点变更：新增、修订、撤回",
    en="Alert revisions published: opened, revised, retracted",
)
OPEN_ALERTS = Metric(
    what="open_alerts", kind="gauge", unit="alerts", labels=("rule", "severity"), across="max",
    zh="当前未撤回的疑点数",
    en="Alerts that stand open",
)
FUND_AT_RISK = Metric(
    what="fund_at_risk_yuan", kind="gauge", unit="yuan", labels=("rule",), across="max",
    zh="各规则疑点涉及的基金，同一就诊在一条规则内只计一次",
    en="Fund at risk of a rule's open alerts, each visit once within the rule",
)
FUND_AT_RISK_DISTINCT = Metric(
    what="fund_at_risk_distinct_yuan", kind="gauge", unit="yuan", across="max",
    zh="全部疑点涉及的基金，同一就诊只计一次",
    en="Fund at risk of all open alerts, each visit counted once",
)
INSTITUTION_OPEN_ALERTS = Metric(
    what="institution_open_alerts", kind="gauge", unit="alerts", labels=("institution", "rule", "severity"),
    across="max",
    zh="各机构未撤回的疑点数（仅列疑点最多的机构）",
    en="Open alerts of an institution (those with the most; the rest under other)",
)
INSTITUTION_FUND_AT_RISK = Metric(
    what="institution_fund_at_risk_yuan", kind="gauge", unit="yuan", labels=("institution",), across="max",
    zh="各机构疑点涉及的基金，同一就诊只计一次",
    en="Fund at risk of an institution's open alerts, each visit counted once",
)
INSTITUTION_STANDING = Metric(
    what="institution_standing", kind="gauge", unit="0–1", labels=("institution",), across="max",
    zh="机构画像得分最高的机构：疑点、同病种超额费用、支出位次与指标异常综合，0 至 1，用于安排先查谁",
    en="Standing of the institutions that stand out most (findings, excess over peers, spending, profile): whom to inspect first",
)
INSTITUTION_INFO = Metric(
    what="institution_info", kind="gauge", unit="1", labels=("institution", "name"), across="max",
    zh="所列机构的名称",
    en="The names of the listed institutions",
)
UNMATCHED_CORRECTIONS = Metric(
    what="unmatched_corrections_total", kind="counter", unit="transactions", labels=("infno",),
    zh="找不到原业务的撤销或冲正",
    en="Corrections whose original was never seen",
)
CLOCK_JUMPS = Metric(
    what="clock_jumps_refused_total", kind="counter", unit="transactions", labels=("institution",),
    zh="时钟异常、未予推进流时间的交易（机构按出现先后）",
    en="Transactions not allowed to move stream time; institutions as they first appear",
)
FLUSH_SECONDS = Metric(
    what="flush_seconds", kind="histogram", unit="seconds", labels=("step",), buckets=FLUSH_BUCKETS,
    zh="每次提交各步骤用时",
    en="Time of each step of a flush",
)
RESTORE_SECONDS = Metric(
    what="restore_seconds", kind="gauge", unit="seconds", labels=("stage",), across="max",
    zh="最近一次恢复状态的用时",
    en="Time the last restore of the stage's state took",
)
RESTORED_KEYS = Metric(
    what="restored_keys", kind="gauge", unit="pages", labels=("stage",),
    zh="最近一次恢复状态后的页数",
    en="Pages the stage had when its state was restored last",
)
RESTORED_RECORDS = Metric(
    what="restored_records", kind="gauge", unit="records", labels=("stage",),
    zh="最近一次恢复状态所读取的变更日志记录数（只读尾部或全部重读）",
    en="Changelog records that the last restore of the stage's state read: the tail, or everything",
)
BUILD_INFO = Metric(
    what="build_info", kind="gauge", unit="1", labels=("version", "python"), across="max",
    zh="版本",
    en="Version of fundwatch and of Python",
)
STARTED = Metric(
    what="worker_started_timestamp_seconds", kind="gauge", unit="seconds since 1970", across="max",
    zh="工作进程启动时刻",
    en="When the worker started",
)
# fmt: on

CATALOGUE: tuple[Metric, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Metric))

# prometheus_client's process collector, and what Prometheus itself says about a target.
FOREIGN = ("process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "up")


def series_names(metric: Metric) -> tuple[str, ...]:
    """The names under which Prometheus stores the metric: a histogram has three."""
    if metric.kind == "histogram":
        return tuple(f"{metric.name}_{part}" for part in ("bucket", "sum", "count"))
    return (metric.name,)


def as_markdown() -> str:
    """The catalogue as the table of docs/metrics.md."""
    rows = [
        f"| `{m.name}` | {m.kind} | {m.unit} | {', '.join(f'`{label}`' for label in m.labels) or '–'} "
        f"| {m.across} | {m.zh} | {m.en} |"
        for m in CATALOGUE
    ]
    labels = [f"| `{label}` | {meaning} |" for label, meaning in LABELS.items()]
    return "\n".join([_HEAD, *rows, _LABELS_HEAD, *labels, _FOOT])


_HEAD = """# Metrics

Written by `python -m dashboards build` from `stream/metric_catalogue.py`; change it there.

| metric | kind | unit | labels | over workers | 含义 | meaning |
|---|---|---|---|---|---|---|"""

_LABELS_HEAD = """
*Over workers*: `sum` for what each worker counts of its own work; `max` for what every worker reads from the whole
alerts topic and shows alike, and for times. Every counter of a closed set starts at 0, so that `increase()` sees its
first event.

## Labels

| label | values |
|---|---|"""

_FOOT = """
A value outside its set is counted under `other`. No person, visit or alert is ever a label.

## Fund at risk

An alert says one amount for all its visits. It is split evenly over them (an alert without visits keeps it whole), and
a visit that several open alerts share counts once, at the largest of its shares. So the total never exceeds the plain
sum, never falls below the largest single alert, and does not depend on the order in which alerts came. Where the
visits of an alert differ much in cost, the even split can count too much, at most the difference; the alert itself
holds the exact amount.

Also exported, as every Prometheus client does: `process_resident_memory_bytes`, `process_cpu_seconds_total`,
`process_open_fds` …
"""
