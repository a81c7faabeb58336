"""What does an inspector read of a card that is swiped and refunded again and again?"""

from __future__ import annotations

from detectors.by_person.refund_cycle.pairs import Cycle, Pair
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_time

_SHOWN = 4  # pairs; the newest


def describe(institution: str, seen: Cycle, quick_minutes: int, view: View) -> Text:
    """How often, how soon, how much, and where to look first."""
    known = view.references.institution(institution)
    place = known.name if known is not None and known.name else institution
    pairs = seen.pairs
    quick = sum(1 for pair in pairs if pair.minutes <= quick_minutes)
    total = sum(pair.swipe.total for pair in pairs) / 100
    fund = sum(pair.swipe.fund for pair in pairs) / 100
    begin, end = format_time(pairs[0].swipe.time)[:10], format_time(pairs[-1].swipe.time)[:10]
    return Text(
        f"同一参保人{begin}至{end}在{place}结算{seen.settlements}次，其中{len(pairs)}次结算后又退费且未重新结算，{quick}次在"
        f"{quick_minutes}分钟内退费；刷退金额合计{total:.2f}元（其中基金{fund:.2f}元，均已退回，为往返金额）。最近几次："
        f"{'；'.join(map(_zh, pairs[-_SHOWN:]))}。请先核对退费原因、经办人员、退款去向（现金或原路）和药品实物，"
        "查有无刷卡套现或空刷。",
        f"From {begin} to {end} one person settled {seen.settlements} times at {place}; {len(pairs)} of these were refunded and "
        f"not settled again, {quick} within {quick_minutes} minutes. {total:.2f} yuan went round, {fund:.2f} of it the "
        f"fund's, all given back. The newest: {'; '.join(map(_en, pairs[-_SHOWN:]))}. Look first at the reasons, who "
        "refunded, where the money went (cash or the way it came) and whether the goods ever left: cashing in, or empty swipes.",
    )


def _zh(pair: Pair) -> str:
    return f"{format_time(pair.swipe.time)}刷{pair.swipe.total / 100:.2f}元，{_wait(pair, '分钟', '小时', '天')}后退"


def _en(pair: Pair) -> str:
    wait = _wait(pair, " min", " h", " d")
    return f"{pair.swipe.total / 100:.2f} yuan at {format_time(pair.swipe.time)}, refunded {wait} later"


def _wait(pair: Pair, minutes: str, hours: str, days: str) -> str:
    if pair.minutes < 120:
        return f"{pair.minutes}{minutes}"
    return f"{pair.minutes // 60}{hours}" if pair.minutes < 48 * 60 else f"{pair.minutes // 1440}{days}"
