"""Which institutions does a county of so many people have, and what are their habits?

Levels and kinds follow the sample codes of the master records (hosp_lv 02 tertiary … 11 pharmacy). A habit is a
property of an institution's software, so it marks honest and dishonest patients alike.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

REGION = "500106"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of institution: one in every `people` inhabitants, at least `least`: of the common kinds enough for peers."""

    key: str
    title: str
    people: int
    least: int
    medins_type: str
    level: str
    beds_per_thousand: float  # of the whole population, shared by the institutions of the kind
    assortment: float  # share of the drugs it keeps
    price: float  # of the limit


# Beds: 0.62 admissions per 1,000 and day × 8.3 days ≈ 5.2 open stays per 1,000, at 80 % occupancy 6.5 beds;
# they are spread over the kinds as admissions are.
KINDS = (
    Kind("tertiary", "市中心医院", 400_000, 0, "A100", "02", 0.9, 0.95, 1.0),
    Kind("county", "区人民医院", 120_000, 1, "A100", "05", 2.7, 0.9, 0.98),
    Kind("tcm", "中医院", 150_000, 1, "A210", "06", 1.1, 0.85, 0.96),
    Kind("maternity", "妇幼保健院", 300_000, 1, "G100", "06", 0.35, 0.6, 0.96),
    Kind("township", "镇卫生院", 15_000, 8, "C220", "09", 1.1, 0.55, 0.92),
    Kind("private", "民营医院", 15_000, 8, "A100", "08", 1.5, 0.6, 0.97),
    Kind("psychiatric", "精神病医院", 250_000, 1, "A520", "08", 0.9, 0.4, 0.96),
    Kind("dialysis", "血液透析中心", 250_000, 1, "D1", "08", 0.0, 0.3, 1.0),
    Kind("clinic", "村卫生室", 2_000, 8, "D600", "10", 0.0, 0.35, 0.9),
    Kind("pharmacy", "大药房", 2_200, 8, "P", "11", 0.0, 0.75, 0.99),
)
LEAST_BEDS = 20
SPECIALTIES = (  # of every eighth private hospital, in turn: a name, and the illnesses for which people come from far
    ("骨科医院", ("S72.000", "S22.300", "M51.202")),
    ("泌尿外科医院", ("N20.100", "K80.200")),
)
SPECIALIST_EVERY, SPECIALIST = 8, 3
WITH_BEDS = tuple(kind.key for kind in KINDS if kind.beds_per_thousand > 0)


@dataclass(frozen=True, slots=True)
class Habits:
    """How an institution's software behaves on the wire."""

    numbers_as_text: bool
    leaves_out_optional: bool
    sends_extra_fields: bool
    days_only: bool  # fee_ocur_time without a time of day in out-patient lines
    splits_upload: bool  # treatment in the evening, bed and nursing in the night job
    night_job: int  # second after midnight at which the day's lines go up
    late_share: float  # of stay-days whose lines come a day or more too late
    relay_delay: int  # seconds until the gateway has relayed a call
    enters_at_night: bool  # a village clinic whose doctor types the day's visits in after supper


@dataclass(frozen=True, slots=True)
class Institution:
    """One institution; `index` is its place in the county's list."""

    index: int
    code: str
    name: str
    kind: Kind
    beds: int
    longitude: float
    latitude: float
    doctors: int
    operators: int
    habits: Habits
    specialty: tuple[str, ...] = ()  # codes of the only illnesses it takes in; empty: whatever comes

    @property
    def is_pharmacy(self) -> bool:
        """Sells by transaction 2102."""
        return self.kind.key == "pharmacy"


def distance_km(one: Institution, other: Institution) -> float:
    """As the crow flies."""
    squeeze = math.cos(math.radians((one.latitude + other.latitude) / 2))
    return 111.2 * math.hypot((one.longitude - other.longitude) * squeeze, one.latitude - other.latitude)


def distances_km(ones: list[Institution], others: list[Institution]) -> NDArray[np.float64]:
    """The same for every pair, a row for each of the first."""
    one, other = (np.array([(i.longitude, i.latitude) for i in each]) for each in (ones, others))
    squeeze = np.cos(np.radians((one[:, None, 1] + other[None, :, 1]) / 2))
    east, north = one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1]
    kilometres: NDArray[np.float64] = 111.2 * np.hypot(east * squeeze, north)
    return kilometres


def found(people: int, rng: np.random.Generator) -> list[Institution]:
    """The institutions of a county of `people`, in order of kind."""
    founded: list[Institution] = []
    for kind in KINDS:
        count = max(kind.least, round(people / kind.people))
        beds = (
            max(LEAST_BEDS, round(kind.beds_per_thousand * people / 1000 / count))
            if kind.beds_per_thousand and count
            else 0
        )
        first = len(founded)
        founded += [_one(first + number, number + 1, kind, beds, rng) for number in range(count)]
    return founded


def _one(index: int, number: int, kind: Kind, beds: int, rng: np.random.Generator) -> Institution:
    letter = "P" if kind.key == "pharmacy" else "H"
    sized = round(beds * rng.uniform(0.75, 1.3))
    title, specialty = f"{kind.title}{number}", tuple[str, ...]()
    if kind.key == "private" and number % SPECIALIST_EVERY == SPECIALIST:
        title, specialty = SPECIALTIES[number // SPECIALIST_EVERY % len(SPECIALTIES)]
        title = title if number < SPECIALIST_EVERY * len(SPECIALTIES) else f"{title}{number}"
    return Institution(
        index=index,
        code=f"{letter}{REGION}{index + 1:05}",
        name=title,
        kind=kind,
        beds=sized,
        longitude=round(float(rng.uniform(106.40, 106.90)), 5),
        latitude=round(float(rng.uniform(29.50, 29.90)), 5),
        doctors=int(rng.integers(2, 5)) + beds // 6,
        operators=int(rng.integers(1, 3)) + beds // 25,
        habits=_habits(rng, enters_at_night=kind.key == "clinic" and number % 10 in (2, 5, 8)),
        specialty=specialty,
    )


def _habits(rng: np.random.Generator, enters_at_night: bool) -> Habits:
    return Habits(
        numbers_as_text=bool(rng.random() < 0.2),
        leaves_out_optional=bool(rng.random() < 0.3),
        sends_extra_fields=bool(rng.random() < 0.2),
        days_only=bool(rng.random() < 0.06),
        splits_upload=bool(rng.random() < 0.2),
        night_job=int(rng.integers(1_200, 18_000)),
        late_share=float(rng.choice([0.002, 0.01, 0.03, 0.06])),
        relay_delay=int(rng.integers(0, 4)),
        enters_at_night=enters_at_night,
    )
