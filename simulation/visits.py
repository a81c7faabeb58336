"""Who goes to a clinic or a pharmacy today, and what is taken there?

Drawn in batches for the whole day: ordinary illness by age and season, monthly refills of chronic drugs, dialysis
three times a week. Rates are per resident and day, from the share of each kind among the nation's settlements
(18 m a day for 1.33 bn people: 13.6 per 1,000; 47 % pharmacy, 35 % out-patient, 5 % chronic).
"""

from collections.abc import Iterator

import numpy as np

from simulation.baskets import DIALYSIS, TABLE, Baskets, Orders, Party
from simulation.diagnoses import BY_CODE, CHRONIC, DIAGNOSES, Diagnosis
from simulation.draws import CLINIC_HOURS, PHARMACY_HOURS, Floats, Ints, stream
from simulation.institutions import distances_km
from simulation.outpatient import Fate, OutPatients, Visit
from simulation.pharmacy import Pharmacies, Purchase
from simulation.timeline import DAY
from simulation.world import World

VISITS_PER_DAY = 5.7 / 1000
PURCHASES_PER_DAY = 4.4 / 1000  # and refills
DIALYSIS_PATIENTS = 0.55 / 1000
REFILL_DAYS = 30
SEASON_OF_REFILLS = 3  # months for which one in five is given drugs at once: twelve weeks is what is allowed
ON_THE_WAY_HOME = 0.06  # of those who saw a doctor buy something in the pharmacy next door
SAME_TOWN = 9.0  # km
ORDERED = 0.12 / 1000  # of the people, a day: bought for them by somebody far away
TYPING_FROM = 70_200  # second of the day: half past seven in the evening
FATES = np.array([0.9395, 0.031, 0.019, 0.0015, 0.006, 0.003])  # in the order of Fate
FATES_OF_A_SERIES = np.array([0.985, 0.002, 0.006, 0.001, 0.003, 0.003])  # the same session thrice a week: few mistakes
MED_TYPES = ("11", "13", "16", "19")
MED_TYPE_SHARES = (0.865, 0.08, 0.04, 0.015)
KIND_SHARES = {"clinic": 0.31, "township": 0.22, "county": 0.25, "tcm": 0.09, "private": 0.11, "tertiary": 0.02}
_COMMON_COLD = 0


class Visits:
    """Books a day's visits and purchases; schemes book theirs by the same two methods."""

    def __init__(self, world: World, expected: dict[int, list[int]]) -> None:
        """`expected` says who goes to a ward, by day: they go nowhere else."""
        self._world, self._expected = world, expected
        self._clinics, self._pharmacies = OutPatients(world), Pharmacies(world)
        self._lowest = np.array([d.ages[0] for d in DIAGNOSES])
        self._highest = np.array([d.ages[1] for d in DIAGNOSES])
        self._sex = np.array([int(d.sex or 0) for d in DIAGNOSES])
        self._baskets = Baskets(world)
        self._next_door = _nearest_pharmacies(world)
        self._at_night = np.array([i.habits.enters_at_night for i in world.institutions])
        self._typed_until = np.zeros(len(world.institutions), np.int64)  # the second at which the next can be typed in
        self._out_on = np.full(len(world.people.household), -1, np.int32)  # day on which the person was last out
        self.came = np.zeros(len(world.institutions), np.int64)  # visits and purchases so far, by institution
        self._refills = self._refill_calendar()
        rng = stream(world.seed, "dialysis")
        patients = max(1, round(world.people.residents * DIALYSIS_PATIENTS))
        self._dialysis = np.unique(world.people.sick_people(rng, patients))

    def open_day(self, day: int) -> None:
        """Books everything ordinary that begins today."""
        world, rng = self._world, stream(self._world.seed, "visits", day)
        people, timeline = world.people.residents, world.timeline
        self.note_out(day, np.array(self._expected.pop(day, []), np.int64))
        self._dialyse(day, rng)
        self._refill(day, rng)
        seen = self._ordinary(day, int(rng.poisson(people * VISITS_PER_DAY * timeline.visits(day))), rng)
        when = CLINIC_HOURS.batch(rng, len(seen.persons)) + day * DAY
        self.clinic(day, seen, rng, when=when)
        self._fill_prescriptions(day, seen, when, rng)
        self._order_by_telephone(day, rng)
        count = int(rng.poisson(people * PURCHASES_PER_DAY * timeline.purchases(day)))
        self.pharmacy(day, self._to_pharmacies(self._ordinary(day, count, rng), rng), rng)

    def ill(self, day: int, persons: Ints, rng: np.random.Generator) -> Ints:
        """A diagnosis for each person, by season, age and sex; whoever fits none has a cold."""
        season = np.array([d.visits * self._world.timeline.season(d.season, day) for d in DIAGNOSES])
        cumulative = np.cumsum(season)
        drawn = self._fitting(day, persons, np.searchsorted(cumulative, rng.random(len(persons)) * cumulative[-1]))
        again = self._fitting(day, persons, np.searchsorted(cumulative, rng.random(len(persons)) * cumulative[-1]))
        found: Ints = np.where(drawn == _COMMON_COLD, again, drawn)
        return found

    def named(self, diagnoses: Ints) -> Diagnosis:
        """The first of the drawn diagnoses."""
        return DIAGNOSES[int(diagnoses[0])]

    def note_out(self, day: int, persons: Ints) -> None:
        """These persons are on their way today; nothing ordinary takes them to a second place."""
        self._out_on[persons] = day

    def at_home(self, day: int, persons: Ints) -> Ints:
        """Those of the persons who lie in no ward this morning and are alive."""
        return persons[self._world.people.busy_until[persons] <= day * DAY]

    def clinic(
        self,
        day: int,
        party: Party,
        rng: np.random.Generator,
        orders: Orders | None = None,
        med_type: str = "",
        when: Ints | None = None,
    ) -> None:
        """Books out-patient visits with their lines; `med_type` and the moments are drawn if not given."""
        count = len(party.persons)
        if not count:
            return
        self.note_out(day, party.persons)
        np.add.at(self.came, party.institutions, 1)
        drawn = self._baskets.drawn(party, rng, in_clinic=True, plain=med_type == "14")
        lines = self._baskets.lines(party, drawn, orders or Orders.none())
        times = CLINIC_HOURS.batch(rng, count) + day * DAY
        pauses = np.stack([rng.integers(40, 700, count), rng.integers(120, 1_500, count), rng.integers(40, 600, count)])
        fates, refunds = _fates(rng, count, FATES_OF_A_SERIES if party.diagnoses[0] == DIALYSIS else FATES)
        shown = certificates(party.persons, rng)
        types = rng.choice(4, count, p=MED_TYPE_SHARES)
        if when is not None:
            times = when
        for place, (person, institution, diagnosis) in enumerate(_rows(party)):
            at, waits, late = int(times[place]), pauses[:, place].tolist(), 0
            if self._at_night[institution]:
                at, waits, late = self._typed(day, institution, at, waits)
            self._clinics.book(at, Visit(
                person, institution, TABLE[diagnosis], med_type or MED_TYPES[types[place]], lines[place],
                (waits[0], waits[1], waits[2]), fates[place], refunds[place], shown[place], entered_late=late,
            ))  # fmt: skip

    def _typed(self, day: int, institution: int, at: int, waits: list[int]) -> tuple[int, list[int], int]:
        """Everything about a visit of today is typed in one go after supper, one patient after another."""
        begin = max(day * DAY + TYPING_FROM + institution * 37 % 1_800, int(self._typed_until[institution]))
        waits = [3 + wait % 9 for wait in waits]
        self._typed_until[institution] = begin + sum(waits) + waits[0] % 7 + 5
        happened = min(at, begin - 1_800)
        return begin, waits, begin - happened

    def pharmacy(
        self,
        day: int,
        party: Party,
        rng: np.random.Generator,
        orders: Orders | None = None,
        when: Ints | None = None,
        certificate: str = "",
    ) -> None:
        """Books purchases with their lines; moments are drawn where `when` says none (0), certificates if none is given."""
        count = len(party.persons)
        if not count:
            return
        self.note_out(day, party.persons)
        np.add.at(self.came, party.institutions, 1)
        drawn = self._baskets.drawn(party, rng, in_clinic=False, plain=orders is not None)
        lines = self._baskets.lines(party, drawn, orders or Orders.none())
        times = PHARMACY_HOURS.batch(rng, count) + day * DAY
        if when is not None:
            times = np.where(when > 0, when, times)
        fates, refunds = _fates(rng, count, FATES)
        shown = certificates(party.persons, rng)
        for place, (person, institution, _) in enumerate(_rows(party)):
            if lines[place]:
                purchase = Purchase(
                    person, institution, lines[place], fates[place], refunds[place], certificate or shown[place]
                )
                self._pharmacies.book(int(times[place]), purchase)

    def _ordinary(self, day: int, count: int, rng: np.random.Generator) -> Party:
        world = self._world
        persons = np.unique(self.at_home(day, world.people.sick_people(rng, count)))
        persons = persons[self._out_on[persons] != day]
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

    def _fill_prescriptions(self, day: int, seen: Party, when: Ints, rng: np.random.Generator) -> None:
        """Some go from the doctor to the pharmacy next door."""
        some = np.flatnonzero(rng.random(len(seen.persons)) < ON_THE_WAY_HOME)
        some = some[self._next_door[seen.institutions[some]] >= 0]
        party = Party(seen.persons[some], self._next_door[seen.institutions[some]], seen.diagnoses[some])
        self.pharmacy(day, party, rng, when=when[some] + rng.integers(2_700, 9_000, len(some)))

    def _order_by_telephone(self, day: int, rng: np.random.Generator) -> None:
        """Someone's child in town buys with the electronic certificate, wherever the parent may be at the moment."""
        world = self._world
        persons = np.unique(self.at_home(day, world.people.sick_people(rng, rng.poisson(len(self._out_on) * ORDERED))))
        shops = np.array([i.index for i in world.institutions if i.is_pharmacy])
        party = Party(persons, rng.choice(shops, len(persons)), self.ill(day, persons, rng))
        self.pharmacy(day, party, rng, certificate="01")

    def _fitting(self, day: int, persons: Ints, diagnoses: Ints) -> Ints:
        people = self._world.people
        ages = (self._world.timeline.date(day).toordinal() - people.born[persons]) / 365.25
        fits = (ages >= self._lowest[diagnoses]) & (ages <= self._highest[diagnoses])
        fits &= (self._sex[diagnoses] == 0) | (self._sex[diagnoses] == people.gender[persons])
        fitting: Ints = np.where(fits, diagnoses, _COMMON_COLD)
        return fitting

    def _refill_calendar(self) -> list[Ints]:
        """Chronic patients by the day of their month; the people of a nursing home on four days in all."""
        people = self._world.people
        chronic = np.flatnonzero(people.chronic[: people.residents] >= 0)
        household = people.household[chronic]
        together = household >= len(people.size) - people.nursing_homes
        way = (chronic * 11 + 3) % 25
        kept = (way < 7) | together
        chronic, household, together = chronic[kept], household[kept], together[kept]
        weekly = (household * 17 + chronic % 4 * 7) % REFILL_DAYS  # the orderly of a home goes every week
        phase = np.where(together, weekly, chronic * 7 % REFILL_DAYS)
        return [chronic[phase == day] for day in range(REFILL_DAYS)]

    def _refill(self, day: int, rng: np.random.Generator) -> None:
        world = self._world
        due = self.at_home(day, self._refills[day % REFILL_DAYS])
        turn = (due % 5 == 2) & (day // REFILL_DAYS % SEASON_OF_REFILLS != due // 5 % SEASON_OF_REFILLS)
        due = due[~turn]  # who has a prescription for twelve weeks comes every third month
        due = due[
            (self._out_on[due] != day) & (rng.random(len(due)) < 0.9 * min(1.0, world.timeline.visits(day) + 0.25))
        ]
        to_hospital = (due * 11 + 3) % 25 < 2
        for persons, kind in ((due[to_hospital], "township"), (due[~to_hospital], "pharmacy")):
            villages = world.people.village[world.people.household[persons]]
            institutions = world.catchment.choose(kind, villages, rng)
            if kind == "pharmacy":  # an orderly goes to one
                nearest = np.array([world.catchment.near(kind, village)[0] for village in villages.tolist()], np.int64)
                homes = len(world.people.size) - world.people.nursing_homes
                institutions = np.where(world.people.household[persons] >= homes, nearest, institutions)
            groups = np.array([world.demand.group_number[group] for _, group in CHRONIC])
            steady: Floats = (persons * 0.6180339887) % 1.0  # a patient's drug is the same every month
            items = world.demand.draw(institutions, groups[world.people.chronic[persons]], steady)
            months = np.where(persons % 5 == 2, SEASON_OF_REFILLS, 1)
            counts = rng.integers(2, 5, len(persons)) * months
            orders = Orders(np.arange(len(persons)), items, counts, 28 * months + 2 * (months == 1))
            codes = np.array([DIAGNOSES.index(BY_CODE[code]) for code, _ in CHRONIC])
            party = Party(persons, institutions, codes[world.people.chronic[persons]])
            if kind == "pharmacy":
                self.pharmacy(day, party, rng, orders, self._of_homes(day, persons, rng))
            else:
                self.clinic(day, party, rng, orders, med_type="14")

    def _of_homes(self, day: int, persons: Ints, rng: np.random.Generator) -> Ints:
        """When an orderly buys for everybody in a nursing home: one resident after another; 0 for other people."""
        people = self._world.people
        place = people.household[persons] - (len(people.size) - people.nursing_homes)
        begins = day * DAY + rng.integers(32_000, 60_000, max(1, people.nursing_homes))
        turn = np.cumsum(rng.integers(35, 150, len(persons)))
        return np.where(place >= 0, begins[np.maximum(place, 0)] + turn, 0)

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
        once = np.ones(len(owners), np.int64)
        orders = Orders(owners, np.tile(np.array(names), len(persons)), once, once)
        shift = np.where(persons % 3 == 1, 42_000, 26_000)  # the seconds at which a shift is registered
        when = day * DAY + shift + rng.integers(0, 2_700, len(persons))
        self.clinic(day, party, rng, orders, med_type="14", when=when)


def _rows(party: Party) -> Iterator[tuple[int, int, int]]:
    return zip(party.persons.tolist(), party.institutions.tolist(), party.diagnoses.tolist(), strict=True)


def _nearest_pharmacies(world: World) -> Ints:
    """The index of the pharmacy next to each institution, -1 where there is none in the same town."""
    shops = [shop for shop in world.institutions if shop.is_pharmacy]
    distances = distances_km(world.institutions, shops)
    nearest = np.array([shop.index for shop in shops])[distances.argmin(axis=1)]
    return np.where(distances.min(axis=1) <= SAME_TOWN, nearest, -1)


def certificates(persons: Ints, rng: np.random.Generator) -> list[str]:
    """mdtrt_cert_type of one settlement each: a third electronic, the rest the person's card or identity card."""
    electronic = rng.random(len(persons)) < np.where(persons % 4 == 0, 0.75, 0.19)
    shown: list[str] = np.where(electronic, "01", np.where(persons % 7 == 3, "02", "03")).tolist()
    return shown


def _fates(rng: np.random.Generator, count: int, shares: Floats) -> tuple[list[Fate], list[int]]:
    drawn = rng.choice(len(shares), count, p=shares / shares.sum())
    soon: Floats = rng.lognormal(7.4, 0.8, count)
    days = np.where(rng.random(count) < 0.25, rng.integers(1, 6, count), 0)
    after = np.clip(soon, 400, 12_000).astype(np.int64) + days * DAY
    kinds = list(Fate)
    return [kinds[n] for n in drawn.tolist()], after.tolist()
