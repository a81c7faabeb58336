"""Does what a rule sees now differ from what stands? Opened, revised, retracted: decided here, once, for all rules.

`Examiner.review` asks every rule about every anchor of a touched page, and about what stands open there, and turns
differences into alerts. Ids are made from rule, version, page and anchor alone, so the same transactions give the same ids
whoever computes them, and a message that comes again finds nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

import msgspec

from detectors.engine.incoming import Effects
from detectors.engine.page import NEVER, WARM, WARMING_UP, Page
from detectors.engine.rule import Cited, Finding, Rule, View
from detectors.engine.standing import Standing
from schemas.alerts import MOST_EVIDENCE, Alert, Evidence, Source, Status, Text
from schemas.china_time import format_time

_findings = msgspec.msgpack.Encoder()
_read_finding = msgspec.msgpack.Decoder(Finding)
_SAMPLED = 16  # a clock read costs as much as a quick question: time one in sixteen and count it sixteenfold

_WHY: dict[str, Text] = {
    "2404": Text("入院登记已撤销（2404）", "the admission was cancelled (2404)"),
    "2405": Text("出院登记已撤销（2405）", "the discharge was cancelled (2405)"),
    "2403": Text("入院信息已变更（2403）", "the admission was changed (2403)"),
    "2402": Text("出院登记改变了判断依据（2402）", "the discharge changed the picture (2402)"),
    "2302": Text("费用明细已撤销（2302）", "charges were cancelled (2302)"),
    "2205": Text("门诊明细已撤销（2205）", "charges were cancelled (2205)"),
    "2301": Text("迟到或冲减的费用明细改变了判断依据（2301）", "late or negative charges changed the picture (2301)"),
    "2305": Text("住院结算已撤销（2305）", "the settlement was cancelled (2305)"),
    "2208": Text("门诊结算已撤销（2208）", "the settlement was cancelled (2208)"),
    "2103": Text("购药结算已撤销（2103）", "the purchase was cancelled (2103)"),
    "2601": Text("原交易已冲正（2601）", "the original call was reversed (2601)"),
    "3507": Text("进销存记录已删除（3507）", "the stock record was deleted (3507)"),
    "": Text("随时间推移条件不再成立", "with time the condition no longer holds"),
}
_OTHERWISE = Text("后续交易改变了判断依据", "later transactions changed the picture")


class Cause(NamedTuple):
    """What made the engine ask: a message, or a wake-up (``infno`` empty) after it. ``at`` is stream time."""

    partition: int
    offset: int
    inf_time: int
    msgid: str
    infno: str
    at: int


class Examiner:
    """Asks the rules of one stage.

    ``view_of`` says what a rule may see beside a page at a time; it is asked only where a rule is. ``clock`` reads
    nanoseconds for the rule-time metric; without it none is kept.
    """

    def __init__(
        self,
        rules: Iterable[Rule[Page]],
        view_of: Callable[[Page, int], View],
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._rules: dict[type[Page], list[Rule[Page]]] = {}
        for rule in rules:
            self._rules.setdefault(rule.page, []).append(rule)
        self._view_of = view_of
        self._clock = clock
        self._asked = 0
        self.nanoseconds: dict[str, int] = {}
        self.questions: dict[str, int] = {}

    def rules(self) -> Iterable[Rule[Page]]:
        """The rules that it asks."""
        return chain.from_iterable(self._rules.values())

    def review(self, key: bytes, page: Page, now: int, cause: Cause, effects: Effects) -> int:
        """Ask about the page, put alerts into ``effects``, and return when it wants to be asked again."""
        wake = NEVER
        view = None
        for rule in self._rules.get(type(page), ()):
            if rule.has_models:
                page.warmth = WARM if rule.is_warm(page) else WARMING_UP
            if not rule.concerns(page) and not page.standing:
                continue
            if view is None:
                view = self._view_of(page, now)
            wake = min(wake, self._timed_question(rule, key, page, view, cause, effects))
        return wake

    def _timed_question(
        self, rule: Rule[Page], key: bytes, page: Page, view: View, cause: Cause, effects: Effects
    ) -> int:
        rule_id, clock = rule.rule_id, self._clock
        self.questions[rule_id] = self.questions.get(rule_id, 0) + 1
        self._asked += 1
        if clock is None or self._asked % _SAMPLED:
            return self._question(rule, key, page, view, cause, effects)
        start = clock()
        wake = self._question(rule, key, page, view, cause, effects)
        self.nanoseconds[rule_id] = self.nanoseconds.get(rule_id, 0) + (clock() - start) * _SAMPLED
        return wake

    def _question(self, rule: Rule[Page], key: bytes, page: Page, view: View, cause: Cause, effects: Effects) -> int:
        reason = rule.silence(page, view)
        if reason is not None:
            effects.counts["rule_inactive", rule.rule_id, reason] += 1
        wake = NEVER
        mark = f"{rule.rule_id}:{rule.version}/"
        anchors = list(rule.anchors(page)) if reason is None else []
        asked = set(anchors)
        if page.standing:
            stands = [name[len(mark) :] for name in page.standing if name.startswith(mark)]
            anchors.extend(anchor for anchor in stands if anchor not in asked)
        for anchor in anchors:
            finding = rule.ask(page, anchor, view) if anchor in asked else None
            self._settle(rule, key, page, mark + anchor, anchor, finding, view, cause, effects)
            if anchor in asked:
                due = rule.wake(page, anchor, view)
                if due is not None:
                    wake = min(wake, max(due, view.now + 1))
        return wake

    def _settle(
        self, rule: Rule[Page], key: bytes, page: Page, name: str, anchor: str, finding: Finding | None, view: View,
        cause: Cause, effects: Effects,
    ) -> None:  # fmt: skip
        standing = page.standing.get(name)
        if finding is None:
            if standing is None:
                return
            if standing.begin < page.kept_from():  # forgotten, not taken back: what was said stays said
                del page.standing[name]
                return
            if not standing.is_open:
                return
            change, revision, raised = "retracted", standing.revision + 1, standing.raised_at
            saved = standing.finding
            finding = _read_finding.decode(saved)
        else:
            saved = _findings.encode(finding)
            if standing is not None and standing.is_open and standing.finding == saved:
                return
            change = "opened" if standing is None or not standing.is_open else "revised"
            revision = 1 if standing is None else standing.revision + 1
            raised = cause.at if standing is None else standing.raised_at
        is_open = change != "retracted"
        page.standing[name] = Standing(revision, is_open, raised, finding.begin, saved)
        alert_id = _alert_id(rule, key, anchor)
        effects.alerts.append(_alert(rule, alert_id, finding, revision, is_open, raised, cause, view))
        effects.counts["alerts", rule.rule_id, finding.severity, change] += 1


def _alert_id(rule: Rule[Page], key: bytes, anchor: str) -> str:
    digest = blake2b(key + b"\0" + anchor.encode(), digest_size=10).hexdigest()
    return f"{rule.rule_id}:{rule.version}:{digest}"


def _evidence(cited: Cited) -> Evidence:
    reference = cited.reference
    return Evidence(reference.infno, reference.msgid, format_time(reference.inf_time), cited.visit)


def _alert(
    rule: Rule[Page],
    alert_id: str,
    finding: Finding,
    revision: int,
    is_open: bool,
    raised: int,
    cause: Cause,
    view: View,
) -> Alert:
    known = view.references.institution(finding.institution) if finding.institution else None
    status: Status = "open" if is_open else "retracted"
    return Alert(
        alert_id=alert_id,
        rule=rule.rule_id,
        rule_version=rule.version,
        revision=revision,
        status=status,
        severity=finding.severity,
        score=round(finding.score, 4),
        raised_at=format_time(raised),
        revised_at=format_time(cause.at),
        begin=format_time(finding.begin),
        end=None if finding.end is None else format_time(finding.end),
        institution=finding.institution,
        institution_name=known.name or None if known is not None else None,
        persons=list(finding.persons),
        visits=list(finding.visits),
        household=finding.household,
        item=finding.item,
        group=finding.group,
        measures=list(finding.measures),
        evidence=[_evidence(cited) for cited in finding.evidence[:MOST_EVIDENCE]],
        evidence_total=len(finding.evidence),
        fund_at_risk=finding.fund_at_risk,
        rule_class=rule.rule_class,
        basis=list(rule.basis),
        text=finding.text,
        source=Source(cause.partition, cause.offset, format_time(cause.inf_time), cause.msgid),
        series=finding.series,
        retraction=None if is_open else _WHY.get(cause.infno, _OTHERWISE),
    )
