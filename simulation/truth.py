"""What was hidden? One label for every scheme that has begun, in the shape of wire.md."""

from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from schemas.labels import Label
from simulation.outpatient import Visit
from simulation.pharmacy import Purchase
from simulation.stays import Stay
from simulation.world import World

HOUR = 3_600  # an out-patient visit is over by then


@dataclass(slots=True)
class Hidden:
    """A scheme as it was planned; its label is written when the period is over and the visits have numbers."""

    pattern: str
    institution: int
    begin: int
    end: int
    stays: list[Stay] = field(default_factory=list)
    visits: list[Visit | Purchase] = field(default_factory=list)
    least: int = 0  # stays and visits that must have begun: with fewer the pattern is not there yet
    persons: list[int] = field(default_factory=list)
    household: int | None = None
    item: int | None = None


def label(world: World, hidden: Hidden) -> Label | None:
    """The label, or None if the scheme did not get so far within the period."""
    begun = [stay for stay in hidden.stays if stay.number and stay.on_target]
    made = [visit for visit in hidden.visits if visit.number]
    if len(begun) + len(made) < hidden.least or hidden.begin >= world.timeline.end:
        return None
    begins = [stay.begin for stay in begun] + [visit.began for visit in made]
    ends = [stay.end for stay in begun] + [visit.began + HOUR for visit in made]
    people, stamp = world.people, world.timeline.stamp
    persons = dict.fromkeys([s.plan.person for s in begun] + [v.person for v in made] + hidden.persons)
    return Label(
        pattern=hidden.pattern,
        institution=world.institutions[hidden.institution].code,
        persons=[people.psn_no(person) for person in persons],
        visits=[stay.number for stay in begun] + [visit.number for visit in made],
        household=None if hidden.household is None else people.household_id(hidden.household),
        item=None if hidden.item is None else world.catalogue.items[hidden.item].code,
        begin=stamp(min(begins, default=hidden.begin)),
        end=stamp(max(ends, default=hidden.end)),
    )


def write(world: World, hidden: list[Hidden], path: Path) -> int:
    """Writes truth.jsonl in order of pattern and begin; says how many labels there are."""
    labels = [found for found in (label(world, each) for each in hidden) if found is not None]
    labels.sort(key=lambda found: (found.pattern, found.begin, found.visits, found.item or ""))
    path.write_bytes(b"".join(msgspec.json.encode(found) + b"\n" for found in labels))
    return len(labels)
