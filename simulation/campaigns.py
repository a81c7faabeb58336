"""When do many people take the same thing on one day, because it was announced?

Health checks and flu vaccinations in the township's centre, one village at a time; an eye camp, for which a hospital
fetches the village's cataracts.
"""

import random
from dataclasses import replace

import numpy as np

from simulation.admissions import Admissions
from simulation.appointments import Appointments
from simulation.diagnoses import BY_CODE, CHRONIC
from simulation.draws import Ints, single, stream
from simulation.outpatient import Visit
from simulation.plans import make_plan
from simulation.timeline import DAY
from simulation.visits import Visits, certificates
from simulation.world import World

CHECKS_EVERY = 21  # days between two health-check days of a township's centre
CHECKED = (12, 30)  # people
CHECK = ("血常规", "尿常规", "血糖测定", "心电图")
CAMPS_EVERY = 45  # days, for each 20,000 people
CAMP = (4, 8)
AGED = 65


class Campaigns:
    """Books today's."""

    def __init__(self, world: World, visits: Visits, admissions: Admissions, appointments: Appointments) -> None:
        self._world, self._visits, self._admissions, self._appointments = world, visits, admissions, appointments
        rng = stream(world.seed, "campaigns")
        self._centres = [i.index for i in world.institutions if i.kind.key == "township"]
        self._phase = rng.integers(0, CHECKS_EVERY, len(self._centres))
        camps = int(rng.poisson(world.people.residents / 20_000 * world.timeline.days / CAMPS_EVERY))
        self._camps = rng.integers(0, world.timeline.days, camps)
        people = world.people
        ages = (world.timeline.start.toordinal() - people.born[: people.residents]) / 365.25
        self._old = np.flatnonzero(ages >= AGED)

    def open_day(self, day: int) -> None:
        """Books the checks and camps of today; nobody is called on a weekend."""
        rng = stream(self._world.seed, "campaigns", day)
        if self._world.timeline.is_weekend(day):
            return
        for centre, phase in zip(self._centres, self._phase.tolist(), strict=True):
            if day % CHECKS_EVERY == phase:
                self._check(day, centre, rng)
        for _ in range(int((self._camps == day).sum())):
            self._camp(day, rng)

    def _invited(self, day: int, centre: int, count: int, rng: np.random.Generator) -> Ints:
        """Old people of one village that goes there."""
        people, world = self._world.people, self._world
        villages = world.catchment.villages_of(world.institutions[centre]) or [0]
        village = people.village[people.household[self._old]]
        called = self._visits.at_home(day, self._old[village == int(rng.choice(villages))])
        return rng.permutation(called)[:count]

    def _check(self, day: int, centre: int, rng: np.random.Generator) -> None:
        """One after another, a minute or three apart, all with the same tests."""
        chance = single(rng)
        called = self._invited(day, centre, chance.randint(*CHECKED), rng)
        tests = {self._world.catalogue.by_name[name].index: 1 for name in CHECK}
        shown, at = certificates(called, rng), day * DAY + chance.randint(28_800, 32_000)
        self._visits.note_out(day, called)
        for place, person in enumerate(called.tolist()):
            chronic = int(self._world.people.chronic[person])
            illness = BY_CODE[CHRONIC[max(0, chronic)][0]]
            lines = self._appointments.lines(person, centre, illness, rng, tests)
            pauses = (chance.randint(60, 600), chance.randint(300, 1_500), chance.randint(40, 300))
            self._appointments.visit(at, Visit(person, centre, illness, "11", lines, pauses, certificate=shown[place]))
            at += round(chance.triangular(45, 260, 80))

    def _camp(self, day: int, rng: np.random.Generator) -> None:
        """Cataracts of a village, operated on one day at the package price."""
        world, chance = self._world, single(rng)
        hospitals = [i.index for i in world.institutions if i.kind.key in ("county", "private")]
        hospital = chance.choice(hospitals)
        bus = day * DAY + chance.randint(25_200, 30_000)
        for person in self._invited(day, hospital, chance.randint(*CAMP), rng).tolist():
            if world.people.is_free(person, day * DAY, (day + 8) * DAY):
                self._operate(person, hospital, day, bus, chance)

    def _operate(self, person: int, hospital: int, day: int, bus: int, chance: random.Random) -> None:
        plan = make_plan(self._world, person, hospital, day, BY_CODE["H25.900"], chance, chance.choice((0, 0, 1)))
        begin = bus + chance.randint(0, 2_400)
        self._admissions.take_in(replace(plan, begin=begin, end=max(plan.end, begin + 18_000)))
