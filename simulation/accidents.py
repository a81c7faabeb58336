"""What brings several people to one ward within the hour, and is nobody's scheme?

A crash of the village bus, an accident at a works, a stove without a flue, a wedding dinner. The injured of one village,
employer or household are admitted together; each goes home when he can.
"""

import random
from dataclasses import replace

import numpy as np

from simulation.admissions import Admissions
from simulation.diagnoses import BY_CODE
from simulation.draws import single, stream
from simulation.plans import make_plan
from simulation.timeline import DAY
from simulation.world import World

EVERY_DAYS = 22  # one in so many days for each 20,000 people
INJURIES = ("S06.000", "S22.300")
CRASH, WORKS, STOVE, DINNER = "crash", "works", "stove", "dinner"
SIZES = {CRASH: (3, 7), WORKS: (3, 5), STOVE: (2, 4), DINNER: (4, 9)}


class Accidents:
    """Books the stays that accidents bring."""

    def __init__(self, world: World, admissions: Admissions) -> None:
        self._world, self._admissions = world, admissions
        rng = stream(world.seed, "accidents")
        count = int(rng.poisson(world.people.residents / 20_000 * world.timeline.days / EVERY_DAYS))
        self._days = np.sort(rng.integers(0, world.timeline.days, count))

    def open_day(self, day: int) -> None:
        """Books today's."""
        for number in np.flatnonzero(self._days == day).tolist():
            self._happen(day, stream(self._world.seed, "accident", number))

    def _happen(self, day: int, rng: np.random.Generator) -> None:
        world, people, chance = self._world, self._world.people, single(rng)
        kind = chance.choice((CRASH, CRASH, WORKS, STOVE, DINNER))
        first = int(rng.integers(0, people.residents))
        village = people.village[people.household[: people.residents]]
        if kind == WORKS:
            together = people.employed[: people.residents] & (
                people.employer[: people.residents] == people.employer[first]
            )
        elif kind == STOVE:
            together = people.household[: people.residents] == people.household[first]
        else:
            together = village == village[first]
        hurt = rng.permutation(np.flatnonzero(together))[: chance.randint(*SIZES[kind])].tolist()
        place = world.catchment.near("township" if kind == DINNER else "county", int(village[first]))[0]
        at = day * DAY + chance.randint(25_000, 80_000)
        for person in hurt:
            if world.people.is_free(person, day * DAY, (day + 20) * DAY):
                self._admit(person, place, kind, at + chance.randint(0, 4_000), chance)

    def _admit(self, person: int, place: int, kind: str, at: int, chance: random.Random) -> None:
        code = {STOVE: "T58.x00", DINNER: "A05.900"}.get(kind) or chance.choice(INJURIES)
        plan = make_plan(self._world, person, place, at // DAY, BY_CODE[code], chance)
        self._admissions.take_in(replace(plan, begin=at, end=max(plan.end, at + 5 * 3_600)))
