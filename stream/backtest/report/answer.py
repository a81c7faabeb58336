"""Should the candidate's settings go live? What speaks for it, what against it, and what nobody can know from this run.

The word is no score: it follows from the figures by the few cases in `_weighed` and `_against_goals`, and the
reasons stand beside it. A difference is called clear only where the 95 % intervals do not overlap.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from schemas.alerts import Text
from stream.backtest.report.totals import Total, both_totals, differs, total
from stream.backtest.report.words import interval, listed, share, title
from stream.backtest.result import Comparison, Result, RuleResult
from stream.printing import yuan

GOAL_PRECISION, GOAL_RECALL = 0.9, 0.95  # docs/quality.md
FEW_LABELS = 10  # found one and all, their recall may still be 0.72

Kind = Literal["good", "bad", "mixed", "unknown"]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """``word`` in one sentence, and the reasons for it by what they speak for."""

    kind: Kind
    word: Text
    favour: list[Text]
    against: list[Text]
    unknown: list[Text]


def answer(result: Result) -> Answer:
    """What this run says about its settings."""
    kind, word, favour, against = (
        _against_goals(result) if result.comparison is None else _against_baseline(result.comparison)
    )
    unknown = _unknown(result)
    if result.is_partial:
        kind = "unknown"
        word = Text(
            f"运行中途停止，只算到{result.window.last}，不足以决定。",
            f"Stopped half-way: it counts up to {result.window.last} only, too little to decide.",
        )
    return Answer(kind=kind, word=word, favour=favour, against=against, unknown=unknown)


Judged = tuple[Kind, Text, list[Text], list[Text]]


def _against_baseline(comparison: Comparison) -> Judged:
    """By the rules that differ: the others' labels would only blur what has changed."""
    before, after = both_totals(rule for rule in comparison.rules.values() if differs(rule))
    favour, against = _money_and_load(comparison)
    gained = sum(rule.gained for rule in comparison.rules.values())
    lost = sum(rule.lost for rule in comparison.rules.values())
    moved = sum(rule.moved for rule in comparison.rules.values())
    if not (gained or lost or moved):
        word = Text("与基线没有差别：预警逐条相同。", "No difference from the baseline: alert by alert the same.")
        return "unknown", word, favour, against
    if not after.labels:
        word = Text(
            f"没有标签，判断不了查得准不准：比基线新增{gained}条、消失{lost}条预警，需抽查。",
            f"No labels, so nobody can say whether it is right: {gained} alerts gained, {lost} lost; look into some of them.",
        )
        return "unknown", word, favour, against
    _rule_by_rule(comparison, favour, against)
    signs = {name: _compare(name, before, after, favour, against) for name in (_RECALL, _PRECISION)}
    if not any(signs.values()):
        word = Text(
            "查准率、查全率与基线相同，差别只在数量、时间与金额。",
            "Precision and recall are the baseline's; it differs in number, time and money only.",
        )
        return "mixed", word, favour, against
    return *_weighed(before, after, signs), favour, against


def _weighed(before: Total, after: Total, signs: dict[str, int]) -> tuple[Kind, Text]:
    """One goes up and the other down: a change that is clear outweighs one that may be chance."""
    clear = {name for name in signs if _is_clear(name, before, after)}
    better = {name for name, sign in signs.items() if sign > 0}
    worse = {name for name, sign in signs.items() if sign < 0}
    caution = _caution(bool(clear))
    if not worse:
        return "good", Text(
            f"比基线好，可以上线{caution.zh}。", f"Better than the baseline: it can go live{caution.en}."
        )
    if not better:
        return "bad", Text(
            f"比基线差，不宜上线{caution.zh}。", f"Worse than the baseline: it should not go live{caution.en}."
        )
    changes = _changes(before, after)
    if better <= clear and not worse & clear:
        word = Text(
            f"利大于弊，可以上线：{changes.zh}；其中下降的一项可能出于偶然。",
            f"More gained than lost, it can go live: {changes.en}; what goes down may be chance.",
        )
        return "good", word
    if worse <= clear and not better & clear:
        word = Text(
            f"弊大于利，不宜上线：{changes.zh}；其中上升的一项可能出于偶然。",
            f"More lost than gained, it should not go live: {changes.en}; what goes up may be chance.",
        )
        return "bad", word
    return "mixed", Text(
        f"有得有失，由业务取舍：{changes.zh}{caution.zh}。", f"A trade-off to decide: {changes.en}{caution.en}."
    )


def _changes(before: Total, after: Total) -> Text:
    recall, precision = (share(before.recall), share(after.recall)), (share(before.precision), share(after.precision))
    return Text(
        f"查全率{recall[0]}→{recall[1]}，查准率{precision[0]}→{precision[1]}",
        f"recall {recall[0]} → {recall[1]}, precision {precision[0]} → {precision[1]}",
    )


def _caution(is_clear: bool) -> Text:
    if is_clear:
        return Text("", "")
    return Text("；但标签不多，差别也可能出于偶然", ", though with so few labels the difference may be chance")


_RECALL, _PRECISION = "recall", "precision"
_NAMES = {_RECALL: Text("查全率", "recall"), _PRECISION: Text("查准率", "precision")}


def _compare(name: str, before: Total, after: Total, favour: list[Text], against: list[Text]) -> int:
    """The sign of the difference; its words go to where they belong."""
    old, new = getattr(before, name), getattr(after, name)
    if old is None or new is None or old == new:
        return 0
    words = _NAMES[name]
    chance = "" if _is_clear(name, before, after) else "，区间重叠"
    by_chance = "" if _is_clear(name, before, after) else "; the intervals overlap"
    spans = (interval(getattr(before, f"{name}_interval")), interval(getattr(after, f"{name}_interval")))
    said = Text(
        f"有差别的规则合计{words.zh}{share(old)}（{spans[0]}）→{share(new)}（{spans[1]}）{chance}",
        f"{words.en} of the rules that differ {share(old)} ({spans[0]}) → {share(new)} ({spans[1]}){by_chance}",
    )
    (favour if new > old else against).append(said)
    return 1 if new > old else -1


def _rule_by_rule(comparison: Comparison, favour: list[Text], against: list[Text]) -> None:
    """Labels that a rule finds more or fewer of: a better total may hide a rule that got worse."""
    for rule in comparison.rules.values():
        before, after = rule.before_scores, rule.after_scores
        if (
            before is None
            or after is None
            or before.found is None
            or after.found is None
            or before.found == after.found
        ):
            continue
        said = Text(
            f"{rule.title.zh}：{after.labels}个标签中查出{before.found}→{after.found}个",
            f"{rule.title.en}: {before.found} → {after.found} of {after.labels} labels found",
        )
        (favour if after.found > before.found else against).append(said)


def _is_clear(name: str, before: Total, after: Total) -> bool:
    one, other = getattr(before, f"{name}_interval"), getattr(after, f"{name}_interval")
    return one is not None and other is not None and (one.high < other.low or other.high < one.low)


def _money_and_load(comparison: Comparison) -> tuple[list[Text], list[Text]]:
    favour: list[Text] = []
    against: list[Text] = []
    rules = comparison.rules.values()
    before, after = sum(rule.before for rule in rules), sum(rule.after for rule in rules)
    if before != after:
        said = Text(f"预警{before}条→{after}条", f"{before} alerts → {after}")
        (favour if after < before else against).append(said)
    earlier, later = sum(rule.earlier for rule in rules), sum(rule.later for rule in rules)
    if earlier or later:
        said = Text(
            f"变动的预警中{earlier}条更早、{later}条更晚", f"of those moved, {earlier} come earlier and {later} later"
        )
        (favour if earlier > later else against).append(said)
    if comparison.fund_before != comparison.fund_after:
        said = Text(
            f"涉及基金{yuan(comparison.fund_before)}→{yuan(comparison.fund_after)}",
            f"fund at risk {yuan(comparison.fund_before)} → {yuan(comparison.fund_after)}",
        )
        (favour if comparison.fund_after > comparison.fund_before else against).append(said)
    return favour, against


def _against_goals(result: Result) -> Judged:
    judged = {rule: known for rule, known in result.rules.items() if known.labels}
    if not judged:
        word = Text(
            "没有标签，也没有基线：只能看数量与金额，不能判断是否可以上线。",
            "Neither labels nor a baseline: number and money can be seen, but not whether it should go live.",
        )
        return "unknown", word, [], []
    good = [known.title for known in judged.values() if _meets(known)]
    bad = [_shortfall(known) for known in judged.values() if not _meets(known)]
    goals = Text(
        f"查全率{GOAL_RECALL:.0%}、查准率{GOAL_PRECISION:.0%}",
        f"recall {GOAL_RECALL:.0%}, precision {GOAL_PRECISION:.0%}",
    )
    favour = (
        [Text(f"达到目标（{goals.zh}）：{listed(good).zh}", f"reach the goal ({goals.en}): {listed(good).en}")]
        if good
        else []
    )
    everything = total(result)
    kind: Kind
    if not bad:
        kind, verdict = "good", Text("可以上线", "it can go live")
    elif not good:
        kind, verdict = "bad", Text("不宜上线", "it should not go live")
    else:
        kind, verdict = "mixed", Text("达标的规则可以上线", "those that reach the goal can go live")
    word = Text(
        f"{len(judged)}条有标签的规则中{len(good)}条达到目标，{verdict.zh}；"
        f"合计查全率{share(everything.recall)}，查准率{share(everything.precision)}。",
        f"{len(good)} of {len(judged)} rules with labels reach the goal: {verdict.en}. "
        f"In all: recall {share(everything.recall)}, precision {share(everything.precision)}.",
    )  # fmt: skip
    return kind, word, favour, bad


def _meets(rule: RuleResult) -> bool:
    recall, precision = rule.recall, rule.precision
    return recall is not None and precision is not None and recall >= GOAL_RECALL and precision >= GOAL_PRECISION


def _shortfall(rule: RuleResult) -> Text:
    return Text(
        f"{rule.title.zh}：查全率{share(rule.recall)}（{rule.found}/{rule.labels}），查准率{share(rule.precision)}（{rule.hits}/{rule.alerts}）",
        f"{rule.title.en}: recall {share(rule.recall)} ({rule.found}/{rule.labels}), precision {share(rule.precision)} "
        f"({rule.hits}/{rule.alerts})",
    )


def _unknown(result: Result) -> list[Text]:
    said: list[Text] = []
    few = [known.title for known in result.rules.values() if known.labels and known.labels < FEW_LABELS]
    if few:
        said.append(
            Text(
                f"标签不足{FEW_LABELS}个，区间很宽：{listed(few).zh}",
                f"fewer than {FEW_LABELS} labels, wide intervals: {listed(few).en}",
            )
        )
    if result.labels is not None:
        none = [title(result, rule) for rule, known in result.rules.items() if known.alerts and not known.labels]
        if none:
            said.append(
                Text(
                    f"有预警而没有标签，准不准无从判断：{listed(none).zh}",
                    f"alerts but no label, right or wrong cannot be said: {listed(none).en}",
                )
            )
    if result.labels_outside:
        number = sum(result.labels_outside.values())
        said.append(Text(f"{number}个标签不在统计范围内", f"{number} labels lie outside of what counts"))
    if result.dead_letters:
        number = sum(result.dead_letters.values())
        said.append(
            Text(
                f"{number}条记录读不了（死信），其中可能有线索",
                f"{number} records could not be used (dead letters); clues may lie in them",
            )
        )
    if result.window.start is None:
        said.append(
            Text(
                "没有预热期（--from）：开头几周规则还在学习，查出的偏少",
                "no warm-up (--from): in the first weeks rules still learn and find less",
            )
        )
    return said
