"""What happens in a stay, from the admission to the settlement list?

Each act sends one call and puts the next into the agenda. The lines of a day go up in the night job after it, or days
later; a settlement waits until all of them are there.
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from simulation.beds import Beds
from simulation.messages import inpatient
from simulation.messages.lines import Line
from simulation.messages.settlement import cancellation, node, settle
from simulation.stays import Stay, StayPlan, new_stay, package_price
from simulation.timeline import DAY
from simulation.treatment import fill_up, prescribe, routine_lines, takeaway_lines, treatment_lines
from simulation.world import World

HOUR = 3_600
FOR_EVER = 1 << 60
MIDWAY = 30 * DAY  # a stay longer than this is settled in between
VERY_LATE = 0.08  # of the late uploads: more than 72 h after the service, later than anybody waits


class Ward:
    """The acts of stays, for all institutions."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.beds = Beds(world.institutions)
        self.expected: dict[int, list[int]] = {}  # who is to be admitted, by day
        self.admitted = np.zeros((len(world.institutions), 7), np.int64)  # so far, by institution and weekday

    def book(self, plan: StayPlan) -> Stay:
        """Admits as planned; the stay that is returned gets its number when the admission goes out."""
        stay = new_stay(plan)
        self.expected.setdefault(plan.first_day, []).append(plan.person)
        self._put(plan.begin + int(stay.chance.triangular(60, 2_400, 300)), stay, self._admit)
        return stay

    def resume(self, plan: StayPlan) -> None:
        """Goes on with a stay that began before the period: its admission was never mirrored, what follows is.

        Its bill begins at nought, as after the settlement midway that every ward makes at a year's end.
        """
        stay = new_stay(plan)
        self._receive(stay)
        stay.number, stay.chart = self._world.platform.visit(), self._world.offices[plan.institution].chart()
        self._plan_stay(stay, 0)

    def _put(self, at: int, stay: Stay, act: Callable[..., bytes | None], *arguments: Any) -> None:
        self._world.agenda.put(at, stay.plan.institution, partial(act, stay, *arguments))

    def _send(
        self, infno: str, at: int, stay: Stay, body: dict[str, Any], reply: dict[str, Any], msgid: str | None = None
    ) -> bytes:
        message = self._world.message(infno, at, stay.plan.institution, stay.plan.person, body, reply, msgid)
        if "relayed_twice" in stay.wrongs and stay.chance.random() < 0.15:
            self._world.resend(message, at + 1 + int(stay.chance.random() * 90), stay.plan.institution)
        return message

    def _visit(self, stay: Stay) -> dict[str, Any]:
        return {"mdtrt_id": stay.number, "psn_no": self._world.people.psn_no(stay.plan.person)}

    def _wrong(self, stay: Stay, name: str) -> bool:
        """Whether this goes wrong now; it does so only once."""
        if name not in stay.wrongs:
            return False
        stay.wrongs -= {name}
        return True

    # Admission

    def _admit(self, stay: Stay, at: int) -> bytes:
        world, plan, chance = self._world, stay.plan, stay.chance
        office = world.offices[plan.institution]
        if not stay.number:
            self._receive(stay)
            self.admitted[plan.institution, world.timeline.weekday(at // DAY)] += 1
        stay.number, stay.chart = world.platform.visit(), office.chart()
        msgid = office.msgid(at)
        if self._wrong(stay, "admission_timed_out"):
            self._put(at + 70, stay, self._reverse, msgid, "2401", self._admit)
        elif self._wrong(stay, "never_admitted"):
            self._put(at + chance.randint(900, 6 * HOUR), stay, self._cancel_admission)
        else:
            self._plan_stay(stay, at)
        body = inpatient.admission(world, stay)
        return self._send("2401", at, stay, body, {"result": {"mdtrt_id": stay.number}}, msgid)

    def _receive(self, stay: Stay) -> None:
        institution, beside = stay.plan.institution, stay.plan.beside
        stay.bed_number = self.beds.take(institution)
        stay.bed = self._bed_name(stay, stay.bed_number)
        if beside is not None:
            stay.on_target = bool(beside.number) and not beside.left and beside.bed[-2:].isdigit()
            stay.bed, stay.department = beside.bed, beside.department
        stay.doctor = self._world.offices[institution].doctor(stay.chance.getrandbits(16))
        prescribe(self._world, stay)

    def _plan_stay(self, stay: Stay, at: int) -> None:
        chance, length = stay.chance, stay.end - stay.begin
        gone = stay.plan.discharge_way == "5"
        self._world.people.lies_in[stay.plan.person] = stay.plan.institution
        self._world.people.busy_until[stay.plan.person] = (
            FOR_EVER if gone else max(stay.end, int(self._world.people.busy_until[stay.plan.person]))
        )
        self._close_days(stay, max(stay.plan.first_day, -1), at)
        self._put(max(at + 300, stay.end + chance.randint(120, 900)), stay, self._last_lines)
        if stay.plan.follow is not None:
            self.book(stay.plan.follow)
        if self._wrong(stay, "moved"):
            self._put(at + int(chance.uniform(0.1, 0.8) * length), stay, self._move)
        if self._wrong(stay, "moved_late"):
            self._put(at + int(chance.uniform(0.1, 0.5) * length), stay, self._move_untold)
        if self._wrong(stay, "begin_corrected"):
            self._put(at + int(chance.uniform(0.05, 0.3) * length), stay, self._correct_begin)
        if stay.plan.med_type == "2105":
            for moment in range(stay.begin + MIDWAY, stay.end - 3 * DAY, MIDWAY):
                if moment > at:
                    self._put(moment, stay, self._settle, True)

    def _bed_name(self, stay: Stay, number: int) -> str:
        """Extra beds have numbers of their own, or in some hospitals only the word; day surgery has often no bed."""
        institution = self._world.institutions[stay.plan.institution]
        if stay.plan.med_type == "28" and stay.plan.chance % 3 == 0:
            return ""
        if number <= institution.beds:
            return f"{stay.department}-{number:03}"
        extra = "" if institution.index % 3 == 0 else f"{number - institution.beds:02}"
        return f"{stay.department}-加{extra}" if extra else "加床"

    def _leave_bed(self, stay: Stay) -> None:
        if not stay.left:
            stay.left = True
            self.beds.give_back(stay.plan.institution, stay.bed_number)

    def _cancel_admission(self, stay: Stay, at: int) -> bytes:
        self._leave_bed(stay)
        return self._send("2404", at, stay, {"data": self._visit(stay)}, {})

    def _reverse(self, stay: Stay, msgid: str, infno: str, again: Callable[..., bytes | None], at: int) -> bytes:
        body = {"psn_no": self._world.people.psn_no(stay.plan.person), "omsgid": msgid, "oinfno": infno}
        self._put(at + stay.chance.randint(10, 240), stay, again)
        return self._send("2601", at, stay, {"data": body}, {})

    def _move(self, stay: Stay, at: int) -> bytes | None:
        if stay.left:
            return None
        taken = self.beds.take(stay.plan.institution)
        self.beds.give_back(stay.plan.institution, stay.bed_number)
        stay.bed_number, stay.bed = taken, self._bed_name(stay, taken)
        return self._send("2403", at, stay, inpatient.change(self._world, stay), {})

    def _move_untold(self, stay: Stay, at: int) -> None:
        """The patient lies in another bed from now on; the office hears of it later."""
        late = stay.chance.randint(2, 14) if stay.chance.random() < 0.9 else stay.chance.randint(26, 44)
        if stay.left:
            return
        taken = self.beds.take(stay.plan.institution)
        self.beds.give_back(stay.plan.institution, stay.bed_number)
        stay.bed_number = taken
        self._put(at + late * HOUR, stay, self._tell_bed)

    def _tell_bed(self, stay: Stay, at: int) -> bytes | None:
        stay.bed = self._bed_name(stay, stay.bed_number)
        if stay.left:
            return None
        return self._send("2403", at, stay, inpatient.change(self._world, stay), {})

    def _correct_begin(self, stay: Stay, at: int) -> bytes | None:
        if stay.discharged:
            return None
        stay.begin = max(stay.plan.first_day * DAY, stay.begin - stay.chance.randint(300, 4_000))
        return self._send("2403", at, stay, inpatient.change(self._world, stay), {})

    # Lines

    def _close_days(self, stay: Stay, day: int, now: int) -> None:
        """The night job of the day, and through it those of all days before the discharge."""
        if day < stay.end // DAY:
            job = self._world.institutions[stay.plan.institution].habits.night_job
            self._put(max(now + 60, (day + 1) * DAY + job + stay.chance.randint(0, 1_200)), stay, self._night_job, day)

    def _night_job(self, stay: Stay, day: int, at: int) -> bytes | None:
        world, chance = self._world, stay.chance
        self._close_days(stay, day + 1, at)
        routine, treatment = routine_lines(world, stay, day), treatment_lines(world, stay, day)
        habits = world.institutions[stay.plan.institution].habits
        late = chance.random() < habits.late_share and not stay.plan.fund_target
        if late:
            days = chance.choice((1, 1, 2)) if chance.random() > VERY_LATE else chance.randint(3, 6)
            whole = chance.random() < 0.6
            moment = at + days * DAY - chance.randint(0, 6 * HOUR)
            self._upload_later(stay, treatment + routine if whole else treatment, moment)
            return None if whole else self._upload(stay, routine, at)
        if habits.splits_upload and not stay.plan.fund_target:
            self._upload_later(stay, treatment, at + chance.randint(600, 4 * HOUR))
            return self._upload(stay, routine, at)
        return self._upload(stay, routine + treatment, at)

    def _last_lines(self, stay: Stay, at: int) -> bytes | None:
        lines = takeaway_lines(self._world, stay)
        if stay.end // DAY == stay.plan.first_day or stay.chance.random() < 0.5:
            lines = treatment_lines(self._world, stay, stay.end // DAY) + lines
        if stay.plan.fund_target:
            lines += fill_up(self._world, stay, lines)
        if "discharge_undone" not in stay.wrongs:  # otherwise nobody else gets the bed before that is over
            self._leave_bed(stay)
        self._plan_discharge(stay, at)
        return self._upload(stay, lines, at)

    def _plan_discharge(self, stay: Stay, at: int) -> None:
        """Mostly within the hour; some are told days later, some are settled without it."""
        chance = stay.chance
        if self._wrong(stay, "discharge_forgotten"):
            self._put(at + chance.randint(DAY // 2, 3 * DAY), stay, self._settle, False)
            if chance.random() < 0.5:
                self._put(at + chance.randint(6, 18) * DAY, stay, self._discharge_at_last)
        elif self._wrong(stay, "discharge_late"):
            self._put(at + chance.randint(14 * HOUR, 3 * DAY), stay, self._discharge)
        else:
            self._put(at + chance.randint(120, 5_400), stay, self._discharge)

    def _discharge_at_last(self, stay: Stay, at: int) -> bytes:
        stay.discharged = True
        return self._send("2402", at, stay, inpatient.discharge(self._world, stay), {})

    def _upload_later(self, stay: Stay, lines: list[Line], at: int) -> None:
        if lines:
            stay.pending += 1
            self._put(at, stay, self._late_upload, lines)

    def _late_upload(self, stay: Stay, lines: list[Line], at: int) -> bytes | None:
        stay.pending -= 1
        return self._upload(stay, lines, at)

    def _upload(self, stay: Stay, lines: list[Line], at: int) -> bytes | None:
        if not lines:
            return None
        world = self._world
        office = world.offices[stay.plan.institution]
        for line in lines:
            line.number = line.number or office.line()
            stay.bill.add(line.item, line.amount)
        if stay.sent is not None:
            stay.sent += lines
        self._spoil(stay, lines, at)
        body, reply = inpatient.charges(world, stay, lines)
        return self._send("2301", at, stay, body, reply)

    def _spoil(self, stay: Stay, lines: list[Line], at: int) -> None:
        """Something about these lines may have to be put right soon."""
        chance = stay.chance
        if stay.discharged or chance.random() > 0.3:
            return
        if self._wrong(stay, "line_refunded"):
            line = chance.choice(lines)
            pieces = -chance.randint(1, line.count) if line.count > 0 else 0
            if pieces and line.item.group not in ("bed", "nursing", "round"):
                back = Line(line.item, pieces, line.price, line.when, undoes=line.number)
                self._upload_later(stay, [back], at + chance.randint(HOUR, 30 * HOUR))
        elif self._wrong(stay, "lines_again"):
            self._put_pending(stay, at + chance.randint(600, 5 * HOUR), self._delete_lines, lines)
        elif stay.sent is not None and self._wrong(stay, "all_lines_again"):
            self._put_pending(stay, at + chance.randint(600, 5 * HOUR), self._delete_all)

    def _put_pending(self, stay: Stay, at: int, act: Callable[..., bytes | None], *arguments: Any) -> None:
        stay.pending += 1
        self._put(at, stay, act, *arguments)

    def _delete_lines(self, stay: Stay, lines: list[Line], at: int) -> bytes:
        body = [{"feedetl_sn": line.number} | self._visit(stay) for line in lines]
        for line in lines:
            stay.bill.add(line.item, -line.amount)
        again = [Line(line.item, line.count, line.price, line.when, taken_home=line.taken_home) for line in lines]
        self._put(at + stay.chance.randint(120, HOUR), stay, self._late_upload, again)
        return self._send("2302", at, stay, {"data": body}, {})

    def _delete_all(self, stay: Stay, at: int) -> bytes:
        again, stay.sent = stay.sent or [], None
        stay.bill.clear()
        self._put(at + stay.chance.randint(120, HOUR), stay, self._late_upload, again)
        return self._send("2302", at, stay, {"data": [{"feedetl_sn": "0000"} | self._visit(stay)]}, {})

    # Discharge and settlement

    def _discharge(self, stay: Stay, at: int) -> bytes:
        chance, plan = stay.chance, stay.plan
        stay.discharged = True
        way = plan.discharge_way
        if way == "1" and self._wrong(stay, "death_miscoded"):
            way = "5"
            self._put(at + chance.randint(900, 2 * DAY), stay, self._undo_death)
        elif self._wrong(stay, "discharge_undone") and plan.discharge_way == "1":
            self._put(at + chance.randint(900, 5 * HOUR), stay, self._undo_discharge)
        else:
            self._put(at + int(chance.triangular(300, 2 * DAY, HOUR)), stay, self._settle, False)
        return self._send("2402", at, stay, inpatient.discharge(self._world, stay, way), {})

    def _undo_death(self, stay: Stay, at: int) -> bytes:
        """The patient is alive: somebody had clicked one line too low."""
        stay.discharged = False
        self._put(at + stay.chance.randint(120, HOUR), stay, self._discharge)
        return self._send("2405", at, stay, {"data": self._visit(stay)}, {})

    def _undo_discharge(self, stay: Stay, at: int) -> bytes:
        """Mostly the hour was wrong; sometimes the patient stays another day."""
        chance = stay.chance
        stay.discharged = False
        if chance.random() < 0.4 and stay.plan.med_type not in ("28", "9921"):
            old = stay.end // DAY
            stay.end += DAY
            self._close_days(stay, old, at)
            self._put(stay.end + 300, stay, self._last_lines)
        else:
            stay.end = min(stay.end + chance.randint(300, 3_000), at)
            self._put(at + chance.randint(120, HOUR), stay, self._discharge)
        return self._send("2405", at, stay, {"data": self._visit(stay)}, {})

    def _settle(self, stay: Stay, midway: bool, at: int) -> bytes | None:
        if stay.pending:
            self._put(at + 6 * HOUR, stay, self._settle, midway)
            return None
        world, plan, chance = self._world, stay.plan, stay.chance
        office = world.offices[plan.institution]
        if midway and not stay.bill.total:
            return None
        msgid = office.msgid(at)
        package = package_price(plan, midway)
        settled = settle(world, plan.institution, stay.number, plan.person, plan.med_type, "21", stay.bill, package)
        stay.settled = settled
        if plan.fund_target:
            stay.on_target = abs(settled.payment.fund - plan.fund_target) * 100 <= plan.fund_target
        if midway:
            stay.bill.clear()
        elif self._wrong(stay, "settlement_timed_out"):
            self._put(at + 70, stay, self._reverse, msgid, "2304", self._settle_at_end)
        elif self._wrong(stay, "settlement_undone"):
            self._put(at + chance.randint(HOUR, 2 * DAY), stay, self._undo_settlement)
        else:
            self._leave_bed(stay)
            self._put(at + chance.randint(1, 10) * DAY + chance.randint(0, 6 * HOUR), stay, self._list)
        body = inpatient.settlement(world, stay, settled, midway)
        return self._send("2304", at, stay, body, node(world, settled, at, msgid), msgid)

    def _settle_at_end(self, stay: Stay, at: int) -> bytes | None:
        return self._settle(stay, False, at)

    def _undo_settlement(self, stay: Stay, at: int) -> bytes:
        settled = stay.settled
        assert settled is not None
        msgid = self._world.offices[stay.plan.institution].msgid(at)
        body = {"data": {"mdtrt_id": stay.number, "setl_id": settled.number, "psn_no": self._visit(stay)["psn_no"]}}
        self._put(at + stay.chance.randint(600, DAY), stay, self._settle_at_end)
        return self._send("2305", at, stay, body, cancellation(self._world, settled, at, msgid), msgid)

    def _list(self, stay: Stay, at: int) -> bytes:
        assert stay.settled is not None
        return self._send("4101", at, stay, inpatient.settlement_list(self._world, stay, stay.settled), {})
