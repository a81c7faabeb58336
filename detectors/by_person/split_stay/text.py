"""What does an inspector read of a stay that was cut in two?"""

from __future__ import annotations

from detectors.by_person.split_stay.chain import Chain, Link
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import DAY, format_day
from schemas.codes import same_illness

_SHOWN = 4  # links; the newest say most


def describe(chain: Chain, within_days: int, view: View) -> Text:
    """The stays in order, what joins them, by which limit, and where to look first."""
    stays = chain.stays
    known = view.references.institution(stays[0].institution)
    place = known.name if known is not None and known.name else stays[0].institution
    shown = chain.links[-_SHOWN:]
    again = sum(stay.scope for stay in stays[1:])
    money_zh = f"再入院符合政策范围费用合计{again / 100:.2f}元" if again else "再入院尚未结算"
    money_en = f"the readmissions' covered charges are {again / 100:.2f} yuan" if again else "not settled yet"
    return Text(
        f"同一参保人在{place}连续住院{len(stays)}次（出院后{within_days}天内再入院）：{'；'.join(map(_zh, shown))}。{money_zh}。"
        "涉嫌分解住院。请先核对前次出院时是否已达出院标准、两次病历的主诉与医嘱是否接续，并询问患者间隔期间是否离开过病房。",
        f"One person had {len(stays)} stays in a row at {place}, in again within {within_days} days: "
        f"{'; '.join(map(_en, shown))}; {money_en}. Suspected splitting of one stay. Look first whether he was fit for "
        "discharge, whether the second record's complaint and orders go on where the first ended, and ask whether he left the "
        "ward in between.",
    )


def _zh(link: Link) -> str:
    out, back = _days(link)
    illness = "同一诊断" if same_illness(link.first.diagnosis, link.second.diagnosis) else "相关诊断"
    between = "当日" if link.gap == 0 else f"间隔{link.gap}天"
    alike = "，两次费用相近" if _same_money(link) else ""
    return f"{out}出院、{back}再入院（{between}，{illness}{link.first.diagnosis}→{link.second.diagnosis}{alike}）"


def _en(link: Link) -> str:
    out, back = _days(link)
    illness = "the same illness" if same_illness(link.first.diagnosis, link.second.diagnosis) else "a related illness"
    between = "the same day" if link.gap == 0 else f"{link.gap} day{'s' if link.gap > 1 else ''} later"
    alike = ", like amounts" if _same_money(link) else ""
    return f"out {out}, in again {back} ({between}, {illness} {link.first.diagnosis} → {link.second.diagnosis}{alike})"


def _days(link: Link) -> tuple[str, str]:
    assert link.first.end is not None
    return format_day(link.first.end // DAY), format_day(link.second.begin // DAY)


def _same_money(link: Link) -> bool:
    first, second = link.first.scope, link.second.scope
    return min(first, second) > 0 and abs(first - second) <= 0.05 * max(first, second)
