"""What was a stay's bill for?"""

from __future__ import annotations

import msgspec

from detectors.books.visit import PostedLine, VisitPage
from schemas.china_time import DAY
from schemas.codes import DRUGS, EXAMINATION, LABORATORY, OPERATION, ROUTINE, TREATMENT, is_infused


class Bill(msgspec.Struct, frozen=True):
    """Scope by what it was for, fen, of lines that stand; what is taken home is no drug of the stay.

    ``has_course``: treated on a day on which no blood was taken, be it for a few yuan, such as an infusion's fee;
    ``diagnostic_lines``: how many; ``messages``: those that billed them, by index on the visit's page.
    """

    diagnostics: int = 0
    treatment: int = 0
    drugs: int = 0
    routine: int = 0
    other: int = 0
    home: int = 0
    has_operation: bool = False
    has_infusion: bool = False
    has_course: bool = False
    unsorted: int = 0  # of ``other``: lines of which no category is known
    diagnostic_lines: int = 0
    messages: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """All but the drugs taken home."""
        return self.diagnostics + self.treatment + self.drugs + self.routine + self.other

    @property
    def is_tests_alone(self) -> bool:
        """Nothing but tests and the bed: not a drug, not a treatment, nothing taken home."""
        return self.diagnostics > 0 and self.home == 0 and self.diagnostics + self.routine == self.total

    def share(self, part: int) -> float:
        """A part of the total; 0 of nothing."""
        return part / self.total if self.total else 0.0


def bill_of(page: VisitPage) -> Bill:
    """The bill as its lines say by now."""
    sums = dict.fromkeys(("diagnostics", "treatment", "drugs", "routine", "other", "home"), 0)
    diagnostic_lines, messages = 0, set[int]()
    standing = [line for line in page.lines.values() if line.stands]
    for line in standing:
        scope = line.scope_left
        sums[_purpose(line)] += scope
        if line.category in (EXAMINATION, LABORATORY):
            diagnostic_lines += 1
            messages.add(line.message)
    return Bill(
        **sums,
        has_operation=any(line.category == OPERATION for line in standing),
        has_infusion=any(line.category in DRUGS and line.is_active and is_infused(line.item) for line in standing),
        has_course=bool(_days(standing, TREATMENT) - _days(standing, LABORATORY)),
        unsorted=sum(line.scope_left for line in standing if not line.category),
        diagnostic_lines=diagnostic_lines,
        messages=tuple(sorted(messages)),
    )


def _days(lines: list[PostedLine], category: str) -> set[int]:
    return {line.time // DAY for line in lines if line.category == category}


def _purpose(line: PostedLine) -> str:
    if line.category in (EXAMINATION, LABORATORY):
        return "diagnostics"
    if line.category in DRUGS:
        return "drugs" if line.is_active else "home"
    if line.category in ROUTINE:
        return "routine"
    return "treatment" if line.category == TREATMENT else "other"
