"""Every transaction of the wire becomes facts, or says exactly why not; the quirks of real senders end here."""

from __future__ import annotations

import copy
import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas import facts, wire
from schemas.china_time import parse_time
from schemas.decode import LARGEST_MESSAGE, decode, decode_mark
from schemas.fields import REASONS, Undecodable
from tests.wire_messages import BED, INFUSION, Billed, Gateway, moment

DATA = Path(__file__).parent / "data"
AT = moment(3, 9)
PERSON, VISIT = "5001060000000000001", "MI1"
LINES = [Billed("1", AT, INFUSION, 2.0, 60.5), Billed("2", AT, BED, -1.0, -40.0, refunds="0")]


def stock(gateway: Gateway, infno: str, node: str, **fields: object) -> bytes:
    info = {"fixmedins_bchno": "S1", "med_list_codg": INFUSION, **fields}
    return gateway.call(infno, AT, {node: info})


def examples() -> dict[str, bytes]:
    """One well-formed call of every transaction."""
    g = Gateway()
    purchase = g.purchase(AT, PERSON, "MP1", "S1", LINES[:1])
    calls = [
        g.registration(AT, PERSON, VISIT),
        g.encounter(AT, PERSON, VISIT),
        g.charges(AT, PERSON, VISIT, "B1", LINES),
        g.cancel_batch(AT, PERSON, VISIT, "0000"),
        g.settle_visit(AT, PERSON, VISIT, "B1", "S1", 60.5),
        g.refund_visit(AT, PERSON, VISIT, "S1"),
        g.admission(AT, PERSON, VISIT),
        g.cancel_admission(AT, PERSON, VISIT),
        g.change(AT, PERSON, VISIT, begin=AT),
        g.discharge(AT, PERSON, VISIT),
        g.cancel_discharge(AT, PERSON, VISIT),
        g.bill(AT, PERSON, VISIT, LINES),
        g.cancel_lines(AT, PERSON, VISIT, ["1", "2"]),
        g.settle_stay(AT, PERSON, VISIT, "S1", 60.5),
        g.refund_stay(AT, PERSON, VISIT, "S1"),
        purchase,
        g.refund_purchase(AT, PERSON, "MP1", "S1"),
        g.reversal(AT, PERSON, purchase),
        g.settlement_list(AT, PERSON, VISIT, "S1"),
        stock(g, "3501", "invinfo", invdate="2026-03-05", inv_cnt="30"),
        stock(g, "3502", "invinfo", inv_chg_time="2026-03-05 09:00:00", cnt=-2),
        stock(g, "3503", "purcinfo", purc_retn_stoin_time="2026-03-05 09:00:00", purc_retn_cnt=100),
        stock(g, "3504", "purcinfo", purc_retn_stoin_time="2026-03-05 09:00:00", purc_retn_cnt=4),
        stock(g, "3505", "selinfo", sel_retn_time="2026-03-05 09:00:00", sel_retn_cnt=2, mdtrt_sn=VISIT,
              drugtracinfo=[{"drug_trac_codg": "81234"}]),
        stock(g, "3506", "selinfo", sel_retn_time="2026-03-05 09:00:00", sel_retn_cnt=1),
        g.call("3507", AT, {"data": {"fixmedins_bchno": "S1", "inv_data_type": "4"}}),
    ]  # fmt: skip
    return {json.loads(call)["infno"]: call for call in calls}


EXAMPLES = examples()


def with_field(call: bytes, path: str, value: object) -> bytes:
    """The call with one field set anew; `...` takes it out."""
    message = json.loads(call)
    *way, last = path.split(".")
    node: Any = message
    for step in way:
        node = node[int(step) if isinstance(node, list) else step]
    if value is ...:
        del node[last]
    elif isinstance(node, list):
        node[int(last)] = value
    else:
        node[last] = value
    return json.dumps(message).encode()


def texts_for_numbers(node: Any) -> Any:
    """Every number as text with four decimals, as many senders write them."""
    if isinstance(node, dict):
        return {name: texts_for_numbers(value) for name, value in node.items()}
    if isinstance(node, list):
        return [texts_for_numbers(value) for value in node]
    return f"{node:.4f}" if isinstance(node, int | float) and not isinstance(node, bool) else node


def test_there_is_an_example_of_every_transaction_that_is_read() -> None:
    read = {name.removeprefix("Call") for name in vars(wire) if name.startswith("Call") and name != "Call"}
    assert set(EXAMPLES) == read
    assert len(read) == 26  # the transactions of wire.md, "The wire"


@pytest.mark.parametrize("infno", EXAMPLES)
def test_every_transaction_becomes_facts(infno: str) -> None:
    transaction = decode(EXAMPLES[infno])
    assert (transaction.infno, transaction.institution, transaction.inf_time) == (infno, "H50010600001", AT)
    assert transaction.facts


@pytest.mark.parametrize("infno", EXAMPLES)
def test_numbers_may_come_as_texts(infno: str) -> None:
    message = texts_for_numbers(json.loads(EXAMPLES[infno]))
    assert decode(json.dumps(message).encode()) == decode(EXAMPLES[infno])


@pytest.mark.parametrize("infno", EXAMPLES)
def test_fields_nobody_has_heard_of_change_nothing(infno: str) -> None:
    message = json.loads(EXAMPLES[infno])
    for node in (message, message["input"], message["output"]):
        node["expContent"] = {"local": [1, None, {"deep": "…"}]}
    assert decode(json.dumps(message).encode()) == decode(EXAMPLES[infno])


@pytest.mark.parametrize("absent", [..., None, ""])
def test_an_optional_field_may_be_absent_null_or_empty(absent: object) -> None:
    call = EXAMPLES["2401"]
    for field in ("adm_dept_codg", "adm_bed", "atddr_no", "insutype", "dscg_maindiag_code"):
        call = with_field(call, f"input.mdtrtinfo.{field}", absent)
    assert decode(call).facts == (
        facts.Admission(
            VISIT, PERSON, AT, "21", "I10.x00", "", "", "", "", "", False, ""
        ),  # the diagnosis is in diseinfo too
    )


@pytest.mark.parametrize(("field", "name"), [("adm_dept_name", "家庭病床"), ("adm_bed", "家床-12")])
@pytest.mark.parametrize(("infno", "node"), [("2401", "mdtrtinfo"), ("2403", "adminfo")])
def test_a_bed_at_home_is_known_by_its_name(infno: str, node: str, field: str, name: str) -> None:
    (fact,) = decode(with_field(EXAMPLES[infno], f"input.{node}.{field}", name)).facts
    (usual,) = decode(EXAMPLES[infno]).facts
    assert isinstance(fact, facts.Admission | facts.StayChange)
    assert isinstance(usual, facts.Admission | facts.StayChange)
    assert (fact.at_home, usual.at_home) == (True, False)


@pytest.mark.parametrize("absent", [..., None, ""])
@pytest.mark.parametrize(
    ("infno", "path"),
    [
        ("2401", "msgid"),
        ("2401", "inf_time"),
        ("2401", "fixmedins_code"),
        ("2401", "input.mdtrtinfo.psn_no"),
        ("2401", "input.mdtrtinfo.begntime"),
        ("2401", "output.result.mdtrt_id"),
        ("2301", "input.feedetail.0.feedetl_sn"),
        ("2301", "input.feedetail.0.cnt"),
        ("2301", "input.feedetail.0.det_item_fee_sumamt"),
        ("2304", "output.setlinfo.setl_id"),
        ("2304", "output.setlinfo.fund_pay_sumamt"),
        ("2601", "input.data.omsgid"),
        ("3505", "input.selinfo.sel_retn_cnt"),
    ],
)
def test_what_a_fact_cannot_do_without_is_missed_by_name(infno: str, path: str, absent: object) -> None:
    with pytest.raises(Undecodable) as why:
        decode(with_field(EXAMPLES[infno], path, absent))
    assert why.value.reason == "missing_field"
    assert path.rpartition(".")[2] in why.value.detail


@pytest.mark.parametrize("node", ["input", "output"])
def test_a_call_without_a_node_that_it_needs_says_which(node: str) -> None:
    for value in (..., None):
        with pytest.raises(Undecodable) as why:
            decode(with_field(EXAMPLES["2401"], node, value))
        assert (why.value.reason, why.value.detail.startswith(node)) == ("missing_field", True)


def test_codes_may_come_as_numbers() -> None:
    call = with_field(EXAMPLES["2301"], "output.result.0.med_chrgitm_type", 9)
    call = with_field(call, "input.feedetail.0.feedetl_sn", 1)
    call = with_field(call, "input.feedetail.0.dscg_tkdrug_flag", 1)
    (charges,) = decode(call).facts
    assert isinstance(charges, facts.Charges)
    first = charges.lines[0]
    assert (first.serial, first.category, first.takeaway) == ("1", "09", True)  # the zero that databases lose is back


def test_the_answers_rows_belong_to_their_lines_by_serial_and_may_be_fewer() -> None:
    message = json.loads(EXAMPLES["2301"])
    message["output"]["result"].reverse()
    assert decode(json.dumps(message).encode()) == decode(EXAMPLES["2301"])
    message["output"]["result"] = [row for row in message["output"]["result"] if row["feedetl_sn"] == "2"]
    (charges,) = decode(json.dumps(message).encode()).facts
    assert isinstance(charges, facts.Charges)
    assert [(line.scope, line.category) for line in charges.lines] == [(None, ""), (-4000, "01")]


def test_a_time_is_a_moment_or_a_day() -> None:
    whole, day = "2026-03-05 08:30:15", "2026-03-05"
    for text in (whole, day):
        call = with_field(EXAMPLES["2401"], "input.mdtrtinfo.begntime", text)
        (admission,) = decode(call).facts
        assert isinstance(admission, facts.Admission)
        assert admission.begin == parse_time(text)
    assert parse_time(whole) - parse_time(day) == 8 * 3600 + 30 * 60 + 15


def test_one_message_may_bill_several_stays() -> None:
    g = Gateway()
    transaction = decode(g.bills(AT, [("p1", "v1", LINES[:1]), ("p2", "v2", LINES)]))
    visits = [
        (fact.visit, fact.person, len(fact.lines)) for fact in transaction.facts if isinstance(fact, facts.Charges)
    ]
    assert visits == [("v1", "p1", 1), ("v2", "p2", 2)]


def test_money_is_fen_and_quantities_keep_their_sign() -> None:
    (charges,) = decode(EXAMPLES["2301"]).facts
    assert isinstance(charges, facts.Charges)
    assert [(line.quantity, line.amount, line.refunds) for line in charges.lines] == [
        (2.0, 6050, ""),
        (-1.0, -4000, "0"),
    ]


def test_a_wildcard_voids_everything_and_serials_only_themselves() -> None:
    g = Gateway()
    assert decode(g.cancel_lines(AT, PERSON, VISIT)).facts == (facts.ChargesVoided(VISIT, ("0000",), "", True),)
    assert decode(EXAMPLES["2302"]).facts == (facts.ChargesVoided(VISIT, ("1", "2"), "", False),)
    assert decode(EXAMPLES["2205"]).facts == (facts.ChargesVoided(VISIT, (), "0000", True),)


# -- what cannot be read --------------------------------------------------------------------------------------------

ADMISSION = EXAMPLES["2401"]
LINE = "input.feedetail.0"
UNREADABLE: list[tuple[str, bytes, str]] = [
    ("not_json", b"{", ""),
    ("not_json", ADMISSION[:-1], ""),
    ("not_json", b"", ""),
    ("not_json", ADMISSION + b"x", ""),
    ("not_json", b'{"infno": "2401", "deep": ' + b"[" * 100_000, ""),
    ("not_json", b'{"infno": "9999", "deep": ' + b"[" * 100_000, ""),
    ("not_utf8", ADMISSION.replace(b"A03-001", b"A03-\xff\xfe"), ""),
    ("too_large", b" " * (LARGEST_MESSAGE + 1), "bytes"),
    ("unknown_transaction", with_field(ADMISSION, "infno", "9999"), "9999"),
    ("unknown_transaction", with_field(ADMISSION, "infno", "2206"), "2206"),
    ("unknown_transaction", with_field(ADMISSION, "infno", "x" * 500), "infno"),
    ("missing_field", with_field(ADMISSION, "infno", ...), "infno"),
    ("missing_field", b"{}", "infno"),
    ("wrong_type", b"[]", "object"),
    ("wrong_type", b"7", "object"),
    ("wrong_type", with_field(ADMISSION, "input", 7), "input"),
    ("wrong_type", with_field(ADMISSION, "input.mdtrtinfo.psn_no", {"no": 1}), "psn_no"),
    ("wrong_type", with_field(EXAMPLES["2301"], f"{LINE}.cnt", [1]), "cnt"),
    ("wrong_type", with_field(EXAMPLES["2301"], f"{LINE}.cnt", True), "cnt"),
    ("unreadable_time", with_field(ADMISSION, "inf_time", "2026/03/05 09:00"), "inf_time"),
    ("unreadable_time", with_field(ADMISSION, "inf_time", "2026-02-30 09:00:00"), "inf_time"),
    ("unreadable_time", with_field(ADMISSION, "inf_time", "2026-03-05T09:00:00"), "inf_time"),
    ("unreadable_time", with_field(ADMISSION, "input.mdtrtinfo.begntime", "2026-03-05 24:00:00"), "begntime"),
    ("unreadable_number", with_field(EXAMPLES["2301"], f"{LINE}.cnt", "two"), "cnt"),
    ("unreadable_number", with_field(EXAMPLES["2301"], "output.result.0.inscp_scp_amt", "1,5"), "inscp_scp_amt"),
    ("out_of_range", with_field(EXAMPLES["2301"], f"{LINE}.cnt", 1e300), "cnt"),
    ("out_of_range", with_field(EXAMPLES["2301"], f"{LINE}.cnt", "NaN"), "cnt"),
    ("out_of_range", with_field(EXAMPLES["2301"], f"{LINE}.det_item_fee_sumamt", "-inf"), "det_item_fee_sumamt"),
]


@pytest.mark.parametrize(("reason", "value", "detail"), UNREADABLE, ids=lambda case: str(case)[:24])
def test_what_cannot_be_read_says_why(reason: str, value: bytes, detail: str) -> None:
    with pytest.raises(Undecodable) as why:
        decode(value)
    assert why.value.reason == reason
    assert detail in why.value.detail


def test_every_reason_has_a_case() -> None:
    assert {reason for reason, _, _ in UNREADABLE} == set(REASONS)


def test_a_reason_never_holds_a_value() -> None:
    """Values are personal data; the dead letter's bytes hold them, its reason and the logs do not."""
    for _, value, _ in UNREADABLE:
        with pytest.raises(Undecodable) as why:
            decode(value)
        assert PERSON not in str(why.value)
        assert len(why.value.detail) < 100


@pytest.mark.parametrize(
    "value", [b"{}", b'{"mark": 5}', b'{"mark": "tomorrow"}', b'{"mark": ""}', b"\xff", b"[]", b""]
)
def test_a_mark_that_says_no_time_is_undecodable(value: bytes) -> None:
    with pytest.raises(Undecodable):
        decode_mark(value)


def test_a_mark_is_a_time() -> None:
    assert decode_mark(b'{"mark": "2026-03-05 09:00:00"}') == facts.TimeMark(AT)


# -- anything at all ------------------------------------------------------------------------------------------------

SCALARS: st.SearchStrategy[Any] = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
JSON: st.SearchStrategy[Any] = st.recursive(
    SCALARS | st.sampled_from(["", "0000", "1e400", "-0", "2026-03-05", "２", "9" * 400]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def reason_of(value: bytes, read: Callable[[bytes], object]) -> str | None:
    try:
        read(value)
    except Undecodable as why:
        return why.reason
    return None


def reads_or_says_why(value: bytes, read: Callable[[bytes], object] = decode) -> None:
    assert reason_of(value, read) in (None, *REASONS)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused_with_a_reason(value: bytes) -> None:
    reads_or_says_why(value)
    reads_or_says_why(value, decode_mark)


@given(st.data())
def test_any_change_of_a_message_is_read_or_refused_with_a_reason(data: st.DataObject) -> None:
    message = json.loads(EXAMPLES[data.draw(st.sampled_from(sorted(EXAMPLES)))])
    for _ in range(data.draw(st.integers(1, 3))):
        mutate(data, message)
    reads_or_says_why(json.dumps(message).encode())
    reads_or_says_why(json.dumps(message, ensure_ascii=False).encode(errors="surrogatepass"))


def mutate(data: st.DataObject, node: Any) -> None:
    """Set, double or take out something, somewhere."""
    while True:
        names = list(range(len(node))) if isinstance(node, list) else sorted(node)
        if not names:
            return
        name = data.draw(st.sampled_from(names))
        if isinstance(node[name], dict | list) and data.draw(st.integers(0, 3)):
            node = node[name]
            continue
        match data.draw(st.sampled_from(["set", "drop", "wrap"])):
            case "set":
                node[name] = data.draw(JSON)
            case "drop":
                del node[name]
            case _:
                node[name] = [copy.deepcopy(node[name])] * 2
        return


@given(st.integers(0, 400), st.sampled_from(sorted(EXAMPLES)))
def test_a_message_cut_off_anywhere_is_no_json(length: int, infno: str) -> None:
    value = EXAMPLES[infno]
    with pytest.raises(Undecodable) as why:
        decode(value[: min(length, len(value) - 1)])
    assert why.value.reason in ("not_json", "not_utf8")


# -- samples --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["county/transactions.jsonl.gz", "hdhi.jsonl.gz", "opioids.jsonl.gz"])
def test_real_traffic_is_read_without_a_dead_letter(name: str) -> None:
    with gzip.open(DATA / name) as lines:
        read = [decode(line) for line in lines]
    assert len(read) > 1000
    assert all(msgspec.to_builtins(transaction) for transaction in read)
