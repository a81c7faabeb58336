"""Of institutions that nobody has described, which does the fund pay most (结算费用排名)?

Without kind and level there are no peers by whom spending could be judged: by months a clinic counts among hospitals once
somebody was admitted, and a month of silence counts as a usual one. What is left is how much there is to be lost, over all
months: the share of the others that the fund paid less, wherever they are, for standings of all regions make one list. Of few
institutions the first is merely the hospital of the place, so there the share is drawn towards nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from detectors.books.member import MemberPage
from detectors.books.peer_groups import CLASSES_OF_ALL, LEAST_PEERS, is_of_one_kind
from detectors.models.portrait import Among

_FEW: Final = 20  # institutions that count as if they were paid more (ENG)
_SELLS: Final = CLASSES_OF_ALL[-1]


def with_ranks(members: Iterable[MemberPage], known: Mapping[str, Among]) -> dict[str, Among]:
    """The same, with the rank of those whose kind no record tells; who only sells among those who do."""
    pools: dict[bool, list[str]] = {}
    for member in members:
        if known[member.institution].fund > 0 and not _is_described(member):
            pools.setdefault(_only_sells(member), []).append(member.institution)
    ranked = dict(known)
    for codes in pools.values():
        paid = sorted(known[code].fund for code in codes)
        if len(codes) > LEAST_PEERS:
            for code in codes:
                rank = _less(paid, known[code].fund) / (len(codes) - 1 + _FEW)
                ranked[code] = msgspec.structs.replace(known[code], rank=rank)
    return ranked


def _less(paid: list[int], own: int) -> float:
    """How many were paid less; of those who were paid the same, half."""
    less, until = bisect_left(paid, own), bisect_right(paid, own)
    return less + (until - less - 1) / 2


def _is_described(member: MemberPage) -> bool:
    """Whether anybody has said of what kind it is, so that it has groups narrower than all of the region."""
    has_narrower = any(len(known.groups) > 1 for known in member.months.values())
    return has_narrower or any(map(is_of_one_kind, _groups_seen(member)))


def _only_sells(member: MemberPage) -> bool:
    groups = {known.groups[-1] for known in member.months.values() if known.groups} or _groups_seen(member)
    return bool(groups) and all(group.endswith(_SELLS) for group in groups)


def _groups_seen(member: MemberPage) -> set[str]:
    return {one.group for known in member.months.values() for one in known.seen.values()}
