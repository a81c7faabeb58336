"""What is a stay?

A plan says who lies where, from when to when, and on which days nothing is done; an honest plan has quiet days too
(weekends, the day before discharge), but never three in a row.
"""

import random
from dataclasses import dataclass, field

from simulation.bills import Bill
from simulation.catalogue import Item
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


def price_of(world: World, stay: Stay, item: Item) -> int:
    """What one piece costs at the stay's institution (fen)."""
    return world.demand.prices[stay.plan.institution][item.index]


def package_price(plan: StayPlan, midway: bool) -> int:
    """What the insurer has agreed to pay for (fen): by bed-day, or by case; nought where lines are paid."""
    if plan.med_type == "2105":
        return (30 if midway else max(1, (plan.last_day - plan.first_day) % 30)) * 13_000
    if plan.med_type in ("26", "28"):
        return round(160_000 + 52_000 * plan.diagnosis.days)
    return 0


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
    "death_miscoded": 0.003,  # 2402 says that the patient died, 2405 takes it back
    "settlement_undone": 0.025,  # 2305
    "settlement_timed_out": 0.006,  # 2601 of 2304
    "relayed_twice": 0.02,
}
