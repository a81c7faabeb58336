"""What came of a backtest? All that ``--json`` writes and the report shows (commands.md).

Money in fen, times ``yyyy-MM-dd HH:mm:ss`` China time, days ``yyyy-MM-dd``, shares from 0 to 1. What was not asked for, or cannot
be said (no labels, nothing alerted), is null and never 0. "Alerts" are those whose newest revision is open.
"""

from __future__ import annotations

import msgspec

from schemas.alerts import Alert, Text
from stream.visit_courses import Course

Value = bool | int | float | str
Settings = dict[str, dict[str, Value | list[Value] | None]]  # rule: {parameter: value}


class Interval(msgspec.Struct, frozen=True):
    """The 95 % confidence interval of a share (Wilson's, which holds for few and for none)."""

    low: float
    high: float


class Verdicts(msgspec.Struct, kw_only=True):
    """What inspectors have said of a rule's alerts. ``precision``: confirmed of those that were confirmed or rejected."""

    confirmed: int
    rejected: int
    undecided: int  # a word that decides nothing yet (under review, appealed)
    unjudged: int  # no word at all
    precision: float | None
    precision_interval: Interval | None


class RuleResult(msgspec.Struct, kw_only=True):
    """One rule. ``hits``: alerts that hit a label; ``found``: labels that were hit.

    Delay: the first hitting alert's ``raised_at`` − the label's ``begin``. In time: raised before the label's ``end``.
    """

    title: Text
    labels: int | None
    alerts: int
    retracted: int
    hits: int | None
    found: int | None
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None
    delay_hours_median: float | None
    delay_hours: list[float]  # of every label that was found, ascending
    in_time_share: float | None
    in_time_interval: Interval | None
    fund_at_risk: int  # a visit that several alerts share counts once
    alerts_a_day: float | None
    severities: dict[str, int]
    verdicts: Verdicts | None = None


class InstitutionResult(msgspec.Struct, kw_only=True):
    """One institution. ``standing``: 机构画像, 0–1, and the ``parts`` that it is made of; null where none was computed."""

    name: str | None
    alerts: int
    fund_at_risk: int
    rules: dict[str, int]  # alerts by rule
    standing: float | None = None
    parts: dict[str, float] | None = None


class SweepPoint(msgspec.Struct, kw_only=True):
    """A rule with one value of one parameter, everything else as in the run."""

    rule: str
    parameter: str
    value: Value
    is_current: bool  # the value that the run itself has
    labels: int | None
    alerts: int
    retracted: int
    hits: int | None
    found: int | None
    precision: float | None
    precision_interval: Interval | None
    recall: float | None
    recall_interval: Interval | None
    delay_hours_median: float | None
    in_time_share: float | None
    alerts_a_day: float | None
    fund_at_risk: int


class Suggestion(msgspec.Struct, kw_only=True):
    """A value of a swept parameter with what it costs and brings against the present one; ``value`` null: none is better."""

    rule: str
    parameter: str
    unit: str
    current: Value | None
    value: Value | None
    words: Text


class DayLoad(msgspec.Struct, kw_only=True):
    """How many alerts were raised on each of `Result.days`, by rule; as many numbers as there are days."""

    rule: str
    alerts: list[int]


class Place(msgspec.Struct, kw_only=True):
    """An alert, as a row of a table or an example. ``label``: index of the label that it hits; ``verdict``: the newest word."""

    alert_id: str
    rule: str
    severity: str
    score: float
    institution: str
    institution_name: str | None
    persons: list[str]
    visits: list[str]
    household: str | None
    item: str | None
    begin: str
    end: str | None
    raised_at: str
    fund_at_risk: int
    text: Text
    is_hit: bool | None  # null where there are no labels of its rule
    label: int | None = None
    verdict: str | None = None
    case: int | None = None  # index into `Result.cases`, where its story is there


class LabelResult(msgspec.Struct, kw_only=True):
    """A label that counts, and what was made of it."""

    pattern: str
    institution: str | None
    persons: list[str]
    visits: list[str]
    household: str | None
    item: str | None
    begin: str
    end: str | None
    found_by: str | None  # alert_id of the first that hits it
    raised_at: str | None
    delay_hours: float | None
    in_time: bool | None


class Case(msgspec.Struct, kw_only=True):
    """One alert whole, with the courses of its visits side by side; what was measured over time is in ``alert.series``.

    ``kind``: ``hit``, ``unlabelled`` (no label, or none that it hits), ``gained``, ``lost``, ``moved``, ``missed`` (a label
    without alert: ``alert`` is null).
    """

    kind: str
    rule: str
    alert: Alert | None
    label: int | None  # index into `Result.labels`
    stays: list[Course]


class Moved(msgspec.Struct, kw_only=True):
    """An alert of the baseline and the candidate's that is about the same; ``by``: how they were matched."""

    by: str  # id, visit, person (institution and person)
    before: Place
    after: Place
    raised_later_hours: float  # of the candidate; negative: it is earlier
    fund_change: int


class RuleComparison(msgspec.Struct, kw_only=True):
    """A rule with the baseline's and with the candidate's settings. ``same``: id, raised_at, severity and money are equal."""

    rule: str
    title: Text
    changed: dict[str, list[Value | list[Value] | None]]  # parameter: [baseline, candidate]; empty: they ask alike
    runs: list[bool]  # whether the rule runs in [baseline, candidate]
    before: int
    after: int
    same: int
    gained: int
    lost: int
    moved: int
    fund_before: int
    fund_after: int
    earlier: int  # of those moved
    later: int
    raised_later_hours_median: float | None  # over same and moved
    before_scores: SweepPoint | None  # against labels: precision, recall, delay of the baseline …
    after_scores: SweepPoint | None  # … and of the candidate
    gained_examples: list[Place]
    lost_examples: list[Place]
    moved_examples: list[Moved]


class InstitutionComparison(msgspec.Struct, kw_only=True):
    """An institution with the baseline's and with the candidate's settings."""

    name: str | None
    before: int
    after: int
    gained: int
    lost: int
    moved: int
    fund_before: int
    fund_after: int


class Comparison(msgspec.Struct, kw_only=True):
    """What the candidate (``--rules``, ``--set``) says otherwise than the baseline (``--baseline``)."""

    baseline: str  # the file's name
    rules: dict[str, RuleComparison]
    institutions: dict[str, InstitutionComparison]  # only where something differs
    fund_before: int
    fund_after: int


class Window(msgspec.Struct, kw_only=True):
    """What of the history counted. Alerts raised before ``start`` are left out; history before it is warm-up."""

    start: str | None  # --from
    end: str | None  # --until
    warm_up_from: str | None  # before that nothing was read
    first: str | None  # stream time that the run began and ended at
    last: str | None
    days: float | None  # of the part that counts


class Source(msgspec.Struct, kw_only=True):
    """Where history came from, and what of it was not there."""

    name: str
    transactions: int
    notes: list[str]


class Result(msgspec.Struct, kw_only=True):
    """A backtest's result; the first eleven names are those that others rely on."""

    transactions: int
    seconds: float
    per_second: int
    peak_rss_bytes: int
    alerts: dict[str, int]
    retracted: dict[str, int]
    dead_letters: dict[str, int]
    unmatched_corrections: dict[str, int]
    rules: dict[str, RuleResult]
    institutions: dict[str, InstitutionResult]
    sweeps: list[SweepPoint]
    suggestions: list[Suggestion]
    comparison: Comparison | None
    window: Window
    sources: list[Source]
    days: list[str]  # every day of the part that counts
    load: list[DayLoad]
    fund_at_risk: int
    labels: list[LabelResult] | None  # null: none were given
    labels_outside: dict[str, int]  # reason: labels that do not count (before the window, after it, rule not run)
    verdicts_outside: dict[str, int]
    places: list[Place]  # every alert, by rule and raised_at; see `places_left_out`
    places_left_out: int
    cases: list[Case]
    settings: Settings
    command: str
    versions: dict[str, str]
    jobs: int
    is_partial: bool  # stopped before the history's end: what is here counts up to `window.last`
    notes: list[str]


def encode(result: Result) -> bytes:
    """UTF-8 JSON, indented."""
    return msgspec.json.format(msgspec.json.encode(result), indent=2) + b"\n"


def decode(value: bytes) -> Result:
    """What `encode` wrote."""
    return msgspec.json.decode(value, type=Result)
