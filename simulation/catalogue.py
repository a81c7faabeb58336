"""What can be charged: drugs, herbs, supplies and services, as the catalogue lists them.

Money is in fen. `group` says what an item is for; a diagnosis names the groups it is treated with. Names of drugs are
common generic names; codes have the form of the national ones and are made up.
"""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STRENGTHS = 3  # strengths and makers of each drug
DRUG_GROUPS = (
    "digestive", "diabetes", "cardio", "antibiotic", "respiratory", "pain", "nerve", "psychiatric", "oncology",
    "infusion", "cold", "heart_tcm", "bone_tcm", "women", "herbs",
)  # fmt: skip
SELF_PAY_PERCENT = {"1": 0, "2": 10, "3": 100}


@dataclass(frozen=True, slots=True)
class Item:
    """One row of the catalogue."""

    index: int
    code: str
    name: str
    category: str  # med_chrgitm_type
    level: str  # chrgitm_lv: 01, 02 or 03
    limit_fen: int
    unit: str
    per_day_max: int  # 0: the catalogue does not say
    group: str
    self_pay_percent: int
    named: str  # JSON of what a fee line says of the item
    classed: str  # JSON of how the platform classes it in its answer


class Catalogue:
    """All items, those of a group next to one another: `span[group]` is its half-open range of indices."""

    def __init__(self) -> None:
        self.items: list[Item] = []
        self.span: dict[str, tuple[int, int]] = {}
        table = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))
        for group in DRUG_GROUPS:
            begin = len(self.items)
            self._add_drugs(group, table["drugs"][group])
            self.span[group] = (begin, len(self.items))
        for group, rows in table["services"].items():
            begin = len(self.items)
            self._add_services(group, rows)
            self.span[group] = (begin, len(self.items))
        self._members = {group: self.items[begin:end] for group, (begin, end) in self.span.items()}
        self.by_name = {item.name: item for item in self.items}

    def first(self, group: str) -> Item:
        """The group's usual item."""
        return self.items[self.span[group][0]]

    def members(self, group: str) -> list[Item]:
        """Every item of the group."""
        return self._members[group]

    def _add_drugs(self, group: str, table: dict[str, Any]) -> None:
        low, high = table["fen"]
        for strength in range(1 if group == "herbs" else STRENGTHS):
            for position, name in enumerate(table["names"]):
                # A fixed walk over the price range: dear and cheap drugs in every group, the same in every county.
                share = (position * 37 + strength * 61 + 11) % 97 / 97
                price = low + int((high - low) * share * share)
                number = len(self.items) + 100_000
                code = f"{table['prefix']}{chr(65 + position % 26)}{position:03}A{strength + 1:03}0101{number:06}"
                title = name if not strength else f"{name}(规格{strength + 1})"
                self._add(
                    code, title, table["category"], table["levels"][position % 10], price, table["unit"], 0, group
                )

    def _add_services(self, group: str, rows: list[list[Any]]) -> None:
        for name, code, category, level, price, unit, most in rows:
            number = f"{code}000000-{code}" if code.isdigit() else f"{code}0000000000000"
            self._add(number, name, category, level, price, unit, most, group)

    def _add(self, code: str, name: str, category: str, level: str, fen: int, unit: str, most: int, group: str) -> None:
        percent, index = SELF_PAY_PERCENT[level], len(self.items)
        named = f'"med_list_codg":"{code}","medins_list_codg":"N{index:05}"'
        classed = (
            f'"pric_uplmt_amt":{fen / 100},"selfpay_prop":{percent / 100},"chrgitm_lv":"0{level}",'
            f'"med_chrgitm_type":"{category}","bas_medn_flag":"{int(level == "1")}",'
            '"hi_nego_drug_flag":"0","lmt_used_flag":"0","drt_reim_flag":"0"'
        )
        self.items.append(
            Item(index, code, name, category, f"0{level}", fen, unit, most, group, percent, named, classed)
        )
