"""Do an institution's bed codes number its beds?

Of its newest stays the number at the end of each bed's code. Where most lie far above the approved beds, the codes are
rooms', or made up, and that two stays have the same one says little. The pages of shared beds hear how far they go.
"""

from __future__ import annotations

import re
from typing import ClassVar, Final

from detectors.engine.page import Page

MOST_STAYS: Final = 60  # the newest
FEWEST_STAYS: Final = 8  # fewer show nothing
MOST_SHARED: Final = 60  # beds that are told; beyond them a page keeps what it heard last
_USUAL: Final = 0.7  # of the stays lie no further than the reach
_NUMBER: Final = re.compile("[0-9]+")


class BedCodesPage(Page, kw_only=True):
    """One institution's bed numbers: by visit its begin and its bed's number."""

    prefix: ClassVar[bytes] = b"B"

    institution: str
    numbers: dict[str, tuple[int, int]] = {}
    shared: list[bytes] = []  # keys of shared beds' pages

    def post(self, visit: str, begin: int, code: str) -> bool:
        """Upsert; whether anything changed. "" takes the visit out."""
        number = number_of(code)
        held = self.numbers.get(visit)
        if number is None:
            return self.numbers.pop(visit, None) is not None
        if held == (begin, number):
            return False
        if held is None and len(self.numbers) >= MOST_STAYS:
            oldest = (begin, visit)
            for name, (since, _) in self.numbers.items():
                if since < oldest[0] or (since == oldest[0] and name < oldest[1]):
                    oldest = (since, name)
            if oldest[1] == visit:
                return False
            del self.numbers[oldest[1]]
        self.numbers[visit] = begin, number
        return True

    def share(self, bed: bytes, is_shared: bool) -> bool:
        """Note whether that bed is shared; whether that is new."""
        if is_shared == (bed in self.shared) or (is_shared and len(self.shared) >= MOST_SHARED):
            return False
        self.shared = sorted({*self.shared, bed}) if is_shared else [one for one in self.shared if one != bed]
        return True

    def reach(self) -> int:
        """About how far the numbers go, rounded down to a power of two so that it seldom changes; 0: not known."""
        if len(self.numbers) < FEWEST_STAYS:
            return 0
        numbers = sorted(number for _, number in self.numbers.values())
        usual = numbers[int(_USUAL * (len(numbers) - 1))]
        return int(1 << (usual.bit_length() - 1)) if usual else 0


def number_of(code: str) -> int | None:
    """The last number in a bed's code."""
    found = _NUMBER.findall(code)
    return int(found[-1][-9:]) if found else None


def bed_codes_key(institution: str) -> bytes:
    """The key of its page."""
    return b"B" + institution.encode()
