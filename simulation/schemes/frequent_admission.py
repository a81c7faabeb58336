"""住院频次较高: somebody with little more than the troubles of age lies in one hospital after another.

Blatant: every month, in three hospitals in turn. Careful: as often as the limit, in one. Those whose bills are paid in
full (特困, 脱贫) reach it with four a year, others with six. In a short period nothing can be hidden.
"""

from simulation.backstage import Backstage
from simulation.truth import Hidden

ILLNESSES = ("M51.202", "M47.200", "I10.x05", "H81.000", "K29.500", "M17.900")
FIRST_DAY = 2
LEAST_OF_SPECIAL, LEAST = 4, 6  # stays within a year
LONGEST_PERIOD = 350  # days
SHORTEST_GAP, LONGEST_GAP = 17, 60  # days at home: sooner it would be one stay split in two
SHORTEST_PERIOD = 110


def hide(backstage: Backstage) -> None:
    """Books series of stays of old people."""
    chance = backstage.chance
    if backstage.days < SHORTEST_PERIOD:
        return
    hospitals = backstage.dishonest(("private", "township"), 0.4)
    for number in range(backstage.count(per_thousand_people_and_month=0.06, least=2)):
        strength, special = backstage.strength(), number % 2 == 0 or backstage.days < 200
        times = (LEAST_OF_SPECIAL if special else LEAST) + round(3 * strength)
        lengths = [chance.randint(4, 8) for _ in range(times)]
        period = min(LONGEST_PERIOD, backstage.days - FIRST_DAY - 3)
        longest = min(LONGEST_GAP, (period - sum(lengths)) // times)
        if longest < SHORTEST_GAP:
            continue
        gaps = [chance.randint(SHORTEST_GAP, longest) for _ in range(times)]
        first = FIRST_DAY + chance.randint(0, period - sum(lengths) - sum(gaps))
        used = chance.sample(hospitals, min(len(hospitals), 3)) if strength > 0.4 else [chance.choice(hospitals)]
        last = first + sum(lengths) + sum(gaps)
        person = backstage.person_near(used[0], first, last, ages=(62, 92), aided=special)
        if person is None:
            continue
        backstage.keep([person], first, last)
        stays, day = [], first
        for place, (length, gap) in enumerate(zip(lengths, gaps, strict=True)):
            plan = backstage.plan(person, used[place % len(used)], day, backstage.illness(ILLNESSES), length)
            stays.append(backstage.admit(plan))
            day = plan.last_day + gap
        least = LEAST_OF_SPECIAL if special else LEAST
        begin, end = stays[0].begin, stays[-1].end
        backstage.label(Hidden(backstage.pattern, used[0].index, begin, end, stays, least=least))
