"""What does a visit cost, and who pays which part? All money in fen."""

from functools import lru_cache

import msgspec

from simulation.catalogue import Item

# Deductible in fen and share of the fund by hosp_lv, for a stay. ENG: of the usual order of a county's policy.
_STAYS = {"02": (80_000, 60), "05": (40_000, 72), "06": (30_000, 75), "08": (20_000, 78), "09": (10_000, 85)}
_VISIT_SHARE = {"02": 40, "05": 50, "06": 50, "08": 50, "09": 60, "10": 60, "11": 55}
_SERIOUS_FROM = 1_500_000  # own part of a stay above which 大病 pays


@lru_cache(maxsize=1 << 16)
def yuan(fen: int) -> str:
    """JSON of an amount of money."""
    return repr(fen / 100)


class Bill(msgspec.Struct, gc=False):
    """The sums of the lines that stand: total, wholly own, over the limit, paid first, in the policy's scope."""

    total: int = 0
    own: int = 0
    over: int = 0
    first: int = 0
    scope: int = 0

    def add(self, item: Item, amount: int) -> None:
        """Adds a line (a negative amount takes one back)."""
        own, first, scope = shares(item, amount)
        self.total += amount
        self.own += own
        self.first += first
        self.scope += scope

    def copy(self) -> "Bill":
        """The sums as they are now."""
        return Bill(self.total, self.own, self.over, self.first, self.scope)

    def clear(self) -> None:
        """As after a settlement, or after all lines were deleted."""
        self.total = self.own = self.over = self.first = self.scope = 0


def shares(item: Item, amount: int) -> tuple[int, int, int]:
    """Of a line: wholly own, paid first, in scope; they add up to the amount."""
    percent = item.self_pay_percent
    if percent == 100:
        return amount, 0, 0
    first = amount * percent // 100 if amount >= 0 else -(-amount * percent // 100)
    return 0, first, amount - first


class Payment(msgspec.Struct, frozen=True, gc=False):
    """Who pays a settlement."""

    deductible: int
    pool: int
    serious: int
    aid: int
    account: int
    cash: int

    @property
    def fund(self) -> int:
        """fund_pay_sumamt."""
        return self.pool + self.serious + self.aid

    def reversed(self) -> "Payment":
        """The same with all signs turned."""
        return Payment(
            *(-part for part in (self.deductible, self.pool, self.serious, self.aid, self.account, self.cash))
        )


def pay(bill: Bill, clearing: str, level: str, employed: bool, aided: bool, package: int = 0) -> Payment:
    """Splits a bill; `clearing` is clr_type: 11 out-patient, 21 stay, 41 pharmacy.

    With a `package` (fen) the fund pays its share of that price, as far as the bill reaches: payment by case or bed-day.
    """
    if clearing == "21":
        deductible, percent = _STAYS.get(level, (30_000, 70))
        deductible = min(deductible, bill.scope)
    else:
        deductible, percent = 0, _VISIT_SHARE.get(level, 50)
    percent += 6 if employed else 0
    pool = (bill.scope - deductible) * percent // 100
    if package:
        pool = min(package * percent // 100, bill.scope)
    left = bill.scope - pool
    serious = (left - _SERIOUS_FROM) * 60 // 100 if left > _SERIOUS_FROM else 0
    aid = (left - serious) * 70 // 100 if aided and clearing == "21" else 0
    rest = bill.total - pool - serious - aid
    account = min(rest, 30_000) if employed else 0
    return Payment(deductible, pool, serious, aid, account, rest - account)


def scope_for(fund: int, level: str, employed: bool) -> int:
    """The amount in scope (fen) of a stay for which `pay` lets the fund pay so much; for people without aid."""
    deductible, percent = _STAYS.get(level, (30_000, 70))
    return fund * 100 // (percent + (6 if employed else 0)) + deductible
