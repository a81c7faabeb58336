"""Which words do people read for an alert's codes, in Chinese and in English?

A code without words here is shown as it is: a rule may be newer than the reader.
"""

from __future__ import annotations

from typing import Final

from detectors.engine.registry import all_rules
from schemas.alerts import Text
from stream.printing import Lang, words

SEVERITIES: Final = {"high": Text("高", "high"), "medium": Text("中", "medium"), "low": Text("低", "low")}
STATUSES: Final = {"open": Text("待核查", "open"), "retracted": Text("已撤回", "retracted")}
CLASSES: Final = {
    "政策类": Text("政策类", "policy"),
    "管理类": Text("管理类", "management"),
    "医疗类": Text("医疗类", "medical"),
}
CALLS: Final = {
    "2102": Text("药店购药结算", "pharmacy purchase"),
    "2103": Text("药店结算撤销", "pharmacy purchase cancelled"),
    "2201": Text("门诊挂号", "outpatient registration"),
    "2203": Text("门诊就诊", "outpatient visit"),
    "2204": Text("门诊费用明细", "outpatient charges"),
    "2205": Text("门诊明细撤销", "outpatient charges cancelled"),
    "2207": Text("门诊结算", "outpatient settlement"),
    "2208": Text("门诊结算撤销", "outpatient settlement cancelled"),
    "2301": Text("住院费用明细", "inpatient charges"),
    "2302": Text("住院明细撤销", "inpatient charges cancelled"),
    "2304": Text("住院结算", "inpatient settlement"),
    "2305": Text("住院结算撤销", "inpatient settlement cancelled"),
    "2401": Text("入院办理", "admission"),
    "2402": Text("出院办理", "discharge"),
    "2403": Text("入院信息变更", "admission changed"),
    "2404": Text("入院撤销", "admission cancelled"),
    "2405": Text("出院撤销", "discharge cancelled"),
    "2601": Text("冲正", "reversal"),
    "3501": Text("盘存", "stock-taking"),
    "3502": Text("库存变更", "stock change"),
    "3503": Text("采购", "purchase into stock"),
    "3504": Text("采购退货", "return to supplier"),
    "3505": Text("销售", "sale from stock"),
    "3506": Text("销售退货", "returned sale"),
    "3507": Text("进销存删除", "stock record deleted"),
    "4101": Text("结算清单", "settlement list"),
}
UNITS: Final = {
    "days": Text("天", "days"),
    "hours": Text("小时", "hours"),
    "times": Text("次", "times"),
    "persons": Text("人", "persons"),
    "stays": Text("次住院", "stays"),
    "weight": Text("权重", "weight"),
    "share": Text("比例", "share"),
    "packs": Text("盒", "packs"),
    "powers of ten": Text("10的负几次方", "powers of ten"),
    "stay-days": Text("住院日", "stay-days"),
    "powers_of_ten": Text("10的负几次方", "powers of ten"),
}
MEASURES: Final = {
    "idle_days_in_a_row": Text("连续无诊疗天数", "idle days in a row"),
    "idle_days_settled": Text("其中迟报期已过", "of these, settled"),
    "idle_share": Text("无诊疗天数占比", "idle share of the stay"),
    "days_of_stay": Text("住院天数", "days of stay"),
    "times_together": Text("同进同出次数", "times together"),
    "members_together": Text("同进同出人数", "members together"),
    "evidence_weight": Text("证据总权重", "weight of evidence"),
    "household_size": Text("户内人数", "members of the household"),
    "stays_in_sequence": Text("接续住院次数", "stays in sequence"),
    "members": Text("涉及成员", "members involved"),
    "longest_gap_hours": Text("最长间隔", "longest gap"),
    "volume_1d": Text("当日用量", "volume of the day"),
    "volume_7d": Text("近7日用量", "volume of 7 days"),
    "volume_14d": Text("近14日用量", "volume of 14 days"),
    "volume_28d": Text("近28日用量", "volume of 28 days"),
    "volume_since_begin": Text("异常以来用量", "volume since it began"),
    "times_expected": Text("为预期的倍数", "times what was expected"),
    "improbability": Text("偶然发生的可能性", "improbability"),
    "history": Text("已有历史", "history"),
}


def named(table: dict[str, Text], code: str, lang: Lang) -> str:
    """The words of a code, or the code itself."""
    text = table.get(code)
    return code if text is None else words(text.zh, text.en, lang)


def rule_title(rule_id: str, lang: Lang) -> str:
    """A rule's title, or its id where this program does not have the rule."""
    rule = all_rules().get(rule_id)
    return rule_id if rule is None else words(rule.title.zh, rule.title.en, lang)
