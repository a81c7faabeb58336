"""How is one field of the wire read? Lenient about its form, strict about its meaning, and never with its value in an error."""

from __future__ import annotations

from typing import Any, Final

from schemas import wire
from schemas.china_time import UnreadableTime, parse_time

# Nothing real comes near these: they bound what one message can make of memory, state and time (docs/security.md).
LONGEST_CODE: Final = 500  # characters; an address of the settlement list has 200
LONGEST_ID: Final = 100  # of what must be there; the interface's longest has 50
MOST_LINES: Final = 25_000  # of one call
EARLIEST: Final = parse_time("1900-01-01")
LATEST: Final = parse_time("2200-01-01")
LARGEST_AMOUNT: Final = 1e14  # N16,2
LARGEST_QUANTITY: Final = 1e12  # N16,4

REASONS = (
    "not_json",
    "not_utf8",
    "too_large",
    "unknown_transaction",
    "missing_field",
    "wrong_type",
    "unreadable_time",
    "unreadable_number",
    "out_of_range",
)


class Undecodable(Exception):
    """The record cannot be used. Operator action: look at it with ``fundwatch dead-letters show``, have its sender mend it.

    ``reason`` is one of `REASONS`; ``detail`` names the field or place, without its value.
    """

    def __init__(self, reason: str, detail: str = "") -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


def code(value: wire.Code) -> str:
    """A code's text; ``""`` where it is absent. Raises `Undecodable` beyond `LONGEST_CODE`.

    >>> code(9.0), code(None), code(" 01 ")
    ('9', '', '01')
    """
    if isinstance(value, str):
        if len(value) > LONGEST_CODE:
            raise Undecodable("out_of_range", "a code is too long")
        return value.strip() if value[:1] == " " or value[-1:] == " " else value
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def required(value: wire.Code, field: str) -> str:
    """A code that must be there; raises `Undecodable`."""
    if isinstance(value, str) and 0 < len(value) <= LONGEST_ID and value[0] != " " and value[-1] != " ":  # nearly all
        return value
    text = code(value)
    if not text:
        raise Undecodable("missing_field", field)
    if len(text) > LONGEST_ID:
        raise Undecodable("out_of_range", field)
    return text


def number_of(value: wire.Number, field: str, largest: float) -> float | None:
    """A number's value, None where it is absent; raises `Undecodable` beyond ``largest`` on either side."""
    if isinstance(value, float):
        number = value
    elif value is None or value == "":
        return None
    else:
        text = str(value)
        if "_" in text or not text.isascii():  # `float` would take Python's own way of writing it
            raise Undecodable("unreadable_number", field)
        try:
            number = float(text)
        except ValueError:
            raise Undecodable("unreadable_number", field) from None
    if not -largest <= number <= largest:  # NaN fails too
        raise Undecodable("out_of_range", field)
    return number


def fen(value: wire.Number, field: str) -> int | None:
    """An amount in fen, None where it is absent; raises `Undecodable`."""
    yuan = number_of(value, field, LARGEST_AMOUNT)
    if yuan is None:
        return None
    return int(yuan * 100 + 0.5) if yuan >= 0 else -int(0.5 - yuan * 100)


def required_fen(value: wire.Number, field: str) -> int:
    """An amount in fen that must be there; raises `Undecodable`."""
    amount = fen(value, field)
    if amount is None:
        raise Undecodable("missing_field", field)
    return amount


def moment(value: wire.Code, field: str) -> int:
    """A time that must be there, seconds of China time; raises `Undecodable`."""
    text = value if isinstance(value, str) else code(value)
    if not text:
        raise Undecodable("missing_field", field)
    try:
        time = parse_time(text)
    except UnreadableTime:
        raise Undecodable("unreadable_time", field) from None
    if not EARLIEST <= time < LATEST:
        raise Undecodable("out_of_range", field)
    return time


def optional_moment(value: wire.Code, field: str) -> int | None:
    """A time, None where it is absent; raises `Undecodable` for one that cannot be read."""
    return moment(value, field) if code(value) else None


def flag(value: wire.Code) -> bool:
    """Whether a flag says 1."""
    return value == "1" or (value is not None and code(value) == "1")


def category(value: wire.Code) -> str:
    """A `med_chrgitm_type` in two digits, nothing where it is absent."""
    if isinstance(value, str) and len(value) == 2 and value.isdigit():
        return value
    text = code(value)
    return text.zfill(2) if text else ""  # databases drop its leading zero (domain.md §2.2)


def present(node: Any, name: str) -> Any:
    """A node that must be there; raises `Undecodable`."""
    if node is None:
        raise Undecodable("missing_field", name)
    return node


def listed(nodes: Any, name: str) -> list[Any]:
    """A list of nodes that must be there; some send a single one bare. Raises `Undecodable`."""
    if nodes is None:
        raise Undecodable("missing_field", name)
    if type(nodes) is not list:
        return [nodes]
    if len(nodes) > MOST_LINES:
        raise Undecodable("out_of_range", name)
    return nodes


def main_diagnosis(stated: wire.Code, diagnoses: list[wire.Diagnosis] | None) -> str:
    """The stated main diagnosis, or the one that is flagged as main, or the first; nothing where there is none."""
    main = code(stated)
    if main or not diagnoses:
        return main
    for diagnosis in diagnoses:
        if flag(diagnosis.maindiag_flag):
            return code(diagnosis.diag_code)
    return code(diagnoses[0].diag_code)
