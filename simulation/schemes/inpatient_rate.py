"""住院率异常: whoever comes to the hospital's doctors is put into a bed.

Blatant: five times the admissions that its visits bring elsewhere. Careful: three times.
"""

from functools import partial

from simulation.backstage import Backstage
from simulation.institutions import Institution
from simulation.timeline import DAY
from simulation.truth import Hidden

ILLNESSES = (
    "M51.202",
    "M47.200",
    "I10.x05",
    "I25.103",
    "E11.900",
    "H81.000",
    "K29.500",
    "J20.900",
    "J06.900",
    "N39.000",
)
KINDS = ("private", "township")
SHORTEST_PERIOD, EARLIEST, LASTS = 60, 14, 40  # days
RATE = {"private": 0.17, "township": 0.075}  # stays for each visit, as ordinary life has them
VISITS = 80  # a month, at least: of fewer nobody could tell how many become stays by chance
MOST_OF_BEDS = 0.9  # are filled: beyond them it would be another matter


def hide(backstage: Backstage) -> None:
    """Has a few hospitals admit whom they can, for the rest of the period."""
    if backstage.days < SHORTEST_PERIOD:
        return
    for _ in range(backstage.count(per_thousand_people_and_month=0.012, least=2)):
        first = backstage.chance.randint(EARLIEST, max(EARLIEST, min(60, backstage.days - LASTS)))
        backstage.on_morning(first, partial(_begin, backstage, 2 + 2 * backstage.strength()))


def _begin(backstage: Backstage, more: float, day: int) -> None:
    place = backstage.claim(KINDS, day, VISITS)
    if place is None:
        return
    backstage.label(Hidden(backstage.pattern, place.index, day * DAY, backstage.days * DAY))
    _morning(backstage, place, more, day)


def _morning(backstage: Backstage, place: Institution, more: float, day: int) -> None:
    """Admits `more` times as many on top as its visits bring elsewhere, as long as there are beds."""
    usual = backstage.usual_visits(place, day) * RATE[place.kind.key] * backstage.world.timeline.admissions(day)
    room = round(place.beds * MOST_OF_BEDS) - backstage.census(place)
    backstage.fetch(place, day, min(room, int(backstage.rng.poisson(more * usual))), ILLNESSES)
    backstage.on_morning(day + 1, partial(_morning, backstage, place, more))
