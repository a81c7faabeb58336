"""What does an inspector read of people who were admitted all at once, and where does he look first?"""

from __future__ import annotations

from detectors.books.arrivals import COLD, SINGLY, ArrivalsPage
from detectors.books.arrivals_habit import BIN
from detectors.by_institution.admission_surge.surge import DRAWN, Likeness, Surge, most_expected
from detectors.engine.rule import View
from schemas.alerts import Point, Series, Text
from schemas.china_time import DAY, format_day, format_time

_COULD_WAIT = ("可择期的", "for what could have waited")


def describe(page: ArrivalsPage, group: list[Surge], peak: Surge, alike: Likeness, rarest: float, view: View) -> Text:
    """How many, when, against how many expected, what they have in common, and what to look at first."""
    known = view.references.institution(page.institution)
    place = known.name if known is not None and known.name else page.institution
    day = format_day(peak.day)
    seen_zh = f"{place}：{day}入院{peak.admissions}人（预期约{peak.admissions_expected:.1f}人）"
    seen_en = f"{place}: {peak.admissions} admissions on {day} ({peak.admissions_expected:.1f} expected)"
    what_zh, what_en = (
        ("无共同病因的", "for what nothing brings about together") if SINGLY in peak.kinds else _COULD_WAIT
    )
    zh = [f"{seen_zh}，其中{what_zh}{peak.came}人，按自身历史预期约{peak.expected:.1f}人"]
    en = [f"{seen_en}, {peak.came} {what_en} ({peak.expected:.1f} expected by its own history)"]
    if singly := peak.named_of(SINGLY):
        zh.append(f"内有脑梗死、心衰、慢阻肺急性加重等各自发病、不会成批而来的{singly}人")
        en.append(f"{singly} of them with a stroke, a failing heart or the like, which bring people one by one")
    if colds := peak.named_of(COLD):
        usual = page.colds_expected_of(peak.day)
        zh.append(f"其中感冒、支气管炎、肺炎、胃肠炎{colds}人（按前一周预期约{usual:.1f}人）")
        en.append(
            f"{colds} of them with a cold, bronchitis, pneumonia or gastroenteritis ({usual:.1f} expected by the week before)"
        )
    fullest = max(
        (one for one in group if one.hour is not None), key=lambda one: (one.hour_count, -one.day), default=None
    )
    if fullest is not None and fullest.hour is not None:
        since = format_time(fullest.day * DAY + fullest.hour * BIN)[:16]
        zh.append(f"其中{since}起一小时内{fullest.hour_count}人（预期{fullest.hour_expected:.1f}人）")
        en.append(f"{fullest.hour_count} within an hour from {since} ({fullest.hour_expected:.1f} expected)")
    if len(group) > 1:
        zh.append(f"前后共{len(group)}天异常（{format_day(group[0].day)}至{format_day(group[-1].day)}）")
        en.append(f"{len(group)} such days from {format_day(group[0].day)} to {format_day(group[-1].day)}")
    zh.append(f"偶然发生的概率低于10的-{int(rarest)}次方")
    en.append(f"by chance less than once in 10^{int(rarest)}")
    people = sum(len(one.named) for one in group)
    zh.append(f"所列{people}人中{alike.same_illness}人诊断为{alike.illness}")
    en.append(f"of the {people} named {alike.same_illness} have {alike.illness}")
    if alike.left_together > 1:
        zh.append(f"{alike.left_together}人同日出院")
        en.append(f"{alike.left_together} left on one day")
    return Text(
        "，".join(zh)
        + "，传染病、外伤、分娩、转院等已不计。请先核对这些人的来源（是否同村、同单位、有车接送）、入院指征和是否本人在院。",
        "; ".join(en)
        + "; contagion, injuries, births and transfers are left out. Look first at where they come from (one village or"
        " employer, a bus), at the grounds for admission, and whether they are there.",
    )


def drawn(page: ArrivalsPage, group: list[Surge], rarity: int) -> Series:
    """Admissions day by day with what was to be expected, from three weeks before to its last day."""
    begin, last = max(group[0].day - DRAWN, page.days.first_day), group[-1].day
    told, points = {one.day: one for one in group}, []
    for day in range(begin, last + 1):
        surge = told.get(day)
        high = most_expected(page, day, rarity, surge)
        came = page.count(day) if surge is None else surge.admissions
        points.append(Point(format_time(day * DAY), came, None if high is None else 0.0, high))
    return Series("persons", points)
