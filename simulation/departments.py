"""Where does a new department open? From then on a place has patients of a kind that it never had.

A hospital begins with backs and knees, diabetics, stones or eyes: its visits, its stays, its bills and the drugs of that
field grow within weeks and stay there. Nobody does anything wrong.
"""

from dataclasses import dataclass

import numpy as np

from simulation.admissions import Admissions
from simulation.baskets import TABLE, Party
from simulation.draws import single, stream
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.visits import KIND_SHARES, VISITS_PER_DAY, Visits
from simulation.world import World

FIELDS = (("M51.202", "M47.200", "M17.900"), ("E11.900",), ("N20.100", "K80.200"), ("I10.x05", "I25.103"))
KINDS = ("township", "private")
EVERY_DAYS = 150  # one in so many days for each 20,000 people; in a period of two months at least one
SHORTEST_PERIOD, EARLIEST, LATEST = 60, 20, 14  # days; how long after the begin and before the end, at least
GROWS = 21  # days until it is as busy as it will be
BUSY = (0.4, 1.2)  # times the visits that its kind has on a day
ADMITTED = 0.12  # of the visits become stays instead
GROWN = 45  # years


@dataclass(frozen=True, slots=True)
class Department:
    """One new department and its visits a day when it is known."""

    institution: int
    first_day: int
    illnesses: tuple[int, ...]  # places in the table of diagnoses
    visits: float


class Departments:
    """Books the patients of new departments."""

    def __init__(self, world: World, visits: Visits, admissions: Admissions) -> None:
        self._world, self._visits, self._admissions = world, visits, admissions
        self._opened: list[Department] = []
        days = world.timeline.days
        if days < SHORTEST_PERIOD:
            return
        rng = stream(world.seed, "departments")
        places = [i for i in world.institutions if i.kind.key in KINDS and not i.specialty]
        count = max(1, int(rng.poisson(world.people.residents / 20_000 * days / EVERY_DAYS)))
        for place in rng.permutation(len(places))[:count].tolist():
            field = FIELDS[int(rng.integers(len(FIELDS)))]
            illnesses = tuple(n for n, diagnosis in enumerate(TABLE) if diagnosis.code in field)
            first = int(rng.integers(EARLIEST, days - LATEST))
            usual = self._usual(places[place], places)
            self._opened.append(Department(places[place].index, first, illnesses, usual * float(rng.uniform(*BUSY))))

    def open_day(self, day: int) -> None:
        """Books today's patients of every department that is open."""
        for department in self._opened:
            if department.first_day <= day:
                self._see(department, day)

    def _usual(self, place: Institution, places: list[Institution]) -> float:
        alike = sum(other.kind is place.kind for other in places)
        return self._world.people.residents * VISITS_PER_DAY * KIND_SHARES[place.kind.key] / alike

    def _see(self, department: Department, day: int) -> None:
        world, rng = self._world, stream(self._world.seed, "department", department.institution, day)
        people, grown = world.people, min(1.0, (day - department.first_day + 1) / GROWS)
        count = int(rng.poisson(department.visits * grown * world.timeline.visits(day)))
        drawn = np.unique(self._visits.at_home(day, people.sick_people(rng, 4 * count)))
        born_before = world.timeline.date(day).toordinal() - GROWN * 365
        persons = rng.permutation(drawn[people.born[drawn] < born_before])[:count]
        illnesses = rng.choice(department.illnesses, len(persons))
        stays = rng.random(len(persons)) < ADMITTED
        chance = single(rng)
        for person, illness in zip(persons[stays].tolist(), illnesses[stays].tolist(), strict=True):
            if people.is_free(person, day * DAY, (day + 20) * DAY):
                self._admissions.book(person, department.institution, day, TABLE[illness], chance)
        seen = Party(persons[~stays], np.full(int((~stays).sum()), department.institution), illnesses[~stays])
        self._visits.clinic(day, seen, rng)
