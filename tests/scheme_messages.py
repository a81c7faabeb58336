"""Which messages are a scheme's, and which are ordinary life's? Told by listening to what schemes book while a county is made.

Whoever looks for a scheme in the traffic knows none of this; it is here so that a test can hold the two against each other.
"""

from __future__ import annotations

import functools
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest

from simulation import trade
from simulation.backstage import Backstage
from simulation.county import simulate
from simulation.outpatient import OutPatients, Visit
from simulation.pharmacy import Pharmacies, Purchase
from simulation.schemes import available
from simulation.stays import Stay

Message = dict[str, Any]
BY_PLACE = {"cost_level", "own_expense_share"}  # change how a place treats everybody: all that it sends is theirs


class Listener:
    """What each scheme has booked, by pattern."""

    def __init__(self) -> None:
        self.booked: dict[str, list[Stay | Visit | Purchase]] = defaultdict(list)
        self._acting = ""

    @contextmanager
    def _of(self, pattern: str) -> Iterator[None]:
        self._acting = pattern
        try:
            yield
        finally:
            self._acting = ""

    def single(self, booking: Callable[..., Any]) -> Callable[..., Any]:
        """Wraps `Backstage.admit` and `Backstage.swipe`."""

        @functools.wraps(booking)
        def heard(backstage: Backstage, *arguments: Any, **named: Any) -> Any:
            made = booking(backstage, *arguments, **named)
            self.booked[backstage.pattern].append(made)
            return made

        return heard

    def many(self, selling: Callable[..., None]) -> Callable[..., None]:
        """Wraps `trade.sell` and `trade.crowd`."""

        @functools.wraps(selling)
        def heard(backstage: Backstage, *arguments: Any, **named: Any) -> None:
            with self._of(backstage.pattern):
                selling(backstage, *arguments, **named)

        return heard

    def counter(self, booking: Callable[..., None]) -> Callable[..., None]:
        """Wraps the counters at which everybody's visits are booked."""

        @functools.wraps(booking)
        def heard(acts: Any, at: int, visit: Visit | Purchase) -> None:
            booking(acts, at, visit)
            if self._acting:
                self.booked[self._acting].append(visit)

        return heard


def listened(folder: Path, days: int, persons: int, seed: int) -> Listener:
    """Makes a county with all schemes and says what they booked."""
    listener = Listener()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("admit", "swipe"):
            patch.setattr(Backstage, name, listener.single(getattr(Backstage, name)))
        patch.setattr(OutPatients, "book", listener.counter(OutPatients.book))
        patch.setattr(Pharmacies, "book", listener.counter(Pharmacies.book))
        for scheme in ("drug_volume", "drug_volume_peer", "spending_growth", "institution_profile"):
            module = __import__(f"simulation.schemes.{scheme}", fromlist=["hide"])
            for name in ("sell", "crowd"):
                if hasattr(module, name):
                    patch.setattr(module, name, listener.many(getattr(trade, name)))
        simulate(folder, days, persons, seed, available())
    return listener


def parted(folder: Path, listener: Listener) -> tuple[dict[str, list[Message]], list[Message]]:
    """The messages of each scheme, and those that are nobody's; each message once."""
    pattern_of = {made.number: pattern for pattern, many in listener.booked.items() for made in many if made.number}
    places = [
        (label["pattern"], label["institution"], label["begin"])
        for label in map(orjson.loads, (folder / "truth.jsonl").open("rb"))
        if label["pattern"] in BY_PLACE
    ]
    ours: dict[str, list[Message]] = defaultdict(list)
    theirs, seen = list[Message](), set[str]()
    for message in map(orjson.loads, (folder / "transactions.jsonl").open("rb")):
        if message["msgid"] in seen:
            continue
        seen.add(message["msgid"])
        pattern = pattern_of.get(visit_of(message), "")
        owners = [
            name for name, place, begin in places if message["fixmedins_code"] == place and message["inf_time"] >= begin
        ]
        for name in [pattern, *owners] if pattern else owners:
            ours[name].append(message)
        if not pattern and not owners:
            theirs.append(message)
    return ours, theirs


def visit_of(message: Message) -> str:
    """The number of the visit or stay, "" where the message names none."""
    answer, body = message["output"], message["input"]
    for node in (answer.get("result"), answer.get("data"), answer.get("setlinfo"), *body.values()):
        first = node[0] if isinstance(node, list) and node else node
        if isinstance(first, dict) and first.get("mdtrt_id"):
            return str(first["mdtrt_id"])
    return ""
