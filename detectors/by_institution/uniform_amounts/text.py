"""What does an inspector read of settlements that came to the same?"""

from __future__ import annotations

from collections import Counter

from detectors.books.amounts import AmountsPage, Case
from detectors.by_institution.uniform_amounts.clusters import Cluster, Limits
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day

_FIELDS = {"fund": Text("基金支付", "the fund paid"), "total": Text("医疗总费用", "the bills come to")}


def describe(page: AmountsPage, cluster: Cluster, limits: Limits, view: View) -> Text:
    """The cluster, by which limits, in what the stays are alike besides, and where to look first."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    cases, field = cluster.cases, _FIELDS[cluster.field]
    begin, end = format_day(cases[0].time // DAY), format_day(cases[-1].time // DAY)
    low, high = min(cluster.amounts) / 100, max(cluster.amounts) / 100
    persons = len({case.person for case in cases})
    alike = _alike(cases)
    return Text(
        f"{place}自{begin}至{end}有{persons}人的住院结算{field.zh}金额几乎相同：{low:,.2f}至{high:,.2f}元，上下相差"
        f"{cluster.spread:.1%}，共{len(cases)}笔（限值：{limits.days}天内{limits.stays}笔、相差{limits.within:.0%}）；按该机构自身金额分布，同期偶然出现的约为{cluster.expected:.1f}笔{alike.zh}。"
        "请先核对各份病历的医嘱、检查与收费清单是否雷同，核实住院者本人及实际住院情况，并确认是否属于按病种等打包付费。",
        f"{place}: from {begin} to {end} {field.en} almost the same for {persons} inpatients: {low:,.2f} to {high:,.2f} yuan, "
        f"{cluster.spread:.1%} to either side, {len(cases)} settlements (limit: {limits.stays} in {limits.days} days, "
        f"{limits.within:.0%}) where this institution's own spread of amounts lets expect {cluster.expected:.1f}{alike.en}. Look "
        "first whether orders, examinations and bills are copies of one another and who really lay in the bed, and whether the "
        "stays were paid as a package.",
    )


def _alike(cases: tuple[Case, ...]) -> Text:
    (diagnosis, same), *_ = Counter(case.diagnosis[:3] for case in cases).most_common(1)
    if diagnosis and same >= 0.8 * len(cases):
        return Text(f"；其中{same}笔主诊断均为{diagnosis}", f"; {same} of them with the diagnosis {diagnosis}")
    return Text("", "")
