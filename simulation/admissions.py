"""Who is admitted today, where to, and for how long?

Illness by age and season; full wards send people on; specialists take one kind of patient from all over the county;
families fall ill together now and then and are admitted together in all honesty; transfers, deaths, day surgery.
"""

import random
from itertools import accumulate

from simulation.diagnoses import DIAGNOSES, SCHIZOPHRENIA, Diagnosis
from simulation.draws import single, stream
from simulation.plans import length_of_stay, make_plan, transfer, with_way
from simulation.returns import with_return
from simulation.stays import StayPlan
from simulation.timeline import DAY
from simulation.ward import HOUR, Ward
from simulation.world import World

ADMISSIONS_PER_DAY = 0.53 / 1000  # of 0.62; births, chemotherapy, psychiatry and families make the rest
PSYCHIATRIC_PER_DAY = 0.018 / 1000
LOOK_BACK = 100  # days; hardly anybody lies longer
REST = 20 * DAY  # after a stay, before anything ordinary brings the person back
KIND_SHARES = {"county": 0.42, "tcm": 0.15, "township": 0.18, "private": 0.2, "tertiary": 0.05}
SURGICAL_SHARES = {"county": 0.56, "tcm": 0.12, "township": 0.02, "private": 0.24, "tertiary": 0.06}
TO_A_SPECIALIST = 0.4  # of those with an illness for which there is a specialist hospital
FAMILY_SHARE = 0.1  # of infectious stays: somebody of the household is admitted too
COMPANION_SHARE = 0.004  # of other stays: husband and wife go together, once
DEATH_SHARE, TRANSFER_SHARE, AGAINST_ADVICE_SHARE = 0.012, 0.015, 0.02


class Admissions:
    """Books a day's ordinary stays."""

    def __init__(self, world: World, ward: Ward) -> None:
        self._world = world
        self._ward = ward
        self._specialists = {code: i.index for i in world.institutions for code in i.specialty}
        self._takes = [i.specialty for i in world.institutions]

    def fill_wards(self) -> None:
        """Puts those into their beds who were admitted before the period and still lie there on its first day."""
        for day in range(-LOOK_BACK, 0):
            self.open_day(day)

    def open_day(self, day: int) -> None:
        """Books everybody whose ordinary stay begins today."""
        world, rng = self._world, stream(self._world.seed, "admissions", day + LOOK_BACK)
        chance = single(rng)
        people, timeline = world.people, world.timeline
        mean = people.residents * timeline.admissions(day)
        weights = [d.stays * timeline.season(d.season, day) for d in DIAGNOSES]
        cumulative = list(accumulate(weights))
        for person in people.sick_people(rng, int(rng.poisson(mean * ADMISSIONS_PER_DAY))).tolist():
            diagnosis = self._fitting(person, day, chance.choices(DIAGNOSES, cum_weights=cumulative, k=3))
            length = length_of_stay(diagnosis, chance) if diagnosis is not None and day < 0 else None
            if diagnosis is not None and (length is None or day + length >= 1):  # else it is over before it is seen
                self.admit(person, day, diagnosis, chance, length)
        for person in people.sick_people(rng, int(rng.poisson(mean * PSYCHIATRIC_PER_DAY))).tolist():
            if people.age(person, timeline.date(day).toordinal()) >= 18:
                self._admit_at(person, day, SCHIZOPHRENIA, ["psychiatric"], chance)

    def admit(
        self, person: int, day: int, diagnosis: Diagnosis, chance: random.Random, length: int | None = None
    ) -> StayPlan | None:
        """Books a stay wherever the illness leads, and perhaps the family's; None if the person is not free."""
        shares = SURGICAL_SHARES if diagnosis.operation else KIND_SHARES
        kinds = [kind for kind in shares if kind in self._world.catchment]
        first = chance.choices(kinds, [shares[kind] for kind in kinds])[0]
        specialist = self._specialists.get(diagnosis.code)
        if specialist is not None and chance.random() < TO_A_SPECIALIST and not self._ward.beds.is_crowded(specialist):
            plan = self.book(person, specialist, day, diagnosis, chance, length)
        else:
            plan = self._admit_at(person, day, diagnosis, [first, *kinds], chance, length)
        if plan is None:
            return None
        infectious = diagnosis.trait in ("infectious", "injury")
        if chance.random() < (FAMILY_SHARE if infectious else COMPANION_SHARE):
            self.admit_family(plan, chance, most=2 if infectious else 1)
        return plan

    def admit_family(self, first: StayPlan, chance: random.Random, most: int) -> None:
        """Up to `most` others of the household, the same illness, mostly each with an end of their own."""
        people = self._world.people
        household = int(people.household[first.person])
        start = int(people.first_member[household])
        others = [p for p in range(start, start + int(people.size[household])) if p != first.person]
        for person in chance.sample(others, min(len(others), chance.randint(1, most))):
            day = first.first_day + (chance.choice((0, 0, 1, 2)) if first.diagnosis.trait else 0)
            together = chance.random() < 0.25
            length = first.last_day - day if together else None
            self.book(person, first.institution, day, first.diagnosis, chance, length)

    def _admit_at(
        self,
        person: int,
        day: int,
        diagnosis: Diagnosis,
        kinds: list[str],
        chance: random.Random,
        length: int | None = None,
    ) -> StayPlan | None:
        world, people = self._world, self._world.people
        village = int(people.village[people.household[person]])
        for kind in kinds:
            near = world.catchment.near(kind, village)
            ranked = near if chance.random() < 0.7 else chance.sample(near, len(near))
            for institution in ranked:
                specialty = self._takes[institution]
                if not self._ward.beds.is_crowded(institution) and (not specialty or diagnosis.code in specialty):
                    return self.book(person, institution, day, diagnosis, chance, length)
        return None

    def book(
        self,
        person: int,
        institution: int,
        day: int,
        diagnosis: Diagnosis,
        chance: random.Random,
        length: int | None = None,
    ) -> StayPlan | None:
        """Books a stay in this place, for `length` days or as long as the illness lasts; None if the person is not free."""
        begin = day * DAY
        if not self._world.people.is_free(person, begin, begin + 40 * DAY):
            return None
        plan = self._with_end(make_plan(self._world, person, institution, day, diagnosis, chance, length), chance)
        if day < 0:
            if plan.last_day >= 1:
                self._world.people.rests_until[person] = plan.end + REST
                self._ward.resume(plan)
            return plan
        plan, again = with_return(self._world, plan, chance)
        if again is not None:
            self.take_in(again)
        self.take_in(plan)
        return plan

    def take_in(self, plan: StayPlan) -> None:
        """Books a stay that was planned elsewhere; the person then rests."""
        people, last = self._world.people, plan.follow or plan
        people.rests_until[plan.person] = max(int(people.rests_until[plan.person]), last.end + REST)
        self._ward.book(plan)

    def _with_end(self, plan: StayPlan, chance: random.Random) -> StayPlan:
        """Some die, some are sent on, some leave against advice."""
        world = self._world
        draw, kind = chance.random(), world.institutions[plan.institution].kind.key
        old = world.people.age(plan.person, world.timeline.date(plan.first_day).toordinal()) >= 65
        spoken_for = world.people.kept_until[plan.person] >= 0  # has something before him
        if draw < DEATH_SHARE and old and not spoken_for:
            return with_way(plan, "5")
        if draw < DEATH_SHARE + TRANSFER_SHARE and kind in ("township", "private") and plan.last_day > plan.first_day:
            village = int(world.people.village[world.people.household[plan.person]])
            target = world.catchment.near("county", village)[0]
            days = max(1, round(plan.diagnosis.days))
            # Some are taken over before the first hospital has closed its papers.
            begin = max(plan.begin + 2 * HOUR, plan.end + round(chance.uniform(-5, 6) * HOUR))
            return with_way(plan, "2", transfer(world, plan, target, begin, days, chance))
        return with_way(plan, "4") if draw > 1 - AGAINST_ADVICE_SHARE else plan

    def _fitting(self, person: int, day: int, drawn: list[Diagnosis]) -> Diagnosis | None:
        people = self._world.people
        age = people.age(person, self._world.timeline.date(day).toordinal())
        sex = str(people.gender[person])
        fits = (d for d in drawn if d.ages[0] <= age <= d.ages[1] and d.sex in ("", sex))
        return next(fits, None)
