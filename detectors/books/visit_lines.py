"""How are the lines of a bill posted to a visit, refunded, replaced and taken back? To the last fen and the last pack.

Functions, not methods of the page: this module is compiled (see ``setup.py``), and a struct cannot be. What a posting
changes in items' volumes goes into ``deltas``, in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import ceil

from detectors.books.peer_calendar import first_day, month_of
from detectors.books.visit import MOST_REFUNDS, DayOfStay, PostedLine, Settled, VisitPage
from detectors.books.volumes import VolumeDelta
from schemas import facts
from schemas.china_time import DAY
from schemas.codes import DRUGS, ROUTINE
from schemas.snapshots import STAY, Reference


def charge(
    page: VisitPage, line: facts.Line, category: str, is_volume: bool, batch: str, message: int,
    deltas: list[VolumeDelta],
) -> bool:  # fmt: skip
    """Post one line; the same serial again replaces what stood (a re-upload, domain.md §3.3).

    False for a refund whose original has never been seen: it waits for it.
    """
    if page.void:
        return True
    serial, quantity, scope = line.serial, line.quantity, line.scope
    lines, is_refund = page.lines, quantity < 0
    page.weight += 60 + len(serial) + len(line.item) + len(batch) + len(line.refunds)
    if serial in lines:
        drop(page, [serial], deltas)
    is_stay = page.kind == STAY
    posted = PostedLine(
        message, batch, line.time, line.item, category, quantity, line.amount if scope is None else scope,
        not (is_refund or category in ROUTINE or line.takeaway),  # is_active
        is_volume and not is_refund,
        message if is_stay and not is_refund else -1,  # counted_by; the others' count while their settlement stands
        line.refunds if is_refund else "",
        0.0, 0, line.external, 0 if is_stay or line.supply_days is None else _whole_days(line.supply_days),
    )  # fmt: skip
    lines[serial] = posted
    if not is_refund:
        _stand(page, posted, 1, deltas)
        if page.refund_lines:
            for waiting in page.refund_lines.get(serial, ()):
                refund = lines.get(waiting)
                if refund is not None and refund.refunds == serial:  # it may have been replaced since
                    _refund(page, refund, posted, deltas)
        return True
    if not line.refunds:
        return False
    refunds = page.refund_lines.setdefault(line.refunds, [])
    if len(refunds) < MOST_REFUNDS and serial not in refunds:
        refunds.append(serial)
    original = _refundable(page, line.refunds)
    if original is None:
        return False
    _refund(page, posted, original, deltas)
    return True


def _whole_days(days: float) -> int:
    return max(ceil(days), 0)


def _refundable(page: VisitPage, serial: str) -> PostedLine | None:
    """The line of that serial; a refund line cannot be refunded itself, it is cancelled (2302)."""
    line = page.lines.get(serial)
    return line if line is not None and line.quantity >= 0 else None


def _refund(page: VisitPage, refund: PostedLine, original: PostedLine, deltas: list[VolumeDelta]) -> None:
    _stand(page, original, -1, deltas)
    original.refunded -= refund.quantity
    original.refunded_scope -= refund.scope
    _stand(page, original, 1, deltas)


def _stand(page: VisitPage, line: PostedLine, sign: int, deltas: list[VolumeDelta]) -> None:
    """Add a line to (1), or take it from (−1), all that is summed over lines."""
    left, scope = line.quantity - line.refunded, line.scope - line.refunded_scope
    if scope < 0:
        scope = 0
    if left <= 0 and scope == 0:
        return
    page.scope += sign * scope
    number = line.time // DAY
    if page.kind == STAY:
        day = page.days.get(number)
        if day is None:
            day = page.days[number] = DayOfStay()
        day.scope += sign * scope
        if line.is_active:
            day.active += sign
        else:
            day.routine += sign
    if line.counted_by >= 0:
        _count_line(page, line, sign, deltas)


def drop(page: VisitPage, serials: Iterable[str], deltas: list[VolumeDelta]) -> None:
    """Take lines back; a refund that is taken back lets its line stand again."""
    for serial in serials:
        line = page.lines.pop(serial, None)
        if line is None:
            continue
        if line.quantity >= 0:
            _stand(page, line, -1, deltas)
            continue
        original = _refundable(page, line.refunds)
        if original is not None:
            _stand(page, original, -1, deltas)
            original.refunded += line.quantity
            original.refunded_scope += line.scope
            _stand(page, original, 1, deltas)


def count(page: VisitPage, settled: Settled, deltas: list[VolumeDelta]) -> None:
    """An outpatient's or a pharmacy's lines are volumes while their settlement stands: count those that it covers."""
    if page.kind == STAY:
        return
    for line in page.lines.values():
        if line.quantity >= 0 and line.counted_by < 0 and (not settled.batch or line.batch == settled.batch):
            line.counted_by = settled.message
            _count_line(page, line, 1, deltas)


def discount(page: VisitPage, settled: Settled, deltas: list[VolumeDelta]) -> None:
    """The settlement stands no more: the lines that counted by it do not, unless another one covers them."""
    if page.kind == STAY:
        return
    for line in page.lines.values():
        if line.counted_by == settled.message:
            _count_line(page, line, -1, deltas)
            line.counted_by = -1
    for other in page.settlements:
        if not other.void:
            count(page, other, deltas)


def _count_line(page: VisitPage, line: PostedLine, sign: int, deltas: list[VolumeDelta]) -> None:
    left, scope = line.quantity - line.refunded, line.scope - line.refunded_scope
    if line.is_volume and left > 0:
        message = page.messages[line.counted_by]
        in_stay = page.kind == STAY
        deltas.append(VolumeDelta(line.item, line.time // DAY, sign * left, sign * max(scope, 0), message, in_stay))


def tell_stays(page: VisitPage, deltas: list[VolumeDelta], since: int) -> None:
    """Say of the stay's items that ``deltas`` from ``since`` on have changed on which day of a month each was given first.

    A course is one event, however many daily lines it has. How it was before follows from what has changed, so nothing of it
    is kept.
    """
    changes: dict[str, dict[int, int]] = {}
    messages: dict[str, Reference] = {}
    for delta in deltas[since:]:
        days = changes.setdefault(delta.item, {})
        days[delta.day] = days.get(delta.day, 0) + (1 if delta.quantity > 0 else -1)
        messages[delta.item] = delta.message
    given: dict[str, dict[int, int]] = {item: {} for item in changes}
    for line in page.lines.values():
        if line.item in given and line.is_volume and line.counted_by >= 0 and line.quantity - line.refunded > 0:
            days, day = given[line.item], line.time // DAY
            days[day] = days.get(day, 0) + 1
    for item, changed in changes.items():
        now = given[item]
        before = dict(now)
        for day, count in changed.items():
            before[day] = before.get(day, 0) - count
        for month in sorted({month_of(day) for day in changed}):
            old, new = _first_given(before, month), _first_given(now, month)
            if old != new:
                if old >= 0:
                    deltas.append(VolumeDelta(item, old, 0.0, 0, messages[item], True, -1))
                if new >= 0:
                    deltas.append(VolumeDelta(item, new, 0.0, 0, messages[item], True, 1))


def _first_given(lines: dict[int, int], month: int) -> int:
    """The first day of the month that has lines, -1 where none has."""
    begin, end, first = first_day(month), first_day(month + 1), -1
    for day, count in lines.items():
        if count > 0 and begin <= day < end and (first < 0 or day < first):
            first = day
    return first


def service_days(page: VisitPage) -> tuple[int, ...]:
    """Days on which this institution itself served the patient, by the lines that stand; examinations done elsewhere
    do not count."""
    days: list[int] = []
    for line in page.lines.values():
        day = line.time // DAY
        if day not in days and not line.is_external and _stands(line):
            days.append(day)
    days.sort()
    return tuple(days)


def drugs_only(page: VisitPage) -> bool:
    """Whether all that stands is drugs and the routine fees of fetching them."""
    has_drugs = False
    for line in page.lines.values():
        category = line.category
        if category in DRUGS:
            has_drugs = has_drugs or _stands(line)
        elif category not in ROUTINE and _stands(line):
            return False
    return has_drugs


def _stands(line: PostedLine) -> bool:
    return line.quantity >= 0 and (line.quantity - line.refunded > 0 or line.scope - line.refunded_scope > 0)


def is_settled(page: VisitPage, line: PostedLine) -> bool:
    """Whether a standing settlement covers the line."""
    if page.kind == STAY:  # inpatient lines bear no batch: an interim settlement covers what was billed before it
        billed = page.messages[line.message].inf_time
        return any(not s.void and billed <= page.messages[s.message].inf_time for s in page.settlements)
    return any(not s.void and (not s.batch or s.batch == line.batch) for s in page.settlements)
