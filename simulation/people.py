"""Who lives in the county, with whom, and what is known about them?

Held in arrays (about 60 bytes a person), because a county has a million people. Members of a household are next to
one another; newborns of the period come after everybody else and belong to their mother's household.
"""

from dataclasses import dataclass
from datetime import date
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from simulation.draws import Floats, Ints

PEOPLE_PER_VILLAGE = 1_500
PEOPLE_PER_NURSING_HOME = 9_000
_PRIME = 9_999_999_967  # psn_no must not tell who lives with whom
_HOUSEHOLDS: tuple[tuple[float, tuple[int, ...]], ...] = (  # share, mean age of each member
    (0.13, (45,)), (0.07, (74,)), (0.2, (70, 68)), (0.12, (42, 40)), (0.2, (38, 36, 9)),
    (0.12, (37, 35, 11, 6)), (0.1, (66, 40, 38, 12)), (0.06, (70, 68, 42, 40, 14)),
)  # fmt: skip
NOT_KNOWN = -1
LONG_AGO = -(1 << 60)


@dataclass(slots=True)
class People:
    """Arrays by person; `household_of`, `village_of` (by household) and so on are indices."""

    household: NDArray[np.int32]
    born: NDArray[np.int32]  # proleptic ordinal of the birthday
    gender: NDArray[np.int8]
    employed: NDArray[np.bool_]
    special: NDArray[np.int8]  # index into SPECIAL
    chronic: NDArray[np.int8]  # index into CHRONIC, NOT_KNOWN for none
    listed: NDArray[np.bool_]  # has a reference record
    housed: NDArray[np.bool_]  # whose record names the household
    village: NDArray[np.int32]  # by household
    first_member: NDArray[np.int64]  # by household
    size: NDArray[np.int64]  # by household, without newborns
    nursing_homes: int  # the last so many households
    residents: int  # without newborns
    busy_until: NDArray[np.int64]  # second until which the person is in a ward, or dead
    rests_until: NDArray[np.int64]  # second before which no ordinary admission happens
    kept_from: NDArray[np.int64]  # a planned absence: no ordinary admission inside it
    kept_until: NDArray[np.int64]
    age_order: Floats  # cumulative weight of falling ill
    lies_in: NDArray[np.int32]  # institution of the newest stay
    phone_of: NDArray[np.int32]  # by household: whose telephone it names, mostly its own
    employer: NDArray[np.int32]  # number of the employer, of the employed

    def psn_no(self, person: int) -> str:
        """The insured person's number."""
        return _psn_no(person)

    def household_id(self, household: int) -> str:
        """The number of the household."""
        return f"HH{household + 1:06}"

    def address(self, household: int) -> str:
        """A made address; the same for all members."""
        village = int(self.village[household])
        return f"{_VILLAGES[village % len(_VILLAGES)]}村{village // len(_VILLAGES) + 1}社{household % 12 + 1}组{household}号"

    def telephone(self, household: int) -> str:
        """A made number of eleven digits; some households name a grown child's, or that of the village's clerk."""
        return f"13{(int(self.phone_of[household]) * 48_271 + 77) % 999_999_937:09}"

    def employer_name(self, person: int) -> str:
        """A made name of an employer."""
        return employer_title(int(self.employer[person]))

    def birthday(self, person: int) -> str:
        """`yyyy-MM-dd`."""
        return day_text(int(self.born[person]))

    def insurance(self, person: int) -> str:
        """insutype: 310 employees, 390 residents."""
        return "310" if self.employed[person] else "390"

    def region(self, person: int) -> str:
        """Where the person is insured; one in sixty somewhere else."""
        return "500107" if person % 61 == 7 else "500106"

    def sick_people(self, rng: np.random.Generator, count: int) -> Ints:
        """Residents drawn by how often their age is ill (repeats happen)."""
        drawn: Ints = np.searchsorted(self.age_order, rng.random(count) * self.age_order[-1], side="right")
        return drawn

    def age(self, person: int, today: int) -> int:
        """Full years on the day with this ordinal."""
        return max(0, (today - int(self.born[person])) // 365)

    def is_free(self, person: int, begin: int, end: int) -> bool:
        """Neither in a ward, nor resting from one, nor spoken for between the two moments."""
        if max(self.busy_until[person], self.rests_until[person]) > begin:
            return False
        return not (self.kept_from[person] < end and begin < self.kept_until[person])


@lru_cache(maxsize=1 << 16)  # a visit names its person a dozen times
def _psn_no(person: int) -> str:
    return f"500106{(person * 6_364_136_223 + 1_442_695_041) % _PRIME:013}"


@lru_cache(maxsize=40_000)  # a hundred years of birthdays
def day_text(ordinal: int) -> str:
    """`yyyy-MM-dd` of a proleptic ordinal."""
    return date.fromordinal(ordinal).isoformat()


def employer_title(employer: int) -> str:
    """A made name of the employer with this number."""
    return f"单位{employer + 1}"


SPECIAL = ("", "7019", "7203", "7131")
_VILLAGES = (
    "幸福",
    "青山",
    "石桥",
    "龙泉",
    "柳林",
    "双河",
    "白鹤",
    "新民",
    "大坪",
    "凤凰",
    "水口",
    "金竹",
    "长岭",
    "松林",
    "桃园",
    "三溪",
)


def settle(count: int, start: date, newborns: int, rng: np.random.Generator) -> People:
    """A population of `count` residents and room for so many newborns."""
    households, ages, homes = _households(count, rng)
    residents = len(households)
    today = start.toordinal()
    born = today - np.maximum(1, ages * 365.25 + rng.uniform(-180, 180, residents)).astype(np.int32)
    first = np.flatnonzero(np.diff(households, prepend=-1))
    size = np.diff(first, append=residents)
    villages = max(3, count // PEOPLE_PER_VILLAGE)
    total = residents + newborns
    grown = ages >= 18
    chronic = np.full(total, NOT_KNOWN, dtype=np.int8)
    chance = np.clip((ages - 30) / 90, 0.0, 0.55)
    chronic[:residents][rng.random(residents) < chance] = 0
    sick = chronic == 0
    chronic[sick] = rng.choice(6, int(sick.sum()), p=[0.38, 0.22, 0.16, 0.1, 0.1, 0.04]).astype(np.int8)
    village = rng.integers(0, villages, len(first)).astype(np.int32)
    employed = np.concatenate([grown & (rng.random(residents) < 0.34), np.zeros(newborns, bool)])
    special = rng.choice(4, total, p=[0.945, 0.025, 0.02, 0.01]).astype(np.int8)
    weight = 0.5 + 1.3 * np.exp(-ages / 5) + np.maximum(ages - 30, 0) ** 1.5 / 120
    return People(
        household=np.concatenate([households, np.zeros(newborns, np.int64)]).astype(np.int32),
        born=np.concatenate([born, np.full(newborns, today)]).astype(np.int32),
        gender=rng.integers(1, 3, total).astype(np.int8),
        employed=employed,
        special=special,
        chronic=chronic,
        listed=rng.random(total) >= 0.015,
        housed=rng.random(total) >= 0.025,
        village=village,
        first_member=first,
        size=size,
        nursing_homes=homes,
        residents=residents,
        busy_until=np.full(total, LONG_AGO, np.int64),
        rests_until=np.full(total, LONG_AGO, np.int64),
        kept_from=np.full(total, 1 << 60, np.int64),
        kept_until=np.full(total, -1, np.int64),
        age_order=np.cumsum(weight),
        lies_in=np.zeros(total, np.int32),
        phone_of=_telephones(village, rng),
        employer=_employers(total, int(employed.sum()), rng),
    )


def _telephones(village: NDArray[np.int32], rng: np.random.Generator) -> NDArray[np.int32]:
    """One household in thirty names the telephone of grown children, one in a hundred that of the village's clerk."""
    households = len(village)
    phone_of = np.arange(households, dtype=np.int32)
    draw = rng.random(households)
    children = rng.integers(0, households, households).astype(np.int32)
    clerks = np.unique(village, return_index=True)[1].astype(np.int32)  # every village has a household
    phone_of = np.where(draw < 0.033, children, phone_of)
    named: NDArray[np.int32] = np.where(draw > 0.99, clerks[np.searchsorted(np.unique(village), village)], phone_of)
    return named


def _employers(total: int, employed: int, rng: np.random.Generator) -> NDArray[np.int32]:
    """A few large employers and many small ones."""
    count = max(3, employed // 22)
    weight = np.cumsum(np.arange(1, count + 1) ** -0.95)
    drawn: NDArray[np.int32] = np.searchsorted(weight, rng.random(total) * weight[-1]).astype(np.int32)
    return drawn


def _households(count: int, rng: np.random.Generator) -> tuple[Ints, Floats, int]:
    homes = count // PEOPLE_PER_NURSING_HOME if count >= PEOPLE_PER_NURSING_HOME else int(count >= 1_500)
    home_sizes = rng.integers(22, 56, homes)
    families = count - int(home_sizes.sum())
    shares = np.array([share for share, _ in _HOUSEHOLDS])
    kinds = rng.choice(len(_HOUSEHOLDS), families, p=shares / shares.sum())
    sizes = np.array([len(ages) for _, ages in _HOUSEHOLDS])[kinds]
    kinds = kinds[: int(np.searchsorted(np.cumsum(sizes), families, side="left")) + 1]
    sizes = np.array([len(ages) for _, ages in _HOUSEHOLDS])[kinds]
    roles = np.array([ages + (0,) * (5 - len(ages)) for _, ages in _HOUSEHOLDS])[kinds]
    place = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    mean = roles[np.repeat(np.arange(len(kinds)), sizes), place][:families]
    ages = np.maximum(0.1, mean + rng.normal(0, 1, families) * np.where(mean < 18, 4, 8))
    household = np.repeat(np.arange(len(kinds)), sizes)[:families]
    in_homes = np.repeat(np.arange(homes), home_sizes) + int(household[-1]) + 1
    old = rng.uniform(68, 95, int(home_sizes.sum()))
    return np.concatenate([household, in_homes]), np.minimum(np.concatenate([ages, old]), 102), homes
