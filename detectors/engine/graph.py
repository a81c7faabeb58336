"""Which stages are there, and what flows from which to which? Written here once, used by service, replay and tests."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from detectors.engine.household_stage import HouseholdStage
from detectors.engine.institution_stage import InstitutionStage
from detectors.engine.pages import SavedPages
from detectors.engine.peers_stage import PeersStage
from detectors.engine.person_stage import PersonStage
from detectors.engine.rule import References, Rule
from detectors.engine.stage import Layout, Stage

STAGES: dict[str, type[Stage]] = {
    stage.name: stage for stage in (InstitutionStage, PersonStage, HouseholdStage, PeersStage)
}
NEXT: dict[str, tuple[str, ...]] = {"institution": ("person", "peers"), "person": ("household",)}
# How a stage names what another one sends it; all later stages return to the first what is about its institutions.
ROLE_OF_FORWARD = {"institution": "returns", "person": "visits", "household": "households", "peers": "peers"}


def open_stage(
    name: str,
    partition: int,
    partitions: int,
    state: SavedPages,
    references: References,
    rules: Iterable[Rule[Any]],
    clock: Callable[[], int] | None = None,
    decoded: int | None = None,
) -> Stage:
    """A stage over its saved pages. ``clock`` reads nanoseconds for the rule-time metric; the engine itself has none.
    ``decoded``: how many pages it may have as objects, where it is not one of ``partitions`` that share the room."""
    return STAGES[name](Layout(partition, partitions), state, references, rules, clock, decoded)
