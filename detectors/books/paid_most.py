"""Of institutions among which nobody can tell who should be paid more, which does the fund pay most (结算费用排名)?

Where no record says of what kind and level an institution is there are no peers by whom spending could be judged: by months a
clinic counts among hospitals once somebody was admitted, and a month of silence counts as a usual one. What is left is how much
there is to be lost, over all months: the share of the others that the fund paid less, wherever they are, for standings of all
regions make one list. Of few institutions the first is merely the hospital of the place, so there the share is drawn towards
nothing. Those of one kind and level are ranked likewise, and drawn further: of ten pharmacies of a county the largest is the one
at the market, of hundreds it is one of which something should be known.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping

import msgspec

from detectors.books.member import MemberPage
from detectors.books.peer_groups import CLASSES_OF_ALL, LEAST_PEERS, SELLS_ONLY, WITH_STAYS, is_of_one_kind
from detectors.models.portrait import Among

_UNKNOWN, _ALIKE = 20, 100  # institutions that count as if they were paid more, of unknown and of one kind (ENG)


def with_ranks(members: Iterable[MemberPage], known: Mapping[str, Among]) -> dict[str, Among]:
    """The same, with the rank among those of its kind and level, or among all whose kind no record tells; who only sells among
    those who do."""
    pools: dict[str, list[str]] = {}
    for member in members:
        if known[member.institution].fund > 0:
            pools.setdefault(_kind_of(member) or _class_of(member), []).append(member.institution)
    ranked = dict(known)
    for pool, codes in pools.items():
        paid, few = sorted(known[code].fund for code in codes), _UNKNOWN if pool in CLASSES_OF_ALL else _ALIKE
        if len(codes) > LEAST_PEERS:
            for code in codes:
                rank = _less(paid, known[code].fund) / (len(codes) - 1 + few)
                ranked[code] = msgspec.structs.replace(known[code], rank=rank)
    return ranked


def _less(paid: list[int], own: int) -> float:
    """How many were paid less; of those who were paid the same, half."""
    less, until = bisect_left(paid, own), bisect_right(paid, own)
    return less + (until - less - 1) / 2


def _kind_of(member: MemberPage) -> str:
    """Kind and level, as far as a record tells them; empty where none does."""
    named = {known.groups[0] for known in member.months.values() if len(known.groups) > 1}
    named |= {group for group in _groups_seen(member) if is_of_one_kind(group)}
    return max((group.split(" ", 1)[1] for group in named), key=len, default="")


def _class_of(member: MemberPage) -> str:
    groups = {known.groups[-1] for known in member.months.values() if known.groups} or _groups_seen(member)
    return SELLS_ONLY if groups and all(group.endswith(SELLS_ONLY) for group in groups) else WITH_STAYS


def _groups_seen(member: MemberPage) -> set[str]:
    return {one.group for known in member.months.values() for one in known.seen.values()}
