"""重叠住院, 冒名住院: one person lies in two hospitals at once.

Blatant: the whole of the second stay inside the first. Careful: a day and a half at the end of one and the beginning of
the other.
"""

from dataclasses import replace

from simulation.backstage import Backstage
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "I25.103", "E11.900", "H81.000", "K29.500", "J44.100", "M17.900")
FIRST_DAY = 2
IN_ORDER = frozenset({"discharge_undone", "death_miscoded", "begin_corrected", "discharge_forgotten"})
LEAST = round(1.4 * DAY)  # seconds together: a transfer day is normal


def hide(backstage: Backstage) -> None:
    """Books pairs of stays in two hospitals."""
    chance = backstage.chance
    hospitals = backstage.dishonest(("private", "township"), 0.3)
    others = backstage.places(("private", "township", "tcm", "county"))
    for _ in range(backstage.count(per_thousand_people_and_month=0.12, least=2)):
        strength = backstage.strength()
        length = chance.randint(7, 13)
        together = max(2, round(length * (0.15 + 0.7 * strength)))  # days
        room = backstage.days - length - 3
        if room < FIRST_DAY:
            continue
        first, day = chance.choice(hospitals), chance.randint(FIRST_DAY, room)
        second = chance.choice([other for other in others if other.index != first.index])
        person = backstage.person_near(first, day, day + 2 * length, ages=(50, 95))
        if person is None:
            continue
        backstage.keep([person], day, day + 2 * length)
        one = backstage.plan(person, first, day, backstage.illness(ILLNESSES), length, spared=IN_ORDER)
        begin_day = one.last_day - together
        if strength > 0.6:
            begin_day, inside = max(day + 1, begin_day - 1), max(2, together - 2)
        else:
            inside = together + chance.randint(2, 6)
        other = backstage.plan(person, second, begin_day, backstage.illness(ILLNESSES), inside, spared=IN_ORDER)
        other = replace(other, begin=min(other.begin, min(one.end, other.end) - LEAST))
        stays = [backstage.admit(one), backstage.admit(other)]
        backstage.label(Hidden(backstage.pattern, first.index, one.begin, one.end, stays, least=2))
