"""What is fetched outside for somebody who lies in a ward?

A daughter buys what the ward does not keep, the chronic patient's monthly drugs are fetched with his card, a small
hospital sends its patient to a large one for a scan (外检). The patient's own visits outside are no errands.
"""

import numpy as np

from simulation.appointments import Appointments
from simulation.diagnoses import BY_CODE, CHRONIC, Diagnosis
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS, single, stream
from simulation.outpatient import Visit
from simulation.pharmacy import Purchase
from simulation.timeline import DAY
from simulation.visits import Visits
from simulation.ward import FOR_EVER
from simulation.world import World

BOUGHT, REFILLED, SCANNED = 0.003, 0.012, 0.004  # of the days in a ward; of the chronically ill; in a small hospital
SMALL = ("township", "private", "psychiatric")
SCANS = ("胸部CT平扫", "头颅CT平扫", "腰椎磁共振平扫")


class Errands:
    """Books today's errands."""

    def __init__(self, world: World, visits: Visits, appointments: Appointments) -> None:
        self._world, self._visits, self._appointments = world, visits, appointments

    def open_day(self, day: int) -> None:
        """For those who have lain in a ward since yesterday and will still be there tomorrow."""
        people, rng = self._world.people, stream(self._world.seed, "errands", day)
        lying = np.flatnonzero((people.busy_until > (day + 1) * DAY) & (people.busy_until < FOR_EVER))
        draws = rng.random((3, len(lying)))
        for person in lying[draws[0] < BOUGHT].tolist():
            diagnosis = self._visits.ill(day, np.array([person]), rng)
            self._buy(day, person, self._visits.named(diagnosis), {}, rng)
        for person in lying[(draws[1] < REFILLED) & (people.chronic[lying] >= 0)].tolist():
            code, group = CHRONIC[int(people.chronic[person])]
            self._buy(day, person, BY_CODE[code], self._drug(person, group), rng)
        for person in lying[draws[2] < SCANNED].tolist():
            self._scan(day, person, rng)

    def _near(self, person: int, kind: str) -> int:
        people = self._world.people
        return self._world.catchment.near(kind, int(people.village[people.household[person]]))[0]

    def _drug(self, person: int, group: str) -> dict[int, int]:
        """The one that the patient takes every month."""
        place, steady = np.array([self._near(person, "pharmacy")]), np.array([(person * 0.6180339887) % 1.0])
        numbers = np.array([self._world.demand.group_number[group]])
        return {int(self._world.demand.draw(place, numbers, steady)[0]): 2 + person % 3}

    def _buy(
        self, day: int, person: int, diagnosis: Diagnosis, items: dict[int, int], rng: np.random.Generator
    ) -> None:
        place, chance = self._near(person, "pharmacy"), single(rng)
        lines = self._appointments.lines(person, place, diagnosis, rng, items)
        if lines:
            purchase = Purchase(person, place, lines, certificate=chance.choice(("01", "03", "03")))
            self._appointments.purchase(max(day * DAY + PHARMACY_HOURS.one(chance), day * DAY + 3_000), purchase)

    def _scan(self, day: int, person: int, rng: np.random.Generator) -> None:
        world, chance = self._world, single(rng)
        hospital = world.institutions[int(world.people.lies_in[person])]
        if hospital.kind.key not in SMALL:
            return
        place, scan = self._near(person, "county"), world.catalogue.by_name[chance.choice(SCANS)].index
        diagnosis = self._visits.named(self._visits.ill(day, np.array([person]), rng))
        lines = self._appointments.lines(person, place, diagnosis, rng, {scan: 1})
        pauses = (chance.randint(300, 1_500), chance.randint(600, 3_000), chance.randint(40, 600))
        visit = Visit(person, place, diagnosis, "11", lines, pauses, sent_out_for=hospital.code)
        self._appointments.visit(max(day * DAY + CLINIC_HOURS.one(chance), day * DAY + 30_000), visit)
