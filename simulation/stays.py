"""What is a stay, and what is charged on each of its days?

A plan says who lies where, from when to when, and on which days nothing is done. What is then charged follows from the
diagnosis; an honest plan has quiet days too (weekends, the day before discharge), but never three in a row.
"""

import random
from dataclasses import dataclass, field

import numpy as np

from simulation.bills import Bill, scope_for, shares
from simulation.catalogue import DRUG_GROUPS, Item
from simulation.diagnoses import Diagnosis
from simulation.messages.lines import Line
from simulation.messages.settlement import Settled
from simulation.timeline import DAY, Timeline
from simulation.world import World

LONGEST_QUIET = 2  # days in a row on which an honest ward does nothing but bed, nursing and rounds


@dataclass(frozen=True, slots=True)
class StayPlan:
    """What is going to happen; moments in seconds, `quiet` in day numbers."""

    person: int
    institution: int
    diagnosis: Diagnosis
    med_type: str
    begin: int
    end: int
    quiet: frozenset[int]
    chance: int  # seed of the stay's own small choices
    discharge_way: str = "1"
    follow: "StayPlan | None" = None  # where a transferred patient goes
    may_go_wrong: bool = True  # whether the admission itself may be taken back
    spared: frozenset[str] = frozenset()  # names in WRONGS that do not happen to this stay
    beside: "Stay | None" = None  # the patient is put into the bed of this one
    work_up: float = 0.0  # share of the days' bill that is tests; 0: what the illness needs
    fund_target: int = 0  # fen that the fund shall pay; 0: whatever the bill comes to
    comes_back: bool = False  # the list says that a readmission within 31 days is planned

    @property
    def first_day(self) -> int:
        """Day number of the admission."""
        return self.begin // DAY

    @property
    def last_day(self) -> int:
        """Day number of the discharge."""
        return self.end // DAY


@dataclass(slots=True)
class Stay:
    """A stay that has begun, or that has not if `number` is empty."""

    plan: StayPlan
    begin: int
    end: int
    chance: random.Random
    number: str = ""
    bed: str = ""
    bed_number: int = 0
    chart: str = ""
    doctor: str = ""
    department: str = ""
    regimen: list[Item] = field(default_factory=list)
    routine: list[Item] = field(default_factory=list)
    bill: Bill = field(default_factory=Bill)
    pending: int = 0  # uploads that are still to come; a settlement waits for them
    sent: list[Line] | None = None  # kept only where all lines will be deleted and sent again
    wrongs: frozenset[str] = frozenset()
    settled: Settled | None = None
    discharged: bool = False
    left: bool = False  # the bed is somebody else's
    on_target: bool = True  # whether what the plan aims at was reached: a bed beside another, a sum that the fund pays


def quiet_days(chance: random.Random, first: int, last: int, timeline: Timeline) -> frozenset[int]:
    """Days of an honest stay without treatment: some of a weekend, some before the discharge, at most two in a row."""
    quiet = {day for day in range(first + 1, last) if timeline.is_weekend(day) and chance.random() < 0.28}
    if last - first > 3 and chance.random() < 0.16:
        quiet.add(last - 1)
        if chance.random() < 0.4:
            quiet.add(last - 2)
    run = 0
    for day in range(first, last + 1):
        run = run + 1 if day in quiet else 0
        if run > LONGEST_QUIET:
            quiet.discard(day)
            run = 0
    return frozenset(quiet)


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
    bed = chance.choice(world.catalogue.members("bed"))
    stay.routine = [bed, chance.choice(world.catalogue.members("nursing")), world.catalogue.first("round")]


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
    for item in stay.regimen:
        if chance.random() < (0.6 if calm else 0.88):
            wanted.append((item, _pieces(item, chance)))
    if day == plan.first_day or (not calm and chance.random() < 0.75):
        wanted.append((catalogue.first("drip"), chance.randint(1, 3)))
    if day == plan.first_day:
        wanted += [(item, 1) for item in chance.sample(catalogue.members("lab"), chance.randint(2, 5))]
        wanted += [(item, 1) for item in chance.sample(catalogue.members("exam"), chance.randint(0, 2))]
    elif chance.random() < 0.16:
        wanted += [(item, 1) for item in chance.sample(catalogue.members("lab"), chance.randint(1, 3))]
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
    tested = sum(_line_price(world, stay, item) for item, _ in wanted)
    routine = sum(_line_price(world, stay, item) for item in stay.routine)
    # Tests, routine and tablets of the first day together make the whole; later days bring hardly any of either.
    room = tested / plan.work_up - tested - routine * max(1, plan.last_day - plan.first_day) if first else 0.0
    for item in stay.regimen:
        price = _line_price(world, stay, item)
        if item.group in DRUG_GROUPS and item.group != "infusion" and price <= room:
            wanted.append((item, 1))
            room -= price
    earliest = max(day * DAY + 28_800, stay.begin + 900)
    latest = max(earliest + 600, min(day * DAY + 61_200, stay.end - 600))
    return [_line(world, stay, item, count, _moment(world, chance, earliest, latest)) for item, count in wanted]


def _line_price(world: World, stay: Stay, item: Item) -> int:
    return int(world.demand.price_fen[stay.plan.institution, item.index])


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
                     key=lambda item: -_line_price(world, stay, item))  # fmt: skip
    added: list[Line] = []
    for _ in range(12):
        for item in offered:
            most = missing // _line_price(world, stay, item)
            count = min(most, chance.randint(0, 1 if item.group in ("exam", "lab") else 4))
            if count > 0:
                day = chance.randint(max(plan.first_day, plan.last_day - 2), plan.last_day)
                at = min(day * DAY + chance.randint(30_000, 60_000), stay.end - 600)
                added.append(_line(world, stay, item, count, world.timeline.stamp(at)))
                missing -= added[-1].amount
    return added


def package_price(plan: StayPlan, midway: bool) -> int:
    """What the insurer has agreed to pay for (fen): by bed-day, or by case; nought where lines are paid."""
    if plan.med_type == "2105":
        return (30 if midway else max(1, (plan.last_day - plan.first_day) % 30)) * 13_000
    if plan.med_type in ("26", "28"):
        return round(160_000 + 52_000 * plan.diagnosis.days)
    return 0


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
    return Line(item, count, int(world.demand.price_fen[stay.plan.institution, item.index]), when)


def new_stay(plan: StayPlan) -> Stay:
    """A stay as planned, before its admission; decides what will go wrong with its paper work."""
    chance = random.Random(plan.chance)
    wrongs = {name for name, share in WRONGS.items() if chance.random() < share}
    wrongs -= plan.spared
    if not plan.may_go_wrong or plan.diagnosis.code in ("F20.900", "O80.000", "O82.000", "Z38.000"):
        wrongs.discard("never_admitted")
    if "all_lines_again" in wrongs:
        wrongs -= {"line_refunded", "lines_again"}
    if "lines_again" in wrongs:
        wrongs.discard("line_refunded")
    stay = Stay(plan, plan.begin, plan.end, chance, department=plan.diagnosis.department, wrongs=frozenset(wrongs))
    stay.on_target = not plan.fund_target
    stay.sent = [] if "all_lines_again" in wrongs and plan.med_type != "2105" else None
    return stay


# What goes wrong with a stay's paper work, and how often. ENG: rare, but every case in every larger county.
WRONGS: dict[str, float] = {
    "never_admitted": 0.008,  # 2404
    "admission_timed_out": 0.006,  # 2601 of 2401
    "moved": 0.07,  # 2403 with another bed
    "moved_late": 0.012,  # the same, told hours later, when the old bed has somebody else
    "begin_corrected": 0.02,  # 2403 with another begntime
    "line_refunded": 0.12,
    "lines_again": 0.02,  # 2302 of one upload
    "all_lines_again": 0.01,  # 2302 "0000"
    "discharge_undone": 0.02,  # 2405
    "discharge_late": 0.05,  # 2402 one to three days after the patient left
    "discharge_forgotten": 0.006,  # settled without 2402, which comes weeks later or never
    "death_miscoded": 0.0015,  # 2402 says that the patient died, 2405 takes it back
    "settlement_undone": 0.025,  # 2305
    "settlement_timed_out": 0.006,  # 2601 of 2304
    "relayed_twice": 0.02,
}
