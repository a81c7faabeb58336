"""超床位收治: a hospital has far more people in its books than beds.

Blatant: three for every two beds, for ten days. Careful: a tenth more for less than a week.
"""

import math
from dataclasses import dataclass
from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "J44.100", "J20.900")
FILLING = 5  # days until the wards are full, at most
LEAST_DAYS = 3  # in a row above the approved beds
MEAN_STAY = 7  # days
MOST_EXTRA = 120  # stays that one scheme adds, at most


@dataclass(slots=True)
class _Run:
    """One hospital's weeks: how many it wants, until when, since when it is above its beds, and the longest such time."""

    hospital: Institution
    wanted: int
    last: int
    since: int = -1
    added: int = 0
    longest: tuple[int, int] = (0, 0)


def hide(backstage: Backstage) -> None:
    """Fills a hospital or two beyond their beds."""
    chance = backstage.chance
    hospitals = sorted(backstage.dishonest(("private", "township"), 0.4), key=lambda i: i.beds)
    wanted = min(len(hospitals), backstage.count(per_thousand_people_and_month=0.04, least=1))
    for hospital in hospitals[:wanted]:
        strength = backstage.strength()
        lasting = FILLING + 6 + round(5 * strength)
        if backstage.days < lasting + 2:
            continue
        first = chance.randint(1, backstage.days - lasting - 1)
        run = _Run(hospital, math.ceil(hospital.beds * (1.12 + 0.5 * strength)), first + lasting)
        backstage.on_morning(first, partial(_morning, backstage, run))


def _morning(backstage: Backstage, run: _Run, day: int) -> None:
    """Admits some of those who are missing; notes how full it was this morning."""
    chance, hospital = backstage.chance, run.hospital
    census = backstage.census(hospital)
    if census <= hospital.beds:
        run.since = -1
    elif run.since < 0:
        run.since = day
    if run.since >= 0 and day - run.since > run.longest[1] - run.longest[0]:
        run.longest = run.since, day
    if day < run.last:
        missing = run.wanted - census + round(run.wanted / MEAN_STAY)  # so many will leave today
        today = missing if run.since >= 0 else min(missing, max(2, run.wanted // FILLING))
        for _ in range(max(0, min(today, MOST_EXTRA - run.added))):
            person = backstage.person_near(hospital, day, day + 10, ages=(20, 95))
            if person is not None:
                backstage.keep([person], day, day + 10)
                backstage.admit(
                    backstage.plan(person, hospital, day, backstage.illness(ILLNESSES), chance.randint(5, 9))
                )
                run.added += 1
        backstage.on_morning(day + 1, partial(_morning, backstage, run))
    elif run.longest[1] - run.longest[0] >= LEAST_DAYS:
        begin, end = run.longest
        backstage.label(Hidden(backstage.pattern, hospital.index, (begin - 1) * DAY, end * DAY))
