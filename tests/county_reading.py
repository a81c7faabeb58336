"""What a simulated county's transactions say, read plainly: stays, visits and purchases as an outsider would list them.

Nothing of the project's own readers or detectors is used, so that what is found here does not depend on them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

Message = dict[str, Any]
ROUTINE = {"01", "02", "07"}  # bed, round, nursing
TESTS = {"03", "04"}  # examinations and laboratory
NEVER = datetime.fromisoformat("9999-12-31 00:00:00")


@dataclass
class SeenLine:
    """One line that stands."""

    item: str
    category: str
    pieces: float
    amount: float
    at: datetime


@dataclass
class SeenStay:
    """One stay; `end` is None where no discharge was told, `reported` is when it was."""

    visit: str
    admission: Message
    person: str
    institution: str
    begin: datetime
    diagnosis: str
    med_type: str
    end: datetime | None = None
    reported: datetime | None = None
    died: bool = False
    way: str = ""
    beds: list[tuple[datetime, str]] = field(default_factory=list)  # since when told, which
    lines: dict[str, SeenLine] = field(default_factory=dict)
    treated: set[date] = field(default_factory=set)
    settled: datetime | None = None
    fund: float = 0.0
    taken_back: bool = False
    planned_return: bool = False

    def until(self) -> datetime:
        """The end that is known: the discharge, or else the settlement, or else the end of time."""
        return self.end or self.settled or NEVER

    def longest_idle(self) -> int:
        """Days in a row without any line but bed, nursing and rounds."""
        assert self.end is not None
        run = longest = 0
        day = self.begin.date()
        while day < self.end.date():
            run = 0 if day in self.treated else run + 1
            longest = max(longest, run)
            day += timedelta(1)
        return longest


@dataclass
class SeenVisit:
    """One out-patient visit or purchase."""

    visit: str
    person: str
    institution: str
    begin: datetime
    lines: dict[str, SeenLine] = field(default_factory=dict)
    settlements: list[tuple[datetime, str, str]] = field(default_factory=list)  # when, certificate, operator
    refunds: list[datetime] = field(default_factory=list)
    sent_out: bool = False  # 外检
    chronic: bool = False

    @property
    def items(self) -> set[str]:
        """What was taken."""
        return {line.item for line in self.lines.values()}


class County:
    """Everything that the transactions tell, corrections applied."""

    def __init__(self, messages: Iterable[Message]) -> None:
        self.stays: dict[str, SeenStay] = {}
        self.visits: dict[str, SeenVisit] = {}
        self._sent: dict[str, Message] = {}
        for message in messages:
            if message["msgid"] not in self._sent:
                self._sent[message["msgid"]] = message
                self._take(message)

    def _take(self, message: Message) -> None:
        infno, body = message["infno"], message["input"]
        at = datetime.fromisoformat(message["inf_time"])
        if infno == "3503":
            return  # nobody's visit
        if infno == "2601":
            self._reverse(self._sent[body["data"]["omsgid"]], at)
        elif infno == "2401":
            self._admit(message, at)
        elif infno in ("2201", "2102"):
            self._come(message, at)
        elif infno == "2203":
            self.visits[body["mdtrtinfo"]["mdtrt_id"]].chronic = body["mdtrtinfo"]["med_type"] == "14"
        elif infno in ("2204", "2301"):
            self._charge(message)
        elif infno == "2207":
            certificate = body["data"]["mdtrt_cert_type"]
            self.visits[body["data"]["mdtrt_id"]].settlements.append((at, certificate, message["opter"]))
        elif infno in ("2208", "2103"):
            self.visits[body["data"]["mdtrt_id"]].refunds.append(at)
        elif infno == "2205":
            self.visits[body["data"]["mdtrt_id"]].lines.clear()
        else:
            self._change_stay(infno, message, at)

    def _admit(self, message: Message, at: datetime) -> None:
        info = message["input"]["mdtrtinfo"]
        visit = message["output"]["result"]["mdtrt_id"]
        stay = SeenStay(
            visit, message, info["psn_no"], message["fixmedins_code"], datetime.fromisoformat(info["begntime"]),
            info["dscg_maindiag_code"], info["med_type"],
        )  # fmt: skip
        stay.beds.append((at, info["adm_bed"]))
        self.stays[visit] = stay

    def _come(self, message: Message, at: datetime) -> None:
        body = message["input"]
        head = body.get("druginfo") or body["data"]
        answer = message["output"].get("setlinfo") or message["output"]["data"]
        begin = datetime.fromisoformat(head["begntime"])
        visit = SeenVisit(answer["mdtrt_id"], head["psn_no"], message["fixmedins_code"], begin)
        self.visits[visit.visit] = visit
        if "druginfo" in body:
            visit.settlements.append((at, head["mdtrt_cert_type"], message["opter"]))
            for line in body["drugdetail"]:
                visit.lines[line["feedetl_sn"]] = _line(line, "")

    def _charge(self, message: Message) -> None:
        for line, result in zip(message["input"]["feedetail"], message["output"]["result"], strict=True):
            seen = _line(line, result["med_chrgitm_type"])
            stay, visit = self.stays.get(line["mdtrt_id"]), self.visits.get(line["mdtrt_id"])
            if visit is not None:
                visit.lines[line["feedetl_sn"]] = seen
                visit.sent_out |= line.get("etip_flag") == "1"
            elif stay is not None:
                stay.lines[line["feedetl_sn"]] = seen
                if seen.category not in ROUTINE and seen.pieces > 0:
                    stay.treated.add(seen.at.date())

    def _change_stay(self, infno: str, message: Message, at: datetime) -> None:
        body = message["input"]
        node = next(body[name] for name in ("data", "dscginfo", "adminfo", "setlinfo") if name in body)
        told = node if isinstance(node, dict) else node[0]
        stay = self.stays.get(told["mdtrt_id"])
        if stay is None:
            return
        if infno in ("2304", "2305", "4101"):
            _settle(stay, infno, told, message["output"], at)
        elif infno == "2402":
            stay.end, stay.reported = datetime.fromisoformat(told["endtime"]), at
            stay.way, stay.died = told["dscg_way"], "die_date" in told
        elif infno == "2405":
            stay.end, stay.died = None, False
        elif infno == "2403":
            stay.begin = datetime.fromisoformat(told["begntime"])
            stay.beds.append((at, told["adm_bed"]))
        elif infno == "2404":
            stay.taken_back = True
        elif infno == "2302":
            for row in node:
                stay.lines = {} if row["feedetl_sn"] == "0000" else stay.lines
                stay.lines.pop(row["feedetl_sn"], None)

    def _reverse(self, message: Message, at: datetime) -> None:
        if message["infno"] == "2401":
            self.stays[message["output"]["result"]["mdtrt_id"]].taken_back = True
        elif message["infno"] == "2304":
            visit = message["input"]["data"]["mdtrt_id"]
            if visit in self.stays:
                self.stays[visit].settled = None
        elif message["infno"] in ("2207", "2102"):
            seen = self.visits[message["output"]["setlinfo"]["mdtrt_id"]]
            seen.settlements = [each for each in seen.settlements if each[0] > at]


def _settle(stay: SeenStay, infno: str, told: Message, answer: Message, at: datetime) -> None:
    if infno == "2304" and told["mid_setl_flag"] != "1":
        stay.settled, stay.fund = at, answer["setlinfo"]["fund_pay_sumamt"]
    elif infno == "2305":
        stay.settled = None
    elif infno == "4101":
        stay.planned_return = told["days_rinp_flag_31"] == "2"


def _line(line: Message, category: str) -> SeenLine:
    return SeenLine(
        line["med_list_codg"], category, float(line["cnt"]), float(line["det_item_fee_sumamt"]),
        datetime.fromisoformat(line["fee_ocur_time"]),
    )  # fmt: skip
