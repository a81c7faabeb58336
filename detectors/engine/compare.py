"""Does what a rule sees now differ from what stands? Opened, revised, retracted: decided here, once, for all rules.

`Examiner.review` asks every rule about every anchor of a touched page, and about what stands open there, and turns
differences into alerts. Ids are made from rule, version, page and anchor alone, so the same transactions give the same ids
whoever computes them, and a message that comes again finds nothing to say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from itertools import chain
from typing import Any, Final, Protocol

import msgspec

from detectors.engine.asked import Setting
from detectors.engine.incoming import Effects, Said
from detectors.engine.page import NEVER, WARM, WARMING_UP, Page
from detectors.engine.rule import Cited, Finding, Rule, View
from detectors.engine.rule_changes import SWITCHED_OFF, both, superseded
from detectors.engine.standing import Standing
from schemas.alerts import MOST_EVIDENCE, Alert, Evidence, Source, Status, Text
from schemas.china_time import format_time
from schemas.returns import Change

# The numbers that an alert leaves out when it comes to be about another institution, whose stage publishes it from then on:
# more than the former one's can have added for its neighbours' sake.
REVISIONS_LEFT_OUT: Final = 1_000

_findings = msgspec.msgpack.Encoder()
_read_finding = msgspec.msgpack.Decoder(Finding)
_SAMPLED: Final = 16  # a clock read costs as much as a quick question: time one in sixteen and count it sixteenfold

# No calls, but what the peers' stage returns: `schemas.returns.RoseBeside`.
OTHERS_ROSE: Final = "others"
PLACE_ROSE: Final = "place"

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
    OTHERS_ROSE: Text(
        "同期本地区多数机构该品种用量同步上升，超出部分已可由此解释",
        "the item rose at most other sellers of the region as well, which explains what was too much",
    ),
    PLACE_ROSE: Text(
        "同期该机构多数品种用量同步上升，超出部分已可由此解释；其整体增长由“结算费用增长异常”（spending_growth）判断",
        "most other items of the institution rose as well, which explains what was too much; whether it grows too much as a"
        " whole is asked by spending_growth",
    ),
    "": Text("随时间推移条件不再成立", "with time the condition no longer holds"),
}
_OTHERWISE = Text("后续交易改变了判断依据", "later transactions changed the picture")


class Cause:
    """What made the engine ask: a message, a wake-up after it (``infno`` empty), or a ``change`` of the rule.

    ``at`` is stream time. Never changed. A plain class, not a struct: it is compiled, and there is one a message.
    """

    def __init__(
        self, partition: int, offset: int, inf_time: int, msgid: str, infno: str, at: int, change: Text | None = None
    ) -> None:
        self.partition = partition
        self.offset = offset
        self.inf_time = inf_time
        self.msgid = msgid
        self.infno = infno
        self.at = at
        self.change = change

    def waking(self, at: int) -> Cause:
        """A wake-up after it, at that stream time."""
        return Cause(self.partition, self.offset, self.inf_time, self.msgid, "", at, self.change)

    def changing(self, change: Text | None) -> Cause:
        """The same with a change of the rule."""
        return Cause(self.partition, self.offset, self.inf_time, self.msgid, self.infno, self.at, change)


class Spoken(Protocol):
    """Who speaks in an alert: a rule, or what is remembered of one that runs no more."""

    @property
    def rule_id(self) -> str:
        """Its id."""

    @property
    def version(self) -> int:
        """Its version."""

    @property
    def rule_class(self) -> str:
        """Its class."""

    @property
    def basis(self) -> tuple[str, ...]:
        """Its basis."""


class Changing(Protocol):
    """A change of rules that has not reached all pages yet (`detectors.engine.walk`)."""

    def changed_since(self, rule_id: str, key: bytes) -> Text | None:
        """What changed of a rule since that page was last asked; None where nothing did."""

    def former(self, rule_id: str) -> Setting | None:
        """The rule as it was before."""


class _Asked:
    """A rule with what of it is looked up at every page."""

    def __init__(self, rule: Rule[Any]) -> None:
        self.rule = rule
        self.rule_id = rule.rule_id
        self.mark = f"{rule.rule_id}:{rule.version}/"
        self.has_models = rule.has_models
        self.concerns: Callable[[Any], bool] = rule.concerns


class Examiner:
    """Asks the rules of one stage. ``changing`` is set while a change of rules is under way.

    ``view_of`` says what a rule may see beside a page at a time; it is asked only where a rule is. ``clock`` reads
    nanoseconds for the rule-time metric; without it none is kept.
    """

    def __init__(
        self,
        rules: Iterable[Rule[Page]],
        view_of: Callable[[Page, int], View],
        clock: Callable[[], int] | None = None,
    ) -> None:
        self._rules: dict[type[Page], list[_Asked]] = {}
        self._running: dict[str, Rule[Page]] = {}
        for rule in rules:
            self._rules.setdefault(rule.page, []).append(_Asked(rule))
            self._running[rule.rule_id] = rule
        self._view_of = view_of
        self._clock = clock
        self.changing: Changing | None = None
        self._asked = 0
        self.nanoseconds: dict[str, int] = {}
        self.questions: dict[str, int] = {}

    def rules(self) -> Iterable[Rule[Page]]:
        """The rules that it asks."""
        return [asked.rule for asked in chain.from_iterable(self._rules.values())]

    def review(self, key: bytes, page: Page, now: int, cause: Cause, effects: Effects) -> int:
        """Ask about the page, put alerts into ``effects``, and return when it wants to be asked again."""
        return self._ask_these(self._rules.get(type(page), []), key, page, now, cause, effects, None)

    def ask_again(
        self, rules: Iterable[Rule[Any]], key: bytes, page: Page, now: int, cause: Cause, effects: Effects
    ) -> int:
        """Ask only these, which have changed, and because they have; when they want to be asked again."""
        return self._ask_these([_Asked(rule) for rule in rules], key, page, now, cause, effects, self.changing)

    def _ask_these(
        self, rules: list[_Asked], key: bytes, page: Page, now: int, cause: Cause, effects: Effects,
        because: Changing | None,
    ) -> int:  # fmt: skip
        wake = NEVER
        view = None
        for asked in rules:
            if asked.has_models:
                warmth = WARM if asked.rule.is_warm(page) else WARMING_UP
                if page.warmth != warmth:
                    page.warmth = warmth
            if not asked.concerns(page) and not page.standing:
                continue
            if view is None:
                view = self._view_of(page, now)
            why = cause if because is None else cause.changing(because.changed_since(asked.rule_id, key))
            due = self._timed_question(asked, key, page, view, why, effects)
            if due < wake:
                wake = due
        if page.standing:
            self._retire(key, page, now, cause, effects)
        return wake

    def _timed_question(self, asked: _Asked, key: bytes, page: Page, view: View, cause: Cause, effects: Effects) -> int:
        rule_id, clock = asked.rule_id, self._clock
        self.questions[rule_id] = self.questions.get(rule_id, 0) + 1
        self._asked += 1
        if clock is None or self._asked % _SAMPLED:
            return self._question(asked, key, page, view, cause, effects)
        start = clock()
        wake = self._question(asked, key, page, view, cause, effects)
        self.nanoseconds[rule_id] = self.nanoseconds.get(rule_id, 0) + (clock() - start) * _SAMPLED
        return wake

    def _question(self, asked: _Asked, key: bytes, page: Page, view: View, cause: Cause, effects: Effects) -> int:
        rule, mark = asked.rule, asked.mark
        reason = rule.silence(page, view)
        if reason is not None:
            effects.counts["rule_inactive", rule.rule_id, reason] += 1
        standing = page.standing
        if reason is None:
            seen, due = rule.see(page, view)
        else:  # what it lacks may come without a fact of this page
            seen = dict.fromkeys(rule.anchors(page))
            due = rule.wake_all(page, seen, view)
        if standing:
            for name in [name for name in standing if name.startswith(mark)]:
                if name[len(mark) :] not in seen:
                    self._settle(rule, key, page, name, name[len(mark) :], None, view, cause, effects)
        for anchor, finding in seen.items():
            if finding is not None or standing:
                self._settle(rule, key, page, mark + anchor, anchor, finding, view, cause, effects)
        return NEVER if due is None else max(due, view.now + 1)

    def _settle(
        self, rule: Rule[Page], key: bytes, page: Page, name: str, anchor: str, finding: Finding | None, view: View,
        cause: Cause, effects: Effects,
    ) -> None:  # fmt: skip
        standing = page.standing.get(name)
        if finding is None:
            if standing is None:
                return
            if standing.begin < rule.kept_from(page):  # forgotten, not taken back: what was said stays said
                del page.standing[name]
            elif standing.is_open:
                self._retract(rule, key, page, name, cause, self._why(rule.rule_id, key, cause), view, effects)
            return
        saved = _findings.encode(finding)
        if standing is not None and standing.is_open and standing.finding == saved:
            return
        change: Change = "opened" if standing is None or not standing.is_open else "revised"
        left = "" if standing is None else _left(standing, finding)
        revision = 1 if standing is None else standing.revision + (REVISIONS_LEFT_OUT if left else 1)
        raised = cause.at if standing is None else standing.raised_at
        now_stands = page.standing[name] = Standing(revision, True, raised, finding.begin, saved)
        alert = _alert(rule, _alert_id(rule, key, anchor), finding, now_stands, cause, view)
        self._say(alert, change, self._change(rule.rule_id, key, cause), effects, left)

    def _retract(
        self, rule: Spoken, key: bytes, page: Page, name: str, cause: Cause, why: Text, view: View, effects: Effects,
        related: list[str] | None = None,
    ) -> None:  # fmt: skip
        stood = page.standing[name]
        gone = page.standing[name] = msgspec.structs.replace(stood, revision=stood.revision + 1, is_open=False)
        alert_id = _alert_id(rule, key, name.partition("/")[2])
        alert = _alert(rule, alert_id, _read_finding.decode(stood.finding), gone, cause, view)
        alert = msgspec.structs.replace(alert, retraction=why, related=related or [])
        self._say(alert, "retracted", self._change(rule.rule_id, key, cause), effects)

    def _say(
        self, alert: Alert, change: Change, rule_change: Text | None, effects: Effects, left: str = ""
    ) -> None:  # fmt: skip
        if rule_change is not None:
            source = msgspec.structs.replace(alert.source, change=rule_change)
            alert = msgspec.structs.replace(alert, source=source)
        effects.said.append(Said(alert, change, left))

    # -- when rules have changed ------------------------------------------------------------------------------------

    def _change(self, rule_id: str, key: bytes, cause: Cause) -> Text | None:
        if cause.change is not None or self.changing is None:
            return cause.change
        return self.changing.changed_since(rule_id, key)

    def _why(self, rule_id: str, key: bytes, cause: Cause) -> Text:
        if cause.change is not None:
            return cause.change
        why = _WHY.get(cause.infno, _OTHERWISE)
        change = self._change(rule_id, key, cause)
        return why if change is None else both(why, change)

    def _retire(self, key: bytes, page: Page, now: int, cause: Cause, effects: Effects) -> None:
        """Retract what stands of rules and versions that do not run any more, and forget it when the page does."""
        for name in list(page.standing):
            said_by, _, anchor = name.partition("/")
            rule_id, _, version = said_by.rpartition(":")
            running = self._running.get(rule_id)
            if running is not None and running.version == int(version):
                continue
            standing = page.standing[name]
            if standing.begin < page.kept_from():
                del page.standing[name]
            elif standing.is_open:
                words = running or (None if self.changing is None else self.changing.former(rule_id))
                speaker = Setting(
                    rule_id,
                    int(version),
                    "",
                    "" if words is None else words.rule_class,
                    () if words is None else words.basis,
                    {},
                )
                why, related = SWITCHED_OFF, []
                if running is not None:
                    why = superseded(running.version)
                    follower = page.standing.get(f"{rule_id}:{running.version}/{anchor}")
                    related = [_alert_id(running, key, anchor)] if follower is not None and follower.is_open else []
                view = self._view_of(page, now)
                self._retract(speaker, key, page, name, cause.changing(why), why, view, effects, related)


def _left(standing: Standing, finding: Finding) -> str:
    """The institution that was named before, where it is not the one that is named now."""
    named = _read_finding.decode(standing.finding).institution
    return "" if named == finding.institution else named


def _alert_id(rule: Spoken, key: bytes, anchor: str) -> str:
    digest = blake2b(key + b"\0" + anchor.encode(), digest_size=10).hexdigest()
    return f"{rule.rule_id}:{rule.version}:{digest}"


def _evidence(cited: Cited) -> Evidence:
    reference = cited.reference
    return Evidence(reference.infno, reference.msgid, format_time(reference.inf_time), cited.visit)


def _alert(rule: Spoken, alert_id: str, finding: Finding, stands: Standing, cause: Cause, view: View) -> Alert:
    known = view.references.institution(finding.institution) if finding.institution else None
    status: Status = "open" if stands.is_open else "retracted"
    return Alert(
        alert_id=alert_id,
        rule=rule.rule_id,
        rule_version=rule.version,
        revision=stands.revision,
        status=status,
        severity=finding.severity,
        score=round(finding.score, 4),
        raised_at=format_time(stands.raised_at),
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
    )
