"""Which institutions are compared with one another, and what is kept of such a group?

A group is of one region (city), kind (medins_type) and level (hosp_lv); where it has too few members the wider ones are
asked: of that kind, then all of the region. Pages hold sums and counts, nothing by member, so ten thousand of them take no
more room than a hundred; each member remembers what it counts as, so that it can be left out, and be taken back.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Final, TypeVar

from detectors.books.peer_calendar import first_day
from detectors.engine.page import NEVER, Page
from schemas.china_time import DAY
from schemas.references import Institution

KEPT: Final = 110  # days after a month's end
MONTHS_KEPT: Final = 6
# All of a region, whatever their kind, by whether they have stays, visits, or nothing but sales.
WITH_STAYS, WITH_VISITS, SELLS_ONLY = "住院", "门诊", "药店"
CLASSES_OF_ALL: Final = (WITH_STAYS, WITH_VISITS, SELLS_ONLY)
LEAST_PEERS: Final = 4  # others in a group; with fewer the next wider one is asked


ValueT = TypeVar("ValueT")


class NormPage(Page, kw_only=True):
    """What one kind of case cost a group, by month: cases, total and logs (`schemas.peer_days.Cases`)."""

    layout: ClassVar[int] = 1
    prefix: ClassVar[bytes] = b"N"

    months: dict[int, tuple[int, int, int]] = {}

    def forgets_at(self) -> int:
        """When its last month is forgotten."""
        return forgotten(self.months)


class SpreadPage(Page, kw_only=True):
    """How a group's members are spread: by month and indicator, how many lie in each bin of a `BINS`-th."""

    layout: ClassVar[int] = 2
    prefix: ClassVar[bytes] = b"G"

    months: dict[int, dict[str, dict[int, int]]] = {}

    def forgets_at(self) -> int:
        """When its last month is forgotten."""
        return forgotten(self.months)


def forgotten(months: Mapping[int, object]) -> int:
    """When the last of them is."""
    return (first_day(max(months) + 1) + KEPT) * DAY if months else NEVER


def latest(months: dict[int, ValueT], month: int) -> dict[int, ValueT]:
    """The months that are still asked about when there is ``month`` as well."""
    newest = max(month, *months) if months else month
    return {known: value for known, value in months.items() if known > newest - MONTHS_KEPT}


def groups_of(region: str, known: Institution | None) -> tuple[str, ...]:
    """The names of its groups, the narrowest first; of an institution that nobody has described only the last."""
    widest = region or "-"
    if known is None or not known.kind or not region:
        return (widest,)
    kind = f"{widest} {known.kind}"
    return (f"{kind} {known.level}", kind, widest) if known.level else (kind, widest)


def is_of_one_kind(group: str) -> bool:
    """Whether its members are of one kind: all of a region that have beds are too different in what they are."""
    return " " in group and not group.endswith(CLASSES_OF_ALL)
