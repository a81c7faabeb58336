"""What does an inspector read of a card that was in two places?"""

from __future__ import annotations

from typing import NamedTuple

from detectors.by_person.same_card_two_places.swipes import Pair, Seen
from detectors.engine.rule import View
from schemas.alerts import Text
from schemas.china_time import format_time
from schemas.snapshots import PHARMACY, STAY


class Speeds(NamedTuple):
    """Kilometres an hour that can be travelled, barely, and not on several days."""

    limit: float
    barely: float
    again: float


def describe(pair: Pair, speeds: Speeds, days: int, view: View) -> Text:
    """When and where, how far apart, how fast that is against which limit, on how many ``days``, and where to look first."""
    minutes = pair.seconds // 60
    (first_zh, first_en), (second_zh, second_en) = _said(pair.first, view), _said(pair.second, view)
    said_zh, said_en = f"超过可行的{speeds.limit:.0f}", f"more than the {speeds.limit:.0f} that can be travelled"
    if pair.speed <= speeds.limit:
        said_zh = f"未过{speeds.limit:.0f}，但已过连就诊在内勉强可行的{speeds.barely:.0f}"
        said_en = (
            f"below {speeds.limit:.0f}, but above the {speeds.barely:.0f} that can barely be travelled door to door"
        )
    if pair.speed <= speeds.barely:
        said_zh = f"一次尚可行，但{days}天都如此，每次连就诊在内都需{speeds.again:.0f}以上"
        said_en = (
            f"once it could be done; it was so on {days} days, each time more than {speeds.again:.0f} door to door"
        )
    one_card = pair.first.certificate == pair.second.certificate and bool(pair.first.certificate)
    card_zh = "两次使用同一种凭证" if one_card else "两次凭证不同或不详，可能由两人分持"
    card_en = (
        "the same kind of certificate both times"
        if one_card
        else "the certificates differ or are not stated and may have been in two hands"
    )
    return Text(
        f"同一参保人的医保凭证{first_zh}，{minutes}分钟后又{second_zh}，两地直线距离{pair.km:.0f}公里，需每小时{pair.speed:.0f}公里"
        f"（{said_zh}），{card_zh}。"
        "请先核对两处的身份核验记录和监控，查明本人在何处，另一处是否冒名就医、代刷或留存他人证卡。",
        f"One person's certificate was {first_en} and {minutes} min later {second_en}, {pair.km:.0f} km away as the crow "
        f"flies, {pair.speed:.0f} km/h ({said_en}); {card_en}. Look first at the identity checks and cameras of both places: "
        "where was the person, and who used or kept the card at the other?",
    )


def _said(seen: Seen, view: View) -> tuple[str, str]:
    known = view.references.institution(seen.institution)
    place = known.name if known is not None and known.name else seen.institution
    at = format_time(seen.time)
    if not seen.settlement:
        if seen.snapshot.kind != STAY:
            return f"{at}在{place}挂号", f"used to register at {place} at {at}"
        return f"{at}在{place}办理入院", f"used for an admission at {place} at {at}"
    amount = seen.snapshot.total / 100
    what = ("购药", "for a purchase") if seen.snapshot.kind == PHARMACY else ("就医结算", "to settle a visit")
    return f"{at}在{place}{what[0]}{amount:.2f}元", f"used {what[1]} of {amount:.2f} yuan at {place} at {at}"
