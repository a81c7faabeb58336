"""What is charged in a ward beyond what the illness needs?

More of the same (小病大治): tests, scans, drips and therapies that many patients have, a few more on every day. Dearer
instead of usual: the first class of nursing, the double room, the dearest drug of its group. And what only the patient pays.
"""

from simulation.catalogue import DRUG_GROUPS, Item
from simulation.stays import Stay, price_of
from simulation.world import World

MORE_OF = ("lab", "lab", "exam", "drip", "rehab", "infusion")
EXTRAS_OF_A_DAY = 0.03  # of the days have something that the patient pays alone, everywhere


def beyond_need(world: World, stay: Stay, wanted: list[tuple[Item, int]], zeal: float) -> list[tuple[Item, int]]:
    """Further items, none twice, that bring the day to about `zeal` times its cost, and what the patient pays alone."""
    cost = sum(price_of(world, stay, item) * count for item, count in wanted)
    taken = {item.index for item, _ in wanted}
    added = _filled(world, stay, taken, MORE_OF, (zeal - 1) * cost) if zeal > 1 else []
    own = float(world.practice.own_paid[stay.plan.institution])
    if stay.chance.random() < EXTRAS_OF_A_DAY and not stay.plan.fund_target:
        added += [(stay.chance.choice(world.catalogue.members("extras")), 1)]
    if own > 0 and not stay.plan.fund_target:
        added += _filled(world, stay, taken, ("extras",), own / (1 - own) * (cost + _routine(world, stay)))
    return added


def take_the_dearest(world: World, stay: Stay) -> None:
    """Replaces what was prescribed by the dearest of its kind that the institution keeps."""
    stay.regimen = list(
        {_dearest(world, stay, item).index: _dearest(world, stay, item) for item in stay.regimen}.values()
    )
    bed, nursing, rounds = stay.routine
    stay.routine = [
        max(world.catalogue.members(item.group), key=lambda each: each.limit_fen) for item in (bed, nursing)
    ]
    stay.routine.append(rounds)


def _dearest(world: World, stay: Stay, item: Item) -> Item:
    if item.group not in DRUG_GROUPS:
        return item
    kept = [
        each for each in world.catalogue.members(item.group) if world.demand.keeps(stay.plan.institution, each.index)
    ]
    return max(kept, key=lambda each: price_of(world, stay, each))


def _filled(world: World, stay: Stay, taken: set[int], groups: tuple[str, ...], room: float) -> list[tuple[Item, int]]:
    """Items of the groups that come to so many fen on average: what is too dear for the rest is taken now and then."""
    chance, added = stay.chance, list[tuple[Item, int]]()
    for _ in range(20):
        if room <= 0:
            break
        item = chance.choice(world.catalogue.members(chance.choice(groups)))
        price = price_of(world, stay, item)
        if item.index in taken or not world.demand.keeps(stay.plan.institution, item.index):
            continue
        if price > room and chance.random() > room / price:
            break
        taken.add(item.index)
        added.append((item, 1))
        room -= price
    return added


def _routine(world: World, stay: Stay) -> int:
    return sum(price_of(world, stay, item) for item in stay.routine)
