"""Which groups of settlements are one set of cards that came again, and which tell of the same occasion?"""

from __future__ import annotations

from detectors.books.terminal_swipes import FEWEST, GROUPS_KEPT, Group, moment_of


def linked(groups: list[Group]) -> list[list[Group]]:
    """Groups of the same persons together, within two months of one another; each cluster by time."""
    clusters: list[list[tuple[Group, frozenset[str]]]] = []
    for group in groups:
        persons = group.persons()
        ours = [
            cluster
            for cluster in clusters
            if any(abs(one.begin - group.begin) <= GROUPS_KEPT and are_same(others, persons) for one, others in cluster)
        ]
        if ours:
            clusters = [cluster for cluster in clusters if not any(cluster is one for one in ours)]
        clusters.append([one for cluster in ours for one in cluster] + [(group, persons)])
    return [sorted((group for group, _ in cluster), key=by_first) for cluster in clusters]


def are_same(persons: frozenset[str], others: frozenset[str]) -> bool:
    """Whether they are a fixed set that came again: six in ten of both together, or five whoever joined them."""
    both = len(persons & others)
    return both >= FEWEST and (both >= 5 or both >= 0.6 * len(persons | others))


def are_of_one_occasion(group: Group, other: Group) -> bool:
    """Whether they hold a settlement in common: an operator's group, and what the whole institution settled meanwhile."""
    if group.begin > other.end or other.begin > group.end:
        return False
    held = {member.settlement for member in other.members}
    return any(member.settlement in held for member in group.members)


def by_first(group: Group) -> tuple[int, str, str, str]:
    """By which groups are in order."""
    return *moment_of(group.members[0]), group.operator
