"""How does an institution number what it sends, and the platform what it answers?

Numbers are given when a call goes out, never when a scheme or a stay is planned, so that they tell the order of
arrival and nothing else.
"""

from typing import Any

import numpy as np

from simulation.bills import yuan
from simulation.institutions import REGION, Institution
from simulation.timeline import Timeline


class Platform:
    """Issues visit and settlement numbers, in order of arrival over all institutions."""

    def __init__(self) -> None:
        self._visits = 0
        self._settlements = 0

    def visit(self) -> str:
        """A new mdtrt_id."""
        self._visits += 1
        return f"M{REGION}{self._visits:015}"

    def settlement(self) -> str:
        """A new setl_id; cancellations get one too."""
        self._settlements += 1
        return f"S{REGION}{self._settlements:015}"


class Office:
    """The counters and the habits of one institution's software."""

    def __init__(self, institution: Institution, timeline: Timeline, rng: np.random.Generator) -> None:
        self.institution = institution
        self._timeline = timeline
        self._texts = institution.habits.numbers_as_text
        calls, lines, charts, batches = (int(n) for n in rng.integers(1, 9_000, 4))
        self._calls, self._lines, self._charts, self._batches = calls, lines * 977, charts * 13, batches * 31

    def line(self) -> str:
        """feedetl_sn."""
        self._lines += 1
        return f"{self._lines:012}"

    def chart(self) -> str:
        """ipt_no and ipt_otp_no."""
        self._charts += 1
        return f"{self._charts:010}"

    def batch(self) -> str:
        """chrg_bchno, rxno, invono."""
        self._batches += 1
        return f"B{self.institution.code[-5:]}{self._batches:012}"

    def doctor(self, number: int) -> str:
        """The code of one of its doctors."""
        return f"D{self.institution.code[1:7]}{self.institution.index:04}{number % self.institution.doctors + 1:03}"

    def msgid(self, at: int) -> str:
        """12 + 14 + 4 characters; unique because no institution makes 10,000 calls a second."""
        self._calls = self._calls % 9_999 + 1
        return f"{self.institution.code}{self._timeline.compact(at)}{self._calls:04}"

    def operator(self, at: int) -> str:
        """Who is at the counter: in small places one for the shift, in large ones several side by side."""
        staff = self.institution.operators
        number = self._calls * 7919 >> 3 if staff > 2 else at // 28_800
        return f"{number % staff + 1:04}"

    def money(self, fen: int) -> float | str:
        """Yuan, as a number or as text."""
        return f"{fen / 100:.2f}" if self._texts else fen / 100

    def amounts(self, count: int, price: int) -> str:
        """JSON of a line's amount, pieces and price."""
        if self._texts:
            return f'"det_item_fee_sumamt":"{count * price / 100:.2f}","cnt":"{count}.0000","pric":"{price / 100:.6f}"'
        return f'"det_item_fee_sumamt":{yuan(count * price)},"cnt":{count}.0,"pric":{yuan(price)}'

    def price(self, fen: int) -> float | str:
        """Yuan of one piece, as a number or as text with six decimals."""
        return f"{fen / 100:.6f}" if self._texts else fen / 100

    def count(self, pieces: int) -> float | str:
        """Pieces, as a number or as text with four decimals."""
        return f"{pieces:.4f}" if self._texts else float(pieces)

    def envelope(
        self, infno: str, msgid: str, at: int, insured_in: str, body: dict[str, Any], answer: dict[str, Any]
    ) -> dict[str, Any]:
        """The whole message as the gateway mirrors it."""
        institution = self.institution
        message = {
            "infno": infno,
            "msgid": msgid,
            "mdtrtarea_admvs": REGION,
            "insuplc_admdvs": insured_in,
            "infver": "V1.0",
            "opter_type": "1",
            "opter": self.operator(at),
            "opter_name": "经办",
            "inf_time": self._timeline.stamp(at),
            "fixmedins_code": institution.code,
            "fixmedins_name": institution.name,
            "input": body,
            "output": answer,
        }
        if not insured_in or (institution.habits.leaves_out_optional and insured_in == REGION):
            del message["insuplc_admdvs"]
        if institution.habits.sends_extra_fields:
            message["dev_no"] = ""
            message["sys_ver"] = {"his": "V5.2", "patch": self._calls % 7}
        return message
