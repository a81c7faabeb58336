"""How is one field of the wire read? Lenient about its form, strict about its meaning, and never with its value in an error."""

from __future__ import annotations

from typing import Any

from schemas import wire
from schemas.china_time import UnreadableTime, parse_time

LARGEST_AMOUNT = 1e14  # N16,2
LARGEST_QUANTITY = 1e12  # N16,4

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
    """A code's text; ``""`` where it is absent.

    >>> code(9.0), code(None), code(" 01 ")
    ('9', '', '01')
    """
    if type(value) is str:
        return value.strip() if value[:1] == " " or value[-1:] == " " else value
    if value is None:
        return ""
    if type(value) is float and value.is_integer():
        return str(int(value))
    return str(value)


def required(value: wire.Code, field: str) -> str:
    """A code that must be there; raises `Undecodable`."""
    if type(value) is str and value and value[0] != " " and value[-1] != " ":  # nearly all there is
        return value
    text = code(value)
    if not text:
        raise Undecodable("missing_field", field)
    return text


def number_of(value: wire.Number, field: str, largest: float) -> float | None:
    """A number's value, None where it is absent; raises `Undecodable` beyond ``largest`` on either side."""
    if type(value) is float:
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
    return None if yuan is None else round(yuan * 100)


def required_fen(value: wire.Number, field: str) -> int:
    """An amount in fen that must be there; raises `Undecodable`."""
    amount = fen(value, field)
    if amount is None:
        raise Undecodable("missing_field", field)
    return amount


def moment(value: wire.Code, field: str) -> int:
    """A time that must be there, seconds of China time; raises `Undecodable`."""
    if type(value) is not str:
        value = code(value)
    if not value:
        raise Undecodable("missing_field", field)
    try:
        return parse_time(value)
    except UnreadableTime:
        raise Undecodable("unreadable_time", field) from None


def optional_moment(value: wire.Code, field: str) -> int | None:
    """A time, None where it is absent; raises `Undecodable` for one that cannot be read."""
    return moment(value, field) if code(value) else None


def flag(value: wire.Code) -> bool:
    """Whether a flag says 1."""
    return value == "1" or (value is not None and code(value) == "1")


def category(value: wire.Code) -> str:
    """A `med_chrgitm_type` in two digits, nothing where it is absent."""
    if type(value) is str and len(value) == 2 and value.isdigit():
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
    return nodes if type(nodes) is list else [nodes]


def main_diagnosis(stated: wire.Code, diagnoses: list[wire.Diagnosis] | None) -> str:
    """The stated main diagnosis, or the one that is flagged as main, or the first; nothing where there is none."""
    main = code(stated)
    if main or not diagnoses:
        return main
    for diagnosis in diagnoses:
        if flag(diagnosis.maindiag_flag):
            return code(diagnosis.diag_code)
    return code(diagnoses[0].diag_code)
