"""Reference records: any field but the key may be missing, and what cannot be read says why."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.china_time import parse_time
from schemas.fields import REASONS, Undecodable
from schemas.references import (
    CatalogueItem,
    Institution,
    Person,
    decode_catalogue_item,
    decode_institution,
    decode_person,
)
from tests.test_decode import reason_of

DATA = Path(__file__).parent / "data"
Read = Callable[[bytes], Any]
READERS: dict[str, tuple[Read, str]] = {
    "institution": (decode_institution, "fixmedins_code"),
    "person": (decode_person, "psn_no"),
    "catalogue": (decode_catalogue_item, "med_list_codg"),
}


def record(**fields: object) -> bytes:
    return json.dumps(fields).encode()


def test_an_institution_is_read_whole() -> None:
    value = record(
        fixmedins_code="H1", medins_name="中医院", admdvs="500106", medins_type="A210", hosp_lv=6, aprv_bed_cnt="60.0000",
        lnt="106.86", lat=29.68, expContent={},
    )  # fmt: skip
    assert decode_institution(value) == Institution("H1", "中医院", "500106", "A210", "6", 60, 106.86, 29.68)


def test_a_person_is_read_whole() -> None:
    value = record(psn_no=5001, household_id="HH1", brdy="1960-05-01", gend=2, insutype="390", psn_idet_type="7131")
    assert decode_person(value) == Person("5001", "HH1", parse_time("1960-05-01"), "2", "390", "7131")
    died = record(psn_no="p", die_date="2026-03-07")
    assert decode_person(died).died == parse_time("2026-03-07")


def test_a_catalogue_item_gets_back_the_zero_of_its_category() -> None:
    value = record(
        med_list_codg="X1", name="药品1", med_chrgitm_type=9, unit="盒", pric_uplmt_amt="14.52", per_day_max=""
    )
    assert decode_catalogue_item(value) == CatalogueItem("X1", "药品1", "09", "盒", 14.52, None)


@pytest.mark.parametrize("name", READERS)
def test_everything_but_the_key_may_be_missing(name: str) -> None:
    read, key = READERS[name]
    assert read(record(**{key: "K"})) is not None
    for value in (record(), record(**{key: ""}), record(**{key: None})):
        with pytest.raises(Undecodable) as why:
            read(value)
        assert (why.value.reason, why.value.detail) == ("missing_field", key)


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize(
    ("value", "reason"),
    [(b"{", "not_json"), (b"", "not_json"), (b"[]", "wrong_type"), (b"7", "wrong_type"),
     (b'{"psn_no": "\xff", "fixmedins_code": "\xff", "med_list_codg": "\xff"}', "not_utf8"),
     (b'{"deep": ' + b"[" * 100_000, "not_json")],
    ids=["cut off", "empty", "a list", "a number", "not utf-8", "too deep"],
)  # fmt: skip
def test_what_is_no_record_says_why(name: str, value: bytes, reason: str) -> None:
    read, _ = READERS[name]
    with pytest.raises(Undecodable) as why:
        read(value)
    assert why.value.reason == reason


@pytest.mark.parametrize("beds", ["many", "nan", "inf", "-inf", "1e400"])
def test_a_number_that_is_none_is_refused(beds: str) -> None:
    with pytest.raises(Undecodable) as why:
        decode_institution(record(fixmedins_code="H1", aprv_bed_cnt=beds))
    assert why.value.reason in ("unreadable_number", "out_of_range")
    assert why.value.detail == "aprv_bed_cnt"


def test_a_birthday_that_is_none_is_refused() -> None:
    with pytest.raises(Undecodable) as why:
        decode_person(record(psn_no="p", brdy="1960年5月"))
    assert (why.value.reason, why.value.detail) == ("unreadable_time", "brdy")
    with pytest.raises(Undecodable) as why:
        decode_person(record(psn_no="p", die_date="2026-02-30"))
    assert (why.value.reason, why.value.detail) == ("unreadable_time", "die_date")


FIELDS = [
    "fixmedins_code",
    "psn_no",
    "med_list_codg",
    "brdy",
    "aprv_bed_cnt",
    "lnt",
    "pric_uplmt_amt",
    "med_chrgitm_type",
]
VALUES = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6) | st.lists(st.integers(), max_size=1)
)


@given(st.sampled_from(sorted(READERS)), st.dictionaries(st.sampled_from(FIELDS), VALUES))
def test_any_record_is_read_or_refused_with_a_reason(name: str, fields: dict[str, object]) -> None:
    read, _ = READERS[name]
    assert reason_of(record(**fields), read) in (None, *REASONS)


@pytest.mark.parametrize(
    ("name", "file"), [("institution", "institutions"), ("person", "persons"), ("catalogue", "catalogue")]
)
def test_a_countys_records_are_all_read(name: str, file: str) -> None:
    read, _ = READERS[name]
    with gzip.open(DATA / "county" / f"{file}.jsonl.gz") as lines:
        assert all(read(line) for line in lines)
