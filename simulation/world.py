"""What is there: the parts of one county, put together once and handed to whoever acts in it."""

from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

import orjson

from simulation.agenda import Agenda
from simulation.catalogue import Catalogue
from simulation.catchment import Catchment
from simulation.demand import Demand
from simulation.draws import stream
from simulation.institutions import Institution, found
from simulation.offices import Office, Platform
from simulation.people import NOT_KNOWN, People, settle
from simulation.practice import Practice, usual
from simulation.timeline import Timeline

BIRTHS_PER_DAY = 6.6 / 1000 / 365  # of the population


@dataclass(frozen=True, slots=True)
class World:
    """Everything that the acts of a day share."""

    seed: int
    timeline: Timeline
    catalogue: Catalogue
    institutions: list[Institution]
    people: People
    catchment: Catchment
    demand: Demand
    practice: Practice
    platform: Platform
    offices: list[Office]
    agenda: Agenda

    def message(
        self,
        infno: str,
        at: int,
        institution: int,
        person: int,
        body: dict[str, Any],
        answer: dict[str, Any],
        msgid: str | None = None,
        operator: str = "",
    ) -> bytes:
        """One line of transactions.jsonl; an empty `operator` is whoever is at the counter, NOT_KNOWN a call about nobody."""
        office = self.offices[institution]
        number = msgid or office.msgid(at)
        envelope = office.envelope(
            infno, number, at, "" if person == NOT_KNOWN else self.people.region(person), body, answer
        )
        if operator:
            envelope["opter"] = operator
        return orjson.dumps(envelope) + b"\n"

    def resend(self, message: bytes, at: int, institution: int) -> None:
        """The same bytes again, a little later: what a relay does that saw no acknowledgement."""
        self.agenda.put(at, institution, partial(_same, message))


def _same(message: bytes, at: int) -> bytes:
    return message


def build(start: date, days: int, persons: int, seed: int) -> World:
    """A county on its first morning; nobody is in a ward yet."""
    timeline = Timeline(start, days)
    catalogue = Catalogue()
    institutions = found(persons, stream(seed, "institutions"))
    newborns = int(stream(seed, "births").poisson(BIRTHS_PER_DAY * persons * days))
    people = settle(persons, start, newborns, stream(seed, "people"))
    villages = int(people.village.max()) + 1
    return World(
        seed=seed,
        timeline=timeline,
        catalogue=catalogue,
        institutions=institutions,
        people=people,
        catchment=Catchment(institutions, villages, stream(seed, "catchment")),
        demand=Demand(catalogue, institutions, timeline, stream(seed, "demand")),
        practice=usual(len(institutions), stream(seed, "practice")),
        platform=Platform(),
        offices=[Office(i, timeline, stream(seed, "office", i.index)) for i in institutions],
        agenda=Agenda(institutions, timeline.end),
    )
