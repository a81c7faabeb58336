"""Who comes back again and again, and who is born?

Chemotherapy every 21 days, failing hearts and lungs every two months, and mothers with their newborns.
"""

import random

import numpy as np

from simulation.admissions import REST
from simulation.diagnoses import BY_CODE, CAESAREAN, CHEMOTHERAPY, NATURAL_BIRTH, NEWBORN
from simulation.draws import Ints, single, stream
from simulation.plans import make_plan
from simulation.stays import StayPlan
from simulation.timeline import DAY
from simulation.ward import HOUR, Ward
from simulation.world import World

CYCLE = 21  # days from one course to the next
CANCER_PATIENTS = 0.45 / 1000  # of the population, on a course
FRAIL_PATIENTS = 0.4 / 1000  # of the population, in a ward every other month with an illness that explains it
FRAIL = ("I50.900", "J44.100", "C34.900", "I63.900")
FRAIL_EVERY = (38, 80)  # days from one admission to the next
MOTHERS = (20, 41)  # years


class Series:
    """Books the stays that were planned before their day."""

    def __init__(self, world: World, ward: Ward) -> None:
        self._world = world
        self._ward = ward
        rng = stream(world.seed, "series")
        people = world.people
        old = np.flatnonzero(people.born[: people.residents] < world.timeline.start.toordinal() - 45 * 365)
        count = min(len(old), max(1, round(people.residents * CANCER_PATIENTS)))
        self._cancer = np.sort(rng.choice(old, count, replace=False))
        people.kept_from[self._cancer], people.kept_until[self._cancer] = -1, world.timeline.end * 2
        # A course begins on a weekday, and with it, 21 days being three weeks, all that follow.
        weekdays = [day for day in range(CYCLE) if not world.timeline.is_weekend(day)]
        self._course_day = rng.choice(weekdays, count)
        self._mothers, self._birthdays = self._expect(rng)
        rest = np.setdiff1d(old, self._cancer)
        self._frail = np.sort(rng.choice(rest, min(len(rest), round(people.residents * FRAIL_PATIENTS)), replace=False))
        people.kept_from[self._frail], people.kept_until[self._frail] = -1, world.timeline.end * 2
        self._next_day = rng.integers(0, FRAIL_EVERY[1], len(self._frail))

    def open_day(self, day: int) -> None:
        """Books the courses and the births of today."""
        chance = single(stream(self._world.seed, "series", day))
        for person in self._cancer[self._course_day == day % CYCLE].tolist():
            self._course(person, day, chance)
        for place in np.flatnonzero(self._next_day == day).tolist():
            self._relapse(place, int(self._frail[place]), day, chance)
        for place in np.flatnonzero(self._birthdays == day).tolist():
            self._birth(int(self._mothers[place]), self._world.people.residents + place, day, chance)

    def _course(self, person: int, day: int, chance: random.Random) -> None:
        if self._world.people.busy_until[person] > day * DAY or chance.random() < 0.04:
            return
        kinds = [kind for kind in ("county", "tertiary") if kind in self._world.catchment]
        hospital = self._near(person, kinds[person % len(kinds)])
        self._ward.book(make_plan(self._world, person, hospital, day, CHEMOTHERAPY, chance, chance.randint(2, 4)))

    def _relapse(self, place: int, person: int, day: int, chance: random.Random) -> None:
        """The same illness as ever, mostly in the same hospital."""
        self._next_day[place] = day + chance.randint(*FRAIL_EVERY)
        if self._world.people.busy_until[person] > day * DAY:
            return
        kind = "county" if chance.random() < 0.7 else ("township", "tcm")[person % 2]
        illness = BY_CODE[FRAIL[person % len(FRAIL)]]
        self._ward.book(make_plan(self._world, person, self._near(person, kind), day, illness, chance))

    def _birth(self, mother: int, child: int, day: int, chance: random.Random) -> None:
        people = self._world.people
        if not people.is_free(mother, day * DAY, (day + 12) * DAY):
            return
        diagnosis = CAESAREAN if chance.random() < 0.4 else NATURAL_BIRTH
        hospital = self._near(mother, "maternity" if chance.random() < 0.6 else "county")
        stay = make_plan(self._world, mother, hospital, day, diagnosis, chance)
        born = min(stay.begin + chance.randint(2 * HOUR, 14 * HOUR), stay.end - 12 * HOUR)
        last = stay.end + chance.randint(0, 600) if chance.random() < 0.8 else stay.end + 2 * DAY
        newborn = StayPlan(child, hospital, NEWBORN, "9921", born, last, frozenset(), chance.getrandbits(48))
        people.rests_until[mother] = stay.end + REST
        for plan in (stay, newborn):
            self._ward.book(plan)

    def _near(self, person: int, kind: str) -> int:
        people = self._world.people
        return self._world.catchment.near(kind, int(people.village[people.household[person]]))[0]

    def _expect(self, rng: np.random.Generator) -> tuple[Ints, Ints]:
        """Mothers and birthdays; the newborns, who are the last persons, join their households."""
        people, timeline = self._world.people, self._world.timeline
        newborns = len(people.household) - people.residents
        today = timeline.start.toordinal()
        ages = (today - people.born[: people.residents]) / 365.25
        women = np.flatnonzero((people.gender[: people.residents] == 2) & (ages >= MOTHERS[0]) & (ages < MOTHERS[1]))
        newborns = min(newborns, len(women))
        mothers = rng.choice(women, newborns, replace=False)
        days = rng.integers(0, timeline.days, newborns)
        children = slice(people.residents, people.residents + newborns)
        people.household[children] = people.household[mothers]
        people.born[children] = today + days
        return mothers, days
