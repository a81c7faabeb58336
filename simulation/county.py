"""How is a county's traffic made? Day after day, straight to disk.

The county does not begin with empty wards: of the stays that were open when the gateway was switched on, the lines,
the discharge and the settlement are mirrored, but not the admission. What is held in memory is the population (some
60 bytes a person), the open stays, and one day's calls.
"""

import gc
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from itertools import islice
from pathlib import Path
from typing import Protocol

from simulation import references, truth
from simulation.accidents import Accidents
from simulation.admissions import Admissions
from simulation.appointments import Appointments
from simulation.backstage import Backstage, Stage
from simulation.campaigns import Campaigns
from simulation.closures import Closures
from simulation.deliveries import Deliveries
from simulation.departments import Departments
from simulation.errands import Errands
from simulation.outbreaks import Outbreaks
from simulation.schemes import load
from simulation.series import Series
from simulation.visits import Visits
from simulation.ward import Ward
from simulation.world import build

START = date(2026, 1, 1)
MESSAGES_AT_ONCE = 1_000  # written together, about 2 MB


class Part(Protocol):
    """Something that books what begins on a day."""

    def open_day(self, day: int) -> None:
        """Called every morning, in order."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What was written."""

    transactions: int
    written_bytes: int
    labels: int


def simulate(
    folder: Path,
    days: int,
    persons: int,
    seed: int,
    schemes: Iterable[str],
    start: date = START,
    progress: Callable[[int], None] = lambda day: None,
) -> Summary:
    """Writes transactions, institutions, persons, catalogue and truth (`.jsonl`) into the folder.

    The same arguments write the same bytes. `progress` is called with the number of days done. Transactions get their
    name when they are whole, so that a run that was broken off leaves no file that looks finished. Raises ValueError
    for a period outside the known years and OSError if the disk refuses.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for stale in ("transactions.jsonl", "truth.jsonl"):  # of an earlier run: they would not fit the new references
        (folder / stale).unlink(missing_ok=True)
    world = build(start, days, persons, seed)
    ward = Ward(world)
    visits = Visits(world, ward.expected)
    admissions = Admissions(world, ward)
    stage = Stage(world, ward, visits, Appointments(world))
    # Schemes first: on each morning they must find their people free.
    parts: list[Part] = [
        Closures(world),
        stage,
        admissions,
        Series(world, ward),
        Outbreaks(world, visits, admissions),
        Accidents(world, admissions),
        Campaigns(world, visits, admissions, stage.appointments),
        Errands(world, visits, stage.appointments),
        Departments(world, visits, admissions),
        Deliveries(world),
        visits,
    ]
    for name in sorted(schemes):
        load(name)(Backstage(stage, name))
    references.write_institutions(world, folder / "institutions.jsonl")
    references.write_catalogue(world, folder / "catalogue.jsonl")
    references.write_persons(world, folder / "persons.jsonl")
    world.demand.open_day(0)
    admissions.fill_wards()
    unfinished = folder / "transactions.jsonl.part"
    transactions = written = 0
    with unfinished.open("wb") as file, _garbage_uncollected():
        for day in range(days):
            world.demand.open_day(day)
            for part in parts:
                part.open_day(day)
            for messages in _chunks(world.agenda.run(day)):
                transactions += len(messages)
                written += file.write(b"".join(messages))
            progress(day + 1)
    unfinished.replace(folder / "transactions.jsonl")
    return Summary(transactions, written, truth.write(world, stage.hidden, folder / "truth.jsonl"))


@contextmanager
def _garbage_uncollected() -> Iterator[None]:
    """A call that was made is freed by its count of references; looking for cycles among those to come costs an eighth."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _chunks(messages: Iterator[bytes]) -> Iterator[list[bytes]]:
    while chunk := list(islice(messages, MESSAGES_AT_ONCE)):
        yield chunk
