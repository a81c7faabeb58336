"""Who goes to a clinic or a pharmacy today, and what is taken there?

Drawn in batches for the whole day: ordinary illness by age and season, monthly refills of chronic drugs, dialysis
three times a week. Rates are per resident and day, from the share of each kind among the nation's settlements
(18 m a day for 1.33 bn people: 13.6 per 1,000; 47 % pharmacy, 35 % out-patient, 5 % chronic).
"""

from collections.abc import Iterator

import numpy as np

from simulation.baskets import DIALYSIS, TABLE, Baskets, Orders, Party
from simulation.diagnoses import BY_CODE, CHRONIC, DIAGNOSES
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS, Floats, Ints, stream
from simulation.outpatient import Fate, OutPatients, Visit
from simulation.pharmacy import Pharmacies, Purchase
from simulation.timeline import DAY
from simulation.world import World

VISITS_PER_DAY = 5.7 / 1000
PURCHASES_PER_DAY = 4.4 / 1000  # and refills
DIALYSIS_PATIENTS = 0.55 / 1000
REFILL_DAYS = 30
FATES = np.array([0.9395, 0.031, 0.019, 0.0015, 0.006, 0.003])  # in the order of Fate
MED_TYPES = ("11", "13", "16", "19")
MED_TYPE_SHARES = (0.865, 0.08, 0.04, 0.015)
KIND_SHARES = {"clinic": 0.31, "township": 0.22, "county": 0.25, "tcm": 0.09, "private": 0.11, "tertiary": 0.02}
_COMMON_COLD = 0


class Visits:
    """Books a day's visits and purchases; schemes book theirs by the same two methods."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._clinics, self._pharmacies = OutPatients(world), Pharmacies(world)
        self._lowest = np.array([d.ages[0] for d in DIAGNOSES])
        self._highest = np.array([d.ages[1] for d in DIAGNOSES])
        self._sex = np.array([int(d.sex or 0) for d in DIAGNOSES])
        self._baskets = Baskets(world)
        self._refills = self._refill_calendar()
        rng = stream(world.seed, "dialysis")
        patients = max(1, round(world.people.residents * DIALYSIS_PATIENTS))
        self._dialysis = np.unique(world.people.sick_people(rng, patients))

    def open_day(self, day: int) -> None:
        """Books everything ordinary that begins today."""
        world, rng = self._world, stream(self._world.seed, "visits", day)
        people, timeline = world.people.residents, world.timeline
        self.clinic(
            day, self._ordinary(day, int(rng.poisson(people * VISITS_PER_DAY * timeline.visits(day))), rng), rng
        )
        count = int(rng.poisson(people * PURCHASES_PER_DAY * timeline.purchases(day)))
        self.pharmacy(day, self._to_pharmacies(self._ordinary(day, count, rng), rng), rng)
        self._refill(day, rng)
        self._dialyse(day, rng)

    def ill(self, day: int, persons: Ints, rng: np.random.Generator) -> Ints:
        """A diagnosis for each person, by season, age and sex; whoever fits none has a cold."""
        season = np.array([d.visits * self._world.timeline.season(d.season, day) for d in DIAGNOSES])
        cumulative = np.cumsum(season)
        drawn = self._fitting(day, persons, np.searchsorted(cumulative, rng.random(len(persons)) * cumulative[-1]))
        again = self._fitting(day, persons, np.searchsorted(cumulative, rng.random(len(persons)) * cumulative[-1]))
        found: Ints = np.where(drawn == _COMMON_COLD, again, drawn)
        return found

    def at_home(self, day: int, persons: Ints) -> Ints:
        """Those of the persons who lie in no ward this morning and are alive."""
        return persons[self._world.people.busy_until[persons] <= day * DAY]

    def clinic(
        self, day: int, party: Party, rng: np.random.Generator, orders: Orders | None = None, med_type: str = ""
    ) -> None:
        """Books out-patient visits with their lines; `med_type` is drawn if empty."""
        count = len(party.persons)
        if not count:
            return
        drawn = self._baskets.drawn(party, rng, in_clinic=True, plain=med_type == "14")
        lines = self._baskets.lines(party, drawn, orders or Orders.none())
        times = CLINIC_HOURS.batch(rng, count) + day * DAY
        pauses = np.stack([rng.integers(40, 700, count), rng.integers(120, 1_500, count), rng.integers(40, 600, count)])
        fates, refunds = _fates(rng, count)
        types = rng.choice(4, count, p=MED_TYPE_SHARES)
        for place, (person, institution, diagnosis) in enumerate(_rows(party)):
            self._clinics.book(int(times[place]), Visit(
                person, institution, TABLE[diagnosis], med_type or MED_TYPES[types[place]], lines[place],
                (int(pauses[0, place]), int(pauses[1, place]), int(pauses[2, place])),
                fates[place], refunds[place],
            ))  # fmt: skip

    def pharmacy(self, day: int, party: Party, rng: np.random.Generator, orders: Orders | None = None) -> None:
        """Books purchases with their lines."""
        count = len(party.persons)
        if not count:
            return
        drawn = self._baskets.drawn(party, rng, in_clinic=False, plain=orders is not None)
        lines = self._baskets.lines(party, drawn, orders or Orders.none())
        times = PHARMACY_HOURS.batch(rng, count) + day * DAY
        fates, refunds = _fates(rng, count)
        for place, (person, institution, _) in enumerate(_rows(party)):
            if lines[place]:
                purchase = Purchase(person, institution, lines[place], fates[place], refunds[place])
                self._pharmacies.book(int(times[place]), purchase)

    def _ordinary(self, day: int, count: int, rng: np.random.Generator) -> Party:
        world = self._world
        persons = self.at_home(day, world.people.sick_people(rng, count))
        diagnoses = self.ill(day, persons, rng)
        kinds = [kind for kind in KIND_SHARES if kind in world.catchment]
        shares = np.array([KIND_SHARES[kind] for kind in kinds])
        drawn = rng.choice(len(kinds), len(persons), p=shares / shares.sum())
        villages = world.people.village[world.people.household[persons]]
        institutions = np.zeros(len(persons), np.int64)
        for number, kind in enumerate(kinds):
            chosen = np.flatnonzero(drawn == number)
            institutions[chosen] = world.catchment.choose(kind, villages[chosen], rng)
        women = np.array([d.department == "A05" for d in DIAGNOSES])[diagnoses] & (rng.random(len(persons)) < 0.5)
        institutions[women] = world.catchment.choose("maternity", villages[women], rng)
        return Party(persons, institutions, diagnoses)

    def _to_pharmacies(self, party: Party, rng: np.random.Generator) -> Party:
        villages = self._world.people.village[self._world.people.household[party.persons]]
        return Party(party.persons, self._world.catchment.choose("pharmacy", villages, rng), party.diagnoses)

    def _fitting(self, day: int, persons: Ints, diagnoses: Ints) -> Ints:
        people = self._world.people
        ages = (self._world.timeline.date(day).toordinal() - people.born[persons]) / 365.25
        fits = (ages >= self._lowest[diagnoses]) & (ages <= self._highest[diagnoses])
        fits &= (self._sex[diagnoses] == 0) | (self._sex[diagnoses] == people.gender[persons])
        fitting: Ints = np.where(fits, diagnoses, _COMMON_COLD)
        return fitting

    def _refill_calendar(self) -> list[Ints]:
        """Chronic patients by the day of their month; the people of a nursing home all on one day."""
        people = self._world.people
        chronic = np.flatnonzero(people.chronic[: people.residents] >= 0)
        household = people.household[chronic]
        together = household >= len(people.size) - people.nursing_homes
        way = (chronic * 11 + 3) % 25
        kept = (way < 7) | together
        chronic, household, together = chronic[kept], household[kept], together[kept]
        phase = np.where(together, household * 17 % REFILL_DAYS, chronic * 7 % REFILL_DAYS)
        return [chronic[phase == day] for day in range(REFILL_DAYS)]

    def _refill(self, day: int, rng: np.random.Generator) -> None:
        world = self._world
        due = self.at_home(day, self._refills[day % REFILL_DAYS])
        due = due[rng.random(len(due)) < 0.9 * min(1.0, world.timeline.visits(day) + 0.25)]
        to_hospital = (due * 11 + 3) % 25 < 2
        for persons, kind in ((due[to_hospital], "township"), (due[~to_hospital], "pharmacy")):
            villages = world.people.village[world.people.household[persons]]
            institutions = world.catchment.choose(kind, villages, rng)
            groups = np.array([world.demand.group_number[group] for _, group in CHRONIC])
            steady: Floats = (persons * 0.6180339887) % 1.0  # a patient's drug is the same every month
            items = world.demand.draw(institutions, groups[world.people.chronic[persons]], steady)
            orders = Orders(np.arange(len(persons)), items, rng.integers(2, 5, len(persons)))
            codes = np.array([DIAGNOSES.index(BY_CODE[code]) for code, _ in CHRONIC])
            party = Party(persons, institutions, codes[world.people.chronic[persons]])
            if kind == "pharmacy":
                self.pharmacy(day, party, rng, orders)
            else:
                self.clinic(day, party, rng, orders, med_type="14")

    def _dialyse(self, day: int, rng: np.random.Generator) -> None:
        world = self._world
        weekday = world.timeline.weekday(day)
        if weekday == 6:
            return
        persons = self.at_home(day, self._dialysis[self._dialysis % 2 == weekday % 2])
        villages = world.people.village[world.people.household[persons]]
        centre = world.catchment.choose("dialysis", villages, rng)
        hospital = world.catchment.choose("county", villages, rng)
        party = Party(persons, np.where(persons % 3 == 0, hospital, centre), np.full(len(persons), DIALYSIS))
        names = (world.catalogue.first("dialysis").index, world.catalogue.by_name["透析器"].index)
        owners = np.repeat(np.arange(len(persons)), 2)
        orders = Orders(owners, np.tile(np.array(names), len(persons)), np.ones(len(owners), np.int64))
        self.clinic(day, party, rng, orders, med_type="14")


def _rows(party: Party) -> Iterator[tuple[int, int, int]]:
    return zip(party.persons.tolist(), party.institutions.tolist(), party.diagnoses.tolist(), strict=True)


def _fates(rng: np.random.Generator, count: int) -> tuple[list[Fate], list[int]]:
    drawn = rng.choice(len(FATES), count, p=FATES / FATES.sum())
    soon: Floats = rng.lognormal(7.4, 0.8, count)
    days = np.where(rng.random(count) < 0.25, rng.integers(1, 6, count), 0)
    after = np.clip(soon, 400, 12_000).astype(np.int64) + days * DAY
    kinds = list(Fate)
    return [kinds[n] for n in drawn.tolist()], after.tolist()
