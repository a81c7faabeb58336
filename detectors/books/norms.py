"""What does a kind of case cost the institutions of a group? Cases, money and logarithms are counted and taken back exactly."""

from __future__ import annotations

from detectors.books.peer_groups import NormPage, latest
from detectors.engine.pages import Pages
from schemas.peer_days import Cases


def norm_key(group: str, kind: str) -> bytes:
    """The key of a kind's norm."""
    return f"N{group}\0{kind}".encode()


def count_cases(pages: Pages, groups: tuple[str, ...], month: int, cases: tuple[Cases, ...], by: int) -> None:
    """Count cases ``by`` +1 or -1 in their groups' norms; also as what they have in common, the way of being served."""
    for group in groups:
        common: dict[str, list[int]] = {}
        for one in cases:
            if len(one.kind) > 1:  # a sale has no diagnosis: all that it shows is what all sales have in common
                _count(pages, norm_key(group, one.kind), month, by * one.count, by * one.total, by * one.logs)
            sums = common.setdefault(one.kind[0], [0, 0, 0])
            sums[0] += by * one.count
            sums[1] += by * one.total
            sums[2] += by * one.logs
        for kind, (count, total, logs) in common.items():
            _count(pages, norm_key(group, kind + "*"), month, count, total, logs)


def _count(pages: Pages, key: bytes, month: int, count: int, total: int, logs: int) -> None:
    page = pages.open(NormPage, key, NormPage)
    if month not in page.months:
        page.months = {**latest(page.months, month), month: (0, 0, 0)}
        pages.sleep(key, page, page.forgets_at())
    held = page.months.get(month, (0, 0, 0))
    page.months[month] = held[0] + count, held[1] + total, held[2] + logs
    pages.changed(key, page)


def norm(pages: Pages, group: str, kind: str, month: int) -> tuple[int, int, int]:
    """What such cases cost the group in that month."""
    page = pages.get(NormPage, norm_key(group, kind))
    return (0, 0, 0) if page is None else page.months.get(month, (0, 0, 0))
