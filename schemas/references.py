"""What is known beforehand of institutions, persons and the catalogue? (domain.md §3.6)

Any field but the key may be missing: a rule that needs it stays silent and says so in a metric; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from schemas.china_time import UnreadableTime, parse_time
from schemas.fields import LARGEST_QUANTITY, Undecodable, code, number_of
from schemas.wire import Code, Number


class Institution(msgspec.Struct, frozen=True, gc=False):
    """Master record of ``fund.institutions``."""

    fixmedins_code: str
    name: str
    region: str  # admdvs
    kind: str  # medins_type
    level: str  # hosp_lv
    beds: int | None  # aprv_bed_cnt
    longitude: float | None
    latitude: float | None


class Person(msgspec.Struct, frozen=True, gc=False):
    """Record of ``fund.persons``. Address, telephone and employer only make keys of groups; they go no further."""

    psn_no: str
    household: str  # household_id
    birth: int | None  # brdy, seconds of China time
    sex: str
    insutype: str
    identity: str  # psn_idet_type
    address: str = ""  # live_addr
    telephone: str = ""  # tel
    employer: str = ""  # emp_name
    died: int | None = None  # die_date, by a civil register, seconds of China time


class CatalogueItem(msgspec.Struct, frozen=True, gc=False):
    """Record of ``fund.catalogue``."""

    med_list_codg: str
    name: str
    category: str  # med_chrgitm_type, two digits
    unit: str
    price_limit: float | None  # pric_uplmt_amt, yuan
    per_day_max: float | None


class _Institution(msgspec.Struct, gc=False):
    fixmedins_code: Code = None
    medins_name: Code = None
    admdvs: Code = None
    medins_type: Code = None
    hosp_lv: Code = None
    aprv_bed_cnt: Number = None
    lnt: Number = None
    lat: Number = None


class _Person(msgspec.Struct, gc=False):
    psn_no: Code = None
    household_id: Code = None
    brdy: Code = None
    gend: Code = None
    insutype: Code = None
    psn_idet_type: Code = None
    live_addr: Code = None
    tel: Code = None
    emp_name: Code = None
    die_date: Code = None


class _CatalogueItem(msgspec.Struct, gc=False):
    med_list_codg: Code = None
    name: Code = None
    med_chrgitm_type: Code = None
    unit: Code = None
    pric_uplmt_amt: Number = None
    per_day_max: Number = None


def _key(value: Code, field: str) -> str:
    text = code(value)
    if not text:
        raise Undecodable("missing_field", field)
    return text


def _reader(kind: type[msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
    decoder = msgspec.json.Decoder(kind)

    def read(value: bytes) -> msgspec.Struct:
        try:
            return decoder.decode(value)
        except msgspec.ValidationError as error:
            _, at, place = str(error).rpartition("`$")
            detail = place.rstrip("`").lstrip(".") if at else "the record is not an object"
            raise Undecodable("wrong_type", detail) from None
        except UnicodeDecodeError:
            raise Undecodable("not_utf8") from None
        except (msgspec.DecodeError, RecursionError):
            raise Undecodable("not_json") from None

    return read


_read_institution, _read_person, _read_item = _reader(_Institution), _reader(_Person), _reader(_CatalogueItem)


def decode_institution(value: bytes) -> Institution:
    """Raises `Undecodable`."""
    raw = _read_institution(value)
    assert isinstance(raw, _Institution)
    beds = number_of(raw.aprv_bed_cnt, "aprv_bed_cnt", LARGEST_QUANTITY)
    return Institution(
        _key(raw.fixmedins_code, "fixmedins_code"),
        code(raw.medins_name),
        code(raw.admdvs),
        code(raw.medins_type),
        code(raw.hosp_lv),
        None if beds is None else int(beds),
        number_of(raw.lnt, "lnt", LARGEST_QUANTITY),
        number_of(raw.lat, "lat", LARGEST_QUANTITY),
    )


def decode_person(value: bytes) -> Person:
    """Raises `Undecodable`."""
    raw = _read_person(value)
    assert isinstance(raw, _Person)
    return Person(
        _key(raw.psn_no, "psn_no"), code(raw.household_id), _day(raw.brdy, "brdy"), code(raw.gend), code(raw.insutype),
        code(raw.psn_idet_type), code(raw.live_addr), code(raw.tel), code(raw.emp_name), _day(raw.die_date, "die_date"),
    )  # fmt: skip


def _day(value: Code, field: str) -> int | None:
    text = code(value)
    try:
        return parse_time(text) if text else None
    except UnreadableTime:
        raise Undecodable("unreadable_time", field) from None


def decode_catalogue_item(value: bytes) -> CatalogueItem:
    """Raises `Undecodable`."""
    raw = _read_item(value)
    assert isinstance(raw, _CatalogueItem)
    category = code(raw.med_chrgitm_type)
    return CatalogueItem(
        _key(raw.med_list_codg, "med_list_codg"),
        code(raw.name),
        category.zfill(2) if category else "",
        code(raw.unit),
        number_of(raw.pric_uplmt_amt, "pric_uplmt_amt", LARGEST_QUANTITY),
        number_of(raw.per_day_max, "per_day_max", LARGEST_QUANTITY),
    )
