"""What is charged on each day of a stay?

It follows from the diagnosis, which is treated day after day with small changes, and from the ways of the institution.
"""

import random

import numpy as np

from simulation.bills import scope_for, shares
from simulation.catalogue import DRUG_GROUPS, Item
from simulation.excess import beyond_need, take_the_dearest
from simulation.messages.lines import Line
from simulation.stays import Stay, price_of
from simulation.timeline import DAY
from simulation.world import World


def prescribe(world: World, stay: Stay) -> None:
    """Chooses the stay's drugs and care: what is given day after day, with small changes."""
    plan, chance = stay.plan, stay.chance
    groups = [
        plan.diagnosis.drugs[int(chance.random() * len(plan.diagnosis.drugs))] for _ in range(chance.randint(2, 4))
    ]
    numbers = np.array([world.demand.group_number[group] for group in groups])
    chances = np.array([chance.random() for _ in groups])
    drawn = world.demand.draw(np.full(len(groups), plan.institution), numbers, chances)
    items = [world.catalogue.items[int(index)] for index in dict.fromkeys(drawn.tolist())]
    for group in plan.diagnosis.care:
        members = world.catalogue.members(group)
        items += chance.sample(members, min(len(members), chance.randint(1, 3)))
    stay.regimen = items
    stay.routine = [
        chance.choice(world.catalogue.members("bed")),
        chance.choice(world.catalogue.members("nursing")),
        world.catalogue.first("round"),
    ]
    if chance.random() < world.practice.dear[plan.institution]:
        take_the_dearest(world, stay)


def routine_lines(world: World, stay: Stay, day: int) -> list[Line]:
    """Bed, nursing and round of a day; a HIS now and then forgets a whole night."""
    if stay.chance.random() < 0.02:
        return []
    when = world.timeline.stamp(day * DAY + 84_600)
    return [_line(world, stay, item, 1, when) for item in stay.routine]


def treatment_lines(world: World, stay: Stay, day: int) -> list[Line]:
    """Everything else of a day; empty on the plan's quiet days, never on others."""
    if day in stay.plan.quiet:
        return []
    chance, catalogue, plan = stay.chance, world.catalogue, stay.plan
    wanted: list[tuple[Item, int]] = []
    if plan.work_up:
        return _tests(world, stay, day)
    calm = world.timeline.is_weekend(day) and day != plan.first_day
    zeal = 1.0 if plan.fund_target else float(world.practice.zeal[plan.institution])
    likely = (0.6 if calm else 0.88) * min(1.0, zeal)
    for item in stay.regimen:
        if chance.random() < likely:
            wanted.append((item, _pieces(item, chance)))
    if day == plan.first_day or (not calm and chance.random() < 0.75):
        wanted.append((catalogue.first("drip"), chance.randint(1, 3)))
    if day == plan.first_day:
        wanted += [(item, 1) for item in chance.sample(catalogue.members("lab"), chance.randint(2, 5))]
        wanted += [(item, 1) for item in chance.sample(catalogue.members("exam"), chance.randint(0, 2))]
    elif chance.random() < 0.16:
        wanted += [(item, 1) for item in chance.sample(catalogue.members("lab"), chance.randint(1, 3))]
    wanted += beyond_need(world, stay, wanted, zeal)
    waits = 0 if plan.diagnosis.trait == "day_surgery" else 1
    if plan.diagnosis.operation and day == min(plan.first_day + waits, plan.last_day):
        wanted += _operation(world, stay)
    if not wanted:
        wanted = [(catalogue.first("drip"), 1)]
    earliest = max(day * DAY + 28_800, stay.begin + 900)
    latest = max(earliest + 600, min(day * DAY + 61_200, stay.end - 600))
    return [_line(world, stay, item, count, _moment(world, chance, earliest, latest)) for item, count in wanted]


def _tests(world: World, stay: Stay, day: int) -> list[Line]:
    """A day of tests instead of a treatment: up to the plan's share of the bill, the rest tablets."""
    chance, catalogue, plan = stay.chance, world.catalogue, stay.plan
    first = day == plan.first_day
    wanted = [(item, 1) for item in chance.sample(catalogue.members("lab"), chance.randint(4, 7) if first else 2)]
    wanted += [(item, 1) for item in chance.sample(catalogue.members("exam"), chance.randint(2, 3) if first else 0)]
    tested = sum(price_of(world, stay, item) for item, _ in wanted)
    routine = sum(price_of(world, stay, item) for item in stay.routine)
    # Tests, routine and tablets of the first day together make the whole; later days bring hardly any of either.
    room = tested / plan.work_up - tested - routine * max(1, plan.last_day - plan.first_day) if first else 0.0
    for item in stay.regimen:
        price = price_of(world, stay, item)
        if item.group in DRUG_GROUPS and item.group != "infusion" and price <= room:
            wanted.append((item, 1))
            room -= price
    earliest = max(day * DAY + 28_800, stay.begin + 900)
    latest = max(earliest + 600, min(day * DAY + 61_200, stay.end - 600))
    return [_line(world, stay, item, count, _moment(world, chance, earliest, latest)) for item, count in wanted]


def takeaway_lines(world: World, stay: Stay) -> list[Line]:
    """Drugs to take home, for a third of the patients: of the regimen, for a week."""
    drugs = [item for item in stay.regimen if item.group in DRUG_GROUPS and item.group not in ("infusion", "oncology")]
    if stay.plan.discharge_way == "5" or stay.plan.work_up or not drugs or stay.chance.random() > 0.35:
        return []
    when = world.timeline.stamp(max(stay.begin, stay.end - 1_200))
    lines = [_line(world, stay, item, 1, when) for item in drugs[:2]]
    for line in lines:
        line.taken_home = True
    return lines


def fill_up(world: World, stay: Stay, lines: list[Line]) -> list[Line]:
    """Lines that bring the bill to where the fund pays the plan's target; none if it is beyond that already."""
    plan, chance = stay.plan, stay.chance
    level = world.institutions[plan.institution].kind.level
    wanted = scope_for(plan.fund_target, level, bool(world.people.employed[plan.person]))
    missing = wanted - stay.bill.scope - sum(shares(line.item, line.amount)[2] for line in lines)
    drugs = [item for item in stay.regimen if item.level == "01"]
    services = [item for group in ("exam", "lab", "rehab", "drip") for item in world.catalogue.members(group)]
    offered = sorted({item.index: item for item in drugs + services if item.level == "01"}.values(),
                     key=lambda item: -price_of(world, stay, item))  # fmt: skip
    added: list[Line] = []
    for _ in range(12):
        for item in offered:
            most = missing // price_of(world, stay, item)
            count = min(most, chance.randint(0, 1 if item.group in ("exam", "lab") else 4))
            if count > 0:
                day = chance.randint(max(plan.first_day, plan.last_day - 2), plan.last_day)
                at = min(day * DAY + chance.randint(30_000, 60_000), stay.end - 600)
                added.append(_line(world, stay, item, count, world.timeline.stamp(at)))
                missing -= added[-1].amount
    return added


def _operation(world: World, stay: Stay) -> list[tuple[Item, int]]:
    catalogue, diagnosis = world.catalogue, stay.plan.diagnosis
    members = catalogue.members(diagnosis.operation)
    supply = {"cataract": "人工晶体", "fracture": "接骨板", "hernia": "疝补片"}.get(diagnosis.operation)
    done = [(members[-1] if diagnosis.code == "O82.000" else members[0], 1)]
    done += [(catalogue.by_name["留置针"], 1), (catalogue.by_name["无菌敷贴"], stay.chance.randint(1, 4))]
    return done + ([(catalogue.by_name[supply], 1)] if supply else [])


def _pieces(item: Item, chance: random.Random) -> int:
    if item.unit == "小时":
        return chance.randint(2, 12)
    if item.group == "herbs":
        return chance.randint(6, 15)
    return chance.randint(1, 2) if item.group in DRUG_GROUPS else 1


def _moment(world: World, chance: random.Random, earliest: int, latest: int) -> str:
    return world.timeline.stamp(earliest + int(chance.random() * (latest - earliest)))


def _line(world: World, stay: Stay, item: Item, count: int, when: str) -> Line:
    world.demand.sold[stay.plan.institution, item.index] += count
    return Line(item, count, price_of(world, stay, item), when)
