"""Where does an infection go round? A village or two for a fortnight, with families who really lie in together."""

from dataclasses import dataclass

import numpy as np

from simulation.admissions import Admissions
from simulation.baskets import Party
from simulation.diagnoses import DIAGNOSES
from simulation.draws import Ints, single, stream
from simulation.timeline import DAY
from simulation.visits import Visits
from simulation.world import World

EVERY_DAYS = 40  # one outbreak in so many days for each 20,000 people
VISIT_RATE = 0.006  # of the village's people, a day at the peak
ADMITTED = 0.09  # of those who see a doctor
WHOLE_FAMILY = 0.3  # of the admitted: others of the household come too


@dataclass(frozen=True, slots=True)
class Outbreak:
    """One infection in one village."""

    first_day: int
    days: int
    diagnosis: int  # place in DIAGNOSES
    members: Ints  # the people of the village


class Outbreaks:
    """Books the cases that outbreaks add to ordinary life."""

    def __init__(self, world: World, visits: Visits, admissions: Admissions) -> None:
        self._world, self._visits, self._admissions = world, visits, admissions
        rng = stream(world.seed, "outbreaks")
        people = world.people
        count = max(1, int(rng.poisson(people.residents / 20_000 * world.timeline.days / EVERY_DAYS)))
        infectious = [place for place, d in enumerate(DIAGNOSES) if d.trait == "infectious"]
        village_of = people.village[people.household[: people.residents]]
        order = np.argsort(village_of, kind="stable")
        begins = np.searchsorted(village_of[order], np.arange(int(people.village.max()) + 2))
        self._outbreaks = []
        for _ in range(count):
            village = int(rng.integers(0, len(begins) - 1))
            first = int(rng.integers(-5, world.timeline.days))
            members = order[begins[village] : begins[village + 1]]
            self._outbreaks.append(Outbreak(first, int(rng.integers(9, 20)), int(rng.choice(infectious)), members))

    def open_day(self, day: int) -> None:
        """Books today's cases."""
        for number, outbreak in enumerate(self._outbreaks):
            if outbreak.first_day <= day < outbreak.first_day + outbreak.days and len(outbreak.members):
                self._spread(outbreak, number, day)

    def _spread(self, outbreak: Outbreak, number: int, day: int) -> None:
        world, rng = self._world, stream(self._world.seed, "outbreak", number, day)
        progress = (day - outbreak.first_day + 0.5) / outbreak.days
        mean = len(outbreak.members) * VISIT_RATE * 4 * progress * (1 - progress)
        cases = np.unique(rng.choice(outbreak.members, int(rng.poisson(mean))))
        cases = self._visits.at_home(day, cases)
        chance = single(rng)
        admitted = set()
        for person in cases.tolist():
            if chance.random() < ADMITTED and world.people.is_free(person, day * DAY, (day + 20) * DAY):
                plan = self._admissions.admit(person, day, DIAGNOSES[outbreak.diagnosis], chance)
                admitted.add(person)
                if plan is not None and chance.random() < WHOLE_FAMILY:
                    self._admissions.admit_family(plan, chance, most=3)
        seen = np.array([person for person in cases.tolist() if person not in admitted], np.int64)
        villages = world.people.village[world.people.household[seen]]
        kind = "clinic" if rng.random() < 0.5 else "township"
        party = Party(seen, world.catchment.choose(kind, villages, rng), np.full(len(seen), outbreak.diagnosis))
        self._visits.clinic(day, party, rng)
