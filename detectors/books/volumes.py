"""How is an item's volume counted? In whole thousandths of a pack: sums of them do not depend on their order."""

from __future__ import annotations

from typing import Final

from schemas.snapshots import Reference

THOUSAND: Final = 1_000
LARGEST: Final = 10**15  # thousandths; keeps sums within what msgpack's integers hold


class VolumeDelta:
    """What a message did to the volume of a service day: packs and fen of policy scope, negative where it took back.

    ``message`` is the one that these packs came with, whichever takes them back. ``in_stay``: it is a line of a stay. One with
    ``stays`` has no packs: of so many stays more, or fewer, ``day`` is the first of its month that has the item.
    """

    def __init__(
        self, item: str, day: int, quantity: float, scope: int, message: Reference, in_stay: bool = False, stays: int = 0
    ) -> None:  # fmt: skip
        self.item = item
        self.day = day
        self.quantity = quantity
        self.scope = scope
        self.message = message
        self.in_stay = in_stay
        self.stays = stays


def thousandths(quantity: float) -> int:
    """Packs in thousandths, `LARGEST` at most."""
    amount = quantity * THOUSAND
    if amount >= LARGEST:
        return LARGEST
    return -LARGEST if amount <= -LARGEST else round(amount)
