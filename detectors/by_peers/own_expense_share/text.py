"""What does an inspector read of an institution whose patients pay for too much?"""

from __future__ import annotations

from detectors.books.indicators import OWN
from detectors.books.member import MemberPage, Month
from detectors.books.peer_calendar import name_of
from detectors.by_peers import judging
from detectors.engine.rule import View
from schemas.alerts import Text


def describe(page: MemberPage, month: int, known: Month, limit: float, view: View) -> Text:
    """The share, the limit, the peers', and where to look first."""
    place, name, counts, seen = judging.place_of(page, view), name_of(month), known.counts, known.seen.get(OWN)
    peers = Text("", "")
    if seen is not None:
        group = judging.group_of(seen)
        peers = Text(f"；{group.zh}的中位数为{seen.expected:.1%}", f"; the median of {group.en} is {seen.expected:.1%}")
    own, total, share = judging.money(counts.own), judging.money(counts.total), counts.own / counts.total
    return Text(
        f"{place}：{name}医疗总费用{total}元，其中目录外{own}元，占{share:.1%}，约定上限{limit:.0%}{peers.zh}。"
        "请先看哪些药品、耗材和项目"
        "在目录外，患者是否知情同意，目录内有无可替代的，是否把目录内项目串换成自费。",
        f"{place}, {name}: bills of {total} yuan, of them {own} outside of the catalogue, {share:.1%}, agreed are "
        f"{limit:.0%} at "
        f"most{peers.en}. Look first which drugs, materials and services these are, whether patients agreed, and whether the "
        "catalogue has something for the same purpose.",
    )
