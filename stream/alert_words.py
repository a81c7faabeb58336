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
    "seconds": Text("秒", "seconds"),
    "days": Text("天", "days"),
    "hours": Text("小时", "hours"),
    "times": Text("次", "times"),
    "lines": Text("条", "lines"),
    "persons": Text("人", "persons"),
    "households": Text("户", "households"),
    "stays": Text("次住院", "stays"),
    "weight": Text("权重", "weight"),
    "share": Text("比例", "share"),
    "packs": Text("盒", "packs"),
    "powers of ten": Text("10的负几次方", "powers of ten"),
    "stay-days": Text("住院日", "stay-days"),
    "minutes": Text("分钟", "minutes"),
    "km": Text("公里", "km"),
    "km/h": Text("公里/小时", "km/h"),
    "powers_of_ten": Text("10的负几次方", "powers of ten"),
    "years": Text("岁", "years"),
    "institutions": Text("家机构", "institutions"),
    "fen": Text("分", "fen"),
    "deviations": Text("个标准差", "standard deviations"),
    "visits": Text("人次", "visits"),
    "apart": Text("偏离度", "from the middle"),
}
MEASURES: Final = {
    "idle_days_in_a_row": Text("连续无诊疗天数", "idle days in a row"),
    "idle_days_settled": Text("其中迟报期已过", "of these, settled"),
    "idle_share": Text("无诊疗天数占比", "idle share of the stay"),
    "days_served_elsewhere": Text("其中在别处就诊、购药天数", "of these, served in another visit"),
    "days_of_stay": Text("住院天数", "days of stay"),
    "times_together": Text("同进同出次数", "times together"),
    "members_together": Text("同进同出人数", "members together"),
    "evidence_weight": Text("证据总权重", "weight of evidence"),
    "households_together": Text("同行户数", "households together"),
    "group_size": Text("群体人数", "people of the group"),
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
    "days_to_readmission": Text("出院至再入院天数", "days to readmission"),
    "stays_in_chain": Text("连续住院次数", "stays in a row"),
    "refund_pairs": Text("结算后退费次数", "settlements refunded"),
    "settlements_made": Text("同期结算次数", "settlements made"),
    "quick_refunds": Text("其中快速退费", "of these, refunded quickly"),
    "minutes_between": Text("两次刷卡间隔", "between the swipes"),
    "distance": Text("两地直线距离", "distance as the crow flies"),
    "speed_needed": Text("所需速度", "speed needed"),
    "services_after_death": Text("死亡后服务次数", "services after the death"),
    "days_after_death": Text("首次服务距死亡天数", "days from the death to the first"),
    "institutions_after_death": Text("涉及机构数", "institutions involved"),
    "history": Text("已有历史", "history"),
    "persons_in_bed": Text("同时占用一床人数", "persons in one bed at once"),
    "overlap_hours_total": Text("重叠时间合计", "overlap in all"),
    "times_shared": Text("共用床位次数", "times the bed was shared"),
    "diagnostic_share": Text("检查化验费占比", "tests of the bill"),
    "treatment_share": Text("治疗费占比", "treatment of the bill"),
    "drug_share": Text("住院用药费占比", "drugs of the bill"),
    "diagnostic_lines": Text("检查化验明细数", "lines of tests"),
    "census_peak": Text("最多在院人数", "highest census"),
    "beds_share": Text("在院人数与核定床位之比", "census over approved beds"),
    "nights_above": Text("超床位夜数", "nights above the beds"),
    "stays_named": Text("已列出的在院人数", "stays that are named"),
    "could_have_waited": Text("当日可择期入院人数", "admissions of the day that could have waited"),
    "admissions_of_day": Text("当日入院人数", "admissions of the day"),
    "admissions_of_hour": Text("一小时内入院人数", "admissions within an hour"),
    "surge_days": Text("集中入院天数", "days of the surge"),
    "same_diagnosis": Text("同一诊断人数", "with the same diagnosis"),
    "left_same_day": Text("同日出院人数", "who left on one day"),
    "cards_in_a_row": Text("连续刷卡人数", "cards swiped in a row"),
    "days_with_same_cards": Text("同一批卡出现天数", "days with the same cards"),
    "same_items_share": Text("项目相同的占比", "share with the same items"),
    "longest_gap_seconds": Text("相邻结算最长间隔", "longest gap between settlements"),
    "settlements_of_them": Text("涉及结算笔数", "settlements of them"),
    "settlements_of_one_amount": Text("几日内金额相近的结算", "settlements of one amount in a few days"),
    "amount_spread": Text("金额上下相差", "amounts apart, to either side"),
    "settlements_in_cluster": Text("金额相近的结算合计", "settlements of that amount in all"),
    "services_inside": Text("住院期间门诊、购药次数", "services inside the stay"),
    "days_with_services": Text("其中天数", "days with such services"),
    "idle_days_of_stay": Text("该次住院无诊疗天数", "idle days of the stay"),
    "overlap_hours": Text("重叠时长", "hours of overlap"),
    "overlapping_stays": Text("重叠的住院", "overlapping stays"),
    "stays_in_year": Text("一年内住院次数", "stays in a year"),
    "institutions": Text("涉及机构", "institutions"),
    "mild_stays": Text("其中轻症", "of these, for a mild illness"),
    "idle_days_in_all": Text("合计无诊疗天数", "idle days in all"),
    "cost_over_peers": Text("同病种费用与同组之比", "cost over that of the peers' same cases"),
    "deviation_from_peers": Text("偏离同组", "away from the peers"),
    "mean_cost": Text("均次费用", "mean cost of a case"),
    "excess_cost": Text("超出同组费用", "cost in excess of the peers'"),
    "cases_compared": Text("参与比较的病例", "cases compared"),
    "peers": Text("同组其他机构", "other institutions of the group"),
    "inpatient_share": Text("收住院比例", "share of visits that became stays"),
    "admissions": Text("入院人次", "admissions"),
    "outpatient_visits": Text("门诊人次", "outpatient visits"),
    "growth_over_peers": Text("增长与同组之比", "growth over that of the peers"),
    "growth": Text("日均基金支付与此前之比", "fund paid a day over what it was"),
    "fund_of_month": Text("当月基金支付", "what the fund paid in the month"),
    "own_share": Text("目录外费用占比", "share outside of the catalogue"),
    "own_amount": Text("目录外费用", "amount outside of the catalogue"),
    "strange_days": Text("指标异常天数", "strange days"),
    "strange_share": Text("占已评分天数", "of the days that were scored"),
    "apart_admissions_of_day": Text("入院人次偏离", "admissions of the day, apart"),
    "apart_visits_of_day": Text("门诊人次偏离", "visits of the day, apart"),
    "apart_fund_of_day": Text("基金支付偏离", "fund of the day, apart"),
    "apart_cost_of_stay": Text("住院均次费用偏离", "cost of a stay, apart"),
    "apart_cost_of_visit": Text("门诊均次费用偏离", "cost of a visit, apart"),
    "apart_nights_of_stay": Text("住院天数偏离", "nights of a stay, apart"),
    "apart_inpatient_of_day": Text("收住院比例偏离", "inpatient share, apart"),
    "apart_own_of_day": Text("目录外占比偏离", "share outside of the catalogue, apart"),
}


def named(table: dict[str, Text], code: str, lang: Lang) -> str:
    """The words of a code, or the code itself."""
    text = table.get(code)
    return code if text is None else words(text.zh, text.en, lang)


def rule_title(rule_id: str, lang: Lang) -> str:
    """A rule's title, or its id where this program does not have the rule."""
    rule = all_rules().get(rule_id)
    return rule_id if rule is None else words(rule.title.zh, rule.title.en, lang)
