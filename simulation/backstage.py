"""What may a scheme do? It uses the same people, beds, items and counters as everybody else.

A scheme is planned before the first day and gets a stream of chance of its own. It books stays through `admit`, single visits
and purchases through `swipe`, many of them through `simulation.trade`, changes an institution's ways in `world.practice`, and
says what it did through `label`; it has no other way to the wire, so that it can have no code, time or number that ordinary
life has not.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from simulation.admissions import REST
from simulation.appointments import Appointments
from simulation.diagnoses import DIAGNOSES, Diagnosis
from simulation.draws import Ints, single, stream
from simulation.institutions import Institution
from simulation.outpatient import Fate, Visit
from simulation.pharmacy import Purchase
from simulation.plans import make_plan
from simulation.stays import Stay, StayPlan
from simulation.timeline import DAY
from simulation.truth import Hidden
from simulation.visits import MED_TYPE_SHARES, MED_TYPES, Visits, certificates
from simulation.ward import Ward
from simulation.world import World

COMMON = (
    "digestive",
    "diabetes",
    "cardio",
    "antibiotic",
    "respiratory",
    "pain",
    "nerve",
    "cold",
    "heart_tcm",
    "bone_tcm",
)
GOLDEN_SECTION = 0.6180339887
Morning = Callable[[int], None]


@dataclass(slots=True)
class Stage:
    """What all schemes share: who acts, what is to be done on which morning, what was hidden."""

    world: World
    ward: Ward
    visits: Visits
    appointments: Appointments
    mornings: dict[int, list[Morning]] = field(default_factory=dict)
    hidden: list[Hidden] = field(default_factory=list)
    claimed: set[int] = field(default_factory=set)  # institutions that a scheme has made its own
    pushed: set[tuple[int, int]] = field(default_factory=set)  # institutions and items of which a scheme sells more

    def open_day(self, day: int) -> None:
        """Does what schemes have put off until this morning."""
        for act in self.mornings.pop(day, []):
            act(day)


class Backstage:
    """One scheme's access to the county."""

    def __init__(self, stage: Stage, pattern: str) -> None:
        self._stage = stage
        self.pattern = pattern
        self.world = stage.world
        self.visits = stage.visits
        self.rng = stream(stage.world.seed, "scheme", pattern)
        self.chance: random.Random = single(self.rng)
        self._strength = self.chance.random()
        self.days = stage.world.timeline.days

    def count(self, per_thousand_people_and_month: float, least: int) -> int:
        """How many times a scheme of this frequency is hidden in the county and period."""
        usual = per_thousand_people_and_month * self.world.people.residents / 1000 * self.days / 30
        return max(least, round(usual))

    def strength(self) -> float:
        """How blatant one instance is: 0 as careful as it gets, 1 without shame; spread evenly, however few there are."""
        self._strength = (self._strength + GOLDEN_SECTION) % 1.0
        return self._strength

    def dishonest(self, kinds: tuple[str, ...], share: float) -> list[Institution]:
        """The institutions that play along: a share of those kinds, at least two."""
        candidates = self.places(kinds)
        return self.chance.sample(candidates, min(len(candidates), max(2, round(len(candidates) * share))))

    def places(self, kinds: tuple[str, ...], with_clock: bool = False) -> list[Institution]:
        """The institutions of these kinds that take in anybody; `with_clock`: that enter a visit when it happens."""
        return [
            i for i in self.world.institutions
            if i.kind.key in kinds and not i.specialty and not (with_clock and i.habits.enters_at_night)
        ]  # fmt: skip

    def claim(self, kinds: tuple[str, ...], day: int = 0, visits: int = 0, stays: int = 0) -> Institution | None:
        """On the morning of `day`: one of the busiest of these kinds that is no other scheme's yet, for this one alone; or None.

        It has had so many `visits` and `stays` a month so far: what a place of five cases a month does shows in no number.
        """
        free = [
            i for i in self.places(kinds)
            if i.index not in self._stage.claimed
            and 30 * int(self.visits.came[i.index]) >= visits * day
            and 30 * int(self._stage.ward.admitted[i.index].sum()) >= stays * day
        ]  # fmt: skip
        if not free:
            return None
        free.sort(key=lambda i: -int(self.visits.came[i.index]) / self._usual_of(i.kind.key))
        chosen = free[min(int(self.chance.expovariate(0.5)), len(free) - 1)]
        self._stage.claimed.add(chosen.index)
        return chosen

    def push(self, institution: Institution, item: int) -> None:
        """No other scheme sells more of the item at this place."""
        self._stage.pushed.add((institution.index, item))

    def is_pushed(self, institution: Institution, item: int) -> bool:
        """Whether a scheme sells more of the item there."""
        return (institution.index, item) in self._stage.pushed

    def illness(self, codes: tuple[str, ...]) -> Diagnosis:
        """One of the illnesses with these codes."""
        return self.chance.choice([d for d in DIAGNOSES if d.code in codes])

    def person_near(
        self,
        institution: Institution,
        begin_day: int,
        end_day: int,
        ages: tuple[int, int],
        aided: bool | None = None,
    ) -> int | None:
        """Somebody of its catchment who is free, of that age and (if said) with or without aid, or None."""
        people, today = self.world.people, self.world.timeline.start.toordinal()
        villages = set(self.world.catchment.villages_of(institution))
        for person in people.sick_people(self.rng, 400).tolist():
            near = int(people.village[people.household[person]]) in villages or self.chance.random() < 0.05
            if (
                near
                and ages[0] <= people.age(person, today) <= ages[1]
                and aided in (None, bool(people.special[person]))
                and self._is_unspoken(person, begin_day, end_day)
            ):
                return int(person)
        return None

    def household_near(self, institution: Institution, members: int, begin_day: int, end_day: int) -> list[int] | None:
        """So many grown members of one household in its catchment, all with a record that names it, or None."""
        people, today = self.world.people, self.world.timeline.start.toordinal()
        villages = set(self.world.catchment.villages_of(institution))
        for household in self.rng.integers(0, len(people.size) - people.nursing_homes, 4_000).tolist():
            first = int(people.first_member[household])
            everybody = range(first, first + int(people.size[household]))
            if len(everybody) < members or int(people.village[household]) not in villages:
                continue
            fit = [
                p for p in everybody
                if people.listed[p] and people.housed[p] and people.age(p, today) >= 8
                and self._is_unspoken(p, begin_day, end_day)
            ]  # fmt: skip
            if len(fit) >= members:
                return self.chance.sample(fit, members)
        return None

    def strangers(
        self, candidates: Ints, count: int, begin_day: int, end_day: int, ages: tuple[int, int]
    ) -> list[int] | None:
        """So many free people of that age among the candidates, no two of one household, all with a record; or None."""
        people, today = self.world.people, self.world.timeline.start.toordinal()
        found: dict[int, int] = {}
        for person in self.rng.permutation(candidates).tolist():
            if (
                people.listed[person]
                and ages[0] <= people.age(person, today) <= ages[1]
                and self._is_unspoken(person, begin_day, end_day)
            ):
                found.setdefault(int(people.household[person]), person)
                if len(found) == count:
                    return list(found.values())
        return None

    def usual_admissions(self, institution: Institution, day: int) -> float:
        """How many a day like this one has brought so far; on a morning."""
        return float(self._stage.ward.admitted[institution.index, self.world.timeline.weekday(day)]) / max(1, day // 7)

    def usual_visits(self, institution: Institution, day: int) -> float:
        """How many visits or purchases a day has brought so far; on a morning."""
        return float(self.visits.came[institution.index]) / max(1, day)

    def census(self, institution: Institution) -> int:
        """How many lie there; on a morning."""
        return self._stage.ward.beds.held(institution.index)

    def keep(self, persons: list[int], begin_day: int, end_day: int) -> None:
        """Nothing ordinary brings these persons to a ward between the days."""
        for person in persons:
            self.world.people.kept_from[person] = begin_day * DAY
            self.world.people.kept_until[person] = end_day * DAY + REST

    def plan(
        self,
        person: int,
        institution: Institution,
        day: int,
        diagnosis: Diagnosis,
        length: int,
        spared: frozenset[str] = frozenset(),
    ) -> StayPlan:
        """A stay as an honest ward would plan it; it will not be taken back as a whole, and is spared these wrongs."""
        made = make_plan(self.world, person, institution.index, day, diagnosis, self.chance, length)
        return replace(made, may_go_wrong=False, spared=spared)

    def admit(self, plan: StayPlan) -> Stay:
        """Books the stay."""
        return self._stage.ward.book(plan)

    def fetch(self, institution: Institution, day: int, count: int, codes: tuple[str, ...]) -> None:
        """Books so many stays today of people nearby, each as long as its illness, with whatever goes wrong with stays."""
        for _ in range(count):
            diagnosis = self.illness(codes)
            person = self.person_near(institution, day, day + 14, ages=(max(20, diagnosis.ages[0]), 92))
            if person is not None:
                self.keep([person], day, day + 14)
                self.admit(make_plan(self.world, person, institution.index, day, diagnosis, self.chance))

    def swipe(
        self,
        person: int,
        institution: Institution,
        at: int,
        items: dict[int, int] | None = None,
        illness: Diagnosis | None = None,
        certificate: str = "",
        operator: str = "",
        refund_after: int = 0,
        lasting: int = 0,
    ) -> Visit | Purchase:
        """Books a visit, or in a pharmacy a purchase, that is settled at the moment `at` of today.

        What is taken are the `items` (with their pieces, meant to last `lasting` days) or whatever the illness needs; with
        `refund_after` seconds the settlement is taken back so much later. Everything else goes well.
        """
        booked, place = self._stage.appointments, institution.index
        needed = illness or self.visits.named(self.visits.ill(at // DAY, np.array([person]), self.rng))
        lines = booked.lines(person, place, needed, self.rng, items or {})
        for line in lines:
            line.days = lasting or line.days
        fate = Fate.REFUND if refund_after else Fate.NONE
        self.visits.note_out(at // DAY, np.array([person]))
        shown = certificate or certificates(np.array([person]), self.rng)[0]
        if institution.is_pharmacy:
            return booked.purchase(at, Purchase(person, place, lines, fate, refund_after, shown, operator))
        pauses = (self.chance.randint(40, 700), self.chance.randint(120, 1_500), self.chance.randint(40, 600))
        kind = self.chance.choices(MED_TYPES, MED_TYPE_SHARES)[0]
        visit = Visit(person, place, needed, kind, lines, pauses, fate, refund_after, shown, operator)
        return booked.visit(at, visit)

    def shop_near(self, person: int, kinds: tuple[str, ...]) -> Institution:
        """One of the institutions of these kinds to which people of the person's village go."""
        village = int(self.world.people.village[self.world.people.household[person]])
        kind = self.chance.choice([kind for kind in kinds if kind in self.world.catchment])
        near = [self.world.institutions[index] for index in self.world.catchment.near(kind, village)]
        return self.chance.choice([i for i in near if not (i.specialty or i.habits.enters_at_night)] or near)

    def drugs(self, institution: Institution, kinds: int, most: int) -> dict[int, int]:
        """Drugs that the place sells to anybody today, with pieces."""
        groups = self.rng.integers(0, len(COMMON), kinds)
        numbers = np.array([self.world.demand.group_number[COMMON[group]] for group in groups.tolist()])
        drawn = self.world.demand.draw(np.full(kinds, institution.index), numbers, self.rng.random(kinds))
        return {int(item): self.chance.randint(1, most) for item in drawn.tolist()}

    def on_morning(self, day: int, act: Morning) -> None:
        """Calls `act` when the day begins, with what has been sold so far in `world.demand.sold`."""
        self._stage.mornings.setdefault(day, []).append(act)

    def label(self, hidden: Hidden) -> None:
        """Says what was hidden."""
        self._stage.hidden.append(hidden)

    def _usual_of(self, kind: str) -> float:
        """Visits so far of an institution of the kind, on average."""
        came = [int(self.visits.came[i.index]) for i in self.world.institutions if i.kind.key == kind]
        return max(1.0, sum(came) / len(came))

    def _is_unspoken(self, person: int, begin_day: int, end_day: int) -> bool:
        people = self.world.people
        return people.kept_until[person] < 0 and people.is_free(person, begin_day * DAY, end_day * DAY)
