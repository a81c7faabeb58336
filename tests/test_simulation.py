"""Does the made county look like the wire, and is it the same county every time?"""

import hashlib
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from schemas.decode import decode
from schemas.labels import decode_label
from schemas.references import decode_catalogue_item, decode_institution, decode_person
from simulation.county import Summary, simulate
from simulation.schemes import available
from stream.cli.simulate import command
from tests.county_reading import County
from tests.plain_patterns import shared_beds

DAYS, PERSONS, SEED = 56, 12_000, 11  # until 25 February: the festival of 2026 is on the 17th
FILES = ("transactions.jsonl", "institutions.jsonl", "persons.jsonl", "catalogue.jsonl", "truth.jsonl")
ENVELOPE = ("infno", "msgid", "mdtrtarea_admvs", "infver", "opter_type", "opter", "opter_name", "inf_time",
            "fixmedins_code", "fixmedins_name", "input", "output")  # fmt: skip

Message = dict[str, Any]


@pytest.fixture(scope="module")
def county(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("county")
    simulate(folder, DAYS, PERSONS, SEED, available())
    return folder


@pytest.fixture(scope="module")
def messages(county: Path) -> list[Message]:
    return [orjson.loads(line) for line in (county / "transactions.jsonl").open("rb")]


@pytest.fixture(scope="module")
def originals(messages: list[Message]) -> list[Message]:
    """Without the second copies of what was relayed twice."""
    first: dict[str, Message] = {}
    for message in messages:
        first.setdefault(message["msgid"], message)
    return list(first.values())


def _digests(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in FILES}


def _in_process(folder: Path, hash_seed: str, seed: int = 5) -> dict[str, str]:
    code = (
        "import sys; from pathlib import Path; from simulation.county import simulate; "
        "from simulation.schemes import available; simulate(Path(sys.argv[1]), 16, 1200, int(sys.argv[2]), available())"
    )
    environment = dict(os.environ, PYTHONHASHSEED=hash_seed)
    subprocess.run([sys.executable, "-c", code, str(folder), str(seed)], check=True, env=environment)
    return _digests(folder)


def test_the_same_arguments_write_the_same_bytes_under_any_hash_seed(tmp_path: Path) -> None:
    first = _in_process(tmp_path / "a", "1")
    assert _in_process(tmp_path / "b", "4242") == first
    assert _in_process(tmp_path / "c", "1", seed=6) != first


def test_every_message_has_the_envelope_and_decodes(county: Path, messages: list[Message]) -> None:
    for line in (county / "transactions.jsonl").open("rb"):
        decode(line)
    for message in messages:
        assert all(name in message for name in ENVELOPE), message["infno"]


def test_every_reference_record_decodes(county: Path) -> None:
    readers = {"institutions": decode_institution, "persons": decode_person, "catalogue": decode_catalogue_item}
    for name, reader in readers.items():
        records = [reader(line) for line in (county / f"{name}.jsonl").open("rb")]
        assert records, name


def test_a_msgid_is_12_14_and_4_characters_and_belongs_to_one_message(messages: list[Message]) -> None:
    seen: dict[str, Message] = {}
    for message in messages:
        msgid, stamp = message["msgid"], re.sub(r"\D", "", message["inf_time"])
        assert re.fullmatch(r"[HP]\d{11}\d{14}\d{4}", msgid)
        assert msgid[:12] == message["fixmedins_code"]
        assert msgid[12:26] == stamp
        assert seen.setdefault(msgid, message) == message
    assert len(seen) < len(messages), "nothing was relayed twice"


def test_inf_time_rises_in_each_institution_and_but_for_seconds_over_all(originals: list[Message]) -> None:
    latest: dict[str, str] = defaultdict(str)
    highest = datetime.fromisoformat(originals[0]["inf_time"])
    for message in originals:
        assert message["inf_time"] >= latest[message["fixmedins_code"]]
        latest[message["fixmedins_code"]] = message["inf_time"]
        at = datetime.fromisoformat(message["inf_time"])
        assert (highest - at).total_seconds() <= 5
        highest = max(highest, at)


def test_visits_and_settlements_are_numbered_in_order_of_arrival(originals: list[Message]) -> None:
    visits = [_issued_visit(m) for m in originals if m["infno"] in ("2201", "2401", "2102")]
    settlements = [m["output"]["setlinfo"]["setl_id"] for m in originals if "setlinfo" in m["output"]]
    for numbers in (visits, settlements):
        assert numbers == sorted(set(numbers))


def _issued_visit(message: Message) -> str:
    answer = message["output"]
    return str((answer.get("result") or answer.get("data") or answer.get("setlinfo"))["mdtrt_id"])


def test_every_settlement_is_the_sum_of_the_lines_that_stand(originals: list[Message]) -> None:
    ledger: dict[str, dict[str, tuple[float, float]]] = defaultdict(dict)
    checked = Counter[str]()
    for message in originals:
        infno, body, answer = message["infno"], message["input"], message["output"]
        if infno in ("2204", "2301"):
            for line, result in zip(body["feedetail"], answer["result"], strict=True):
                assert line["feedetl_sn"] not in ledger[line["mdtrt_id"]]
                amounts = (float(line["det_item_fee_sumamt"]), result["inscp_scp_amt"])
                ledger[line["mdtrt_id"]][line["feedetl_sn"]] = amounts
        elif infno in ("2205", "2302"):
            _delete(ledger, body["data"] if infno == "2302" else [body["data"] | {"feedetl_sn": "0000"}])
        elif infno in ("2207", "2304"):
            visit, info = body["data"]["mdtrt_id"], answer["setlinfo"]
            _agrees(info, list(ledger[visit].values()))
            assert float(body["data"]["medfee_sumamt"]) == info["medfee_sumamt"]
            checked[infno] += 1
            if body["data"].get("mid_setl_flag") == "1":
                ledger[visit].clear()
        elif infno == "2102":
            total = sum(float(line["det_item_fee_sumamt"]) for line in body["drugdetail"])
            _agrees(answer["setlinfo"], [(total, answer["setlinfo"]["inscp_scp_amt"])])
            checked[infno] += 1
    assert min(checked["2207"], checked["2304"], checked["2102"]) > 100


def _delete(ledger: dict[str, dict[str, tuple[float, float]]], deletions: list[Message]) -> None:
    for deleted in deletions:
        lines = ledger[deleted["mdtrt_id"]]
        if deleted["feedetl_sn"] == "0000":
            lines.clear()
        else:
            del lines[deleted["feedetl_sn"]]


def _agrees(info: Message, lines: list[tuple[float, float]]) -> None:
    assert info["medfee_sumamt"] == pytest.approx(sum(amount for amount, _ in lines), abs=0.005)
    assert info["inscp_scp_amt"] == pytest.approx(sum(scope for _, scope in lines), abs=0.005)
    _adds_up(info)


def _adds_up(info: Message) -> None:
    parts = ("fulamt_ownpay_amt", "overlmt_selfpay", "preselfpay_amt", "inscp_scp_amt")
    assert sum(info[name] for name in parts) == pytest.approx(info["medfee_sumamt"], abs=0.005)
    paid = info["fund_pay_sumamt"] + info["acct_pay"] + info["psn_cash_pay"]
    assert paid == pytest.approx(info["medfee_sumamt"], abs=0.005)


def test_refunds_and_reversals_refer_to_what_was_sent_before(originals: list[Message]) -> None:
    standing: dict[str, float] = {}
    sent: dict[str, str] = {}
    refunds = 0
    for message in originals:
        info = message["output"].get("setlinfo", {})
        if message["infno"] in ("2207", "2304", "2102"):
            standing[info["setl_id"]] = info["medfee_sumamt"]
        elif message["infno"] in ("2208", "2305", "2103"):
            refunds += 1
            assert info["medfee_sumamt"] == -standing.pop(message["input"]["data"]["setl_id"])
        elif message["infno"] == "2601":
            data = message["input"]["data"]
            assert sent[data["omsgid"]] == data["oinfno"]
        sent[message["msgid"]] = message["infno"]
    assert refunds > 50


def test_the_mix_is_that_of_a_county(messages: list[Message]) -> None:
    """domain.md §5: 47 % pharmacy, 35 % out-patient, 5 % chronic, 5 % stays, the rest other; 5 % refunds."""
    kinds = Counter(
        "stay" if m["infno"] == "2304" else m["output"]["setlinfo"]["med_type"]
        for m in messages if m["infno"] in ("2207", "2102", "2304")
    )  # fmt: skip
    total = kinds.total()
    assert kinds["41"] / total == pytest.approx(0.47, abs=0.08)
    assert kinds["11"] / total == pytest.approx(0.36, abs=0.08)
    assert kinds["14"] / total == pytest.approx(0.05, abs=0.025)
    assert kinds["stay"] / total == pytest.approx(0.045, abs=0.02)
    refunds = sum(m["infno"] in ("2208", "2103", "2305") for m in messages)
    assert refunds / total == pytest.approx(0.05, abs=0.015)
    per_thousand_a_day = total / DAYS / PERSONS * 1000
    assert per_thousand_a_day == pytest.approx(13, abs=3)


def test_a_message_has_the_usual_size(county: Path, messages: list[Message]) -> None:
    mean = (county / "transactions.jsonl").stat().st_size / len(messages)
    assert 1_400 < mean < 2_300


def test_whatever_real_senders_do_occurs(originals: list[Message]) -> None:
    infnos = {m["infno"] for m in originals}
    assert {"2201", "2203", "2204", "2205", "2207", "2208", "2401", "2402", "2403", "2301", "2302", "2304", "2305",
            "2405", "2404", "2102", "2103", "2601", "4101"} <= infnos  # fmt: skip
    lines = list(_lines(originals))
    assert {type(line["cnt"]) for _, line in lines} == {float, str}
    assert any("init_feedetl_sn" in line and float(line["cnt"]) < 0 for _, line in lines)
    assert any(len(line["fee_ocur_time"]) == 10 for _, line in lines)
    assert any("sys_ver" in m for m in originals)
    assert any("insuplc_admdvs" not in m for m in originals)
    lags = [_hours(m["inf_time"], line["fee_ocur_time"]) for m, line in lines if m["infno"] == "2301"]
    assert any(30 < lag <= 72 for lag in lags)
    assert any(lag > 72 for lag in lags)
    assert sum(lag > 72 for lag in lags) < 0.02 * len(lags)
    types = {m["input"]["mdtrtinfo"]["med_type"] for m in originals if m["infno"] == "2401"}
    assert {"21", "22", "28", "52", "9921", "2105"} <= types
    assert any(m["input"]["dscginfo"]["dscg_way"] == "2" for m in originals if m["infno"] == "2402")


def _lines(messages: list[Message]) -> Iterator[tuple[Message, Message]]:
    for message in messages:
        for line in message["input"].get("feedetail", []):
            yield message, line


def _hours(later: str, earlier: str) -> float:
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds() / 3_600


def test_references_are_incomplete_as_they_are_in_life(county: Path, messages: list[Message]) -> None:
    persons = [orjson.loads(line) for line in (county / "persons.jsonl").open("rb")]
    seen = {m["input"].get(node, {}).get("psn_no") for m in messages for node in ("data", "druginfo", "mdtrtinfo")
            if isinstance(m["input"].get(node), dict)}  # fmt: skip
    assert seen - {p["psn_no"] for p in persons} - {None}, "everybody has a record"
    assert any(not p["household_id"] for p in persons)
    assert any(not p.get("tel") for p in persons)
    households = Counter(p["household_id"] for p in persons if p["household_id"])
    assert households.most_common(1)[0][1] > 20, "no nursing home"
    assert 1.5 < len(persons) / len(households) < 4


def test_mondays_are_busy_and_the_festival_is_quiet(messages: list[Message]) -> None:
    visits = Counter(m["inf_time"][:10] for m in messages if m["infno"] in ("2201", "2401"))
    january = [date(2026, 1, day) for day in range(5, 26)]
    mondays = [visits[d.isoformat()] for d in january if d.weekday() == 0]
    sundays = [visits[d.isoformat()] for d in january if d.weekday() == 6]
    assert min(mondays) > 1.3 * max(sundays)
    festival = sum(visits[f"2026-02-{day}"] for day in (17, 18, 19))
    before = sum(visits[f"2026-01-{day}"] for day in (20, 21, 22))
    assert festival < 0.75 * before


def test_honest_stays_share_a_bed_only_where_a_move_or_a_discharge_was_told_late(
    county: Path, messages: list[Message]
) -> None:
    labels = [decode_label(line) for line in (county / "truth.jsonl").open("rb")]
    hidden = {visit for label in labels for visit in label.visits}
    seen = County(messages)
    shared = [pair for pair in shared_beds(seen) if not pair & hidden]
    assert len(shared) <= 0.006 * len(seen.stays), shared


def test_wards_are_not_empty_on_the_first_day(originals: list[Message]) -> None:
    admitted = {m["output"]["result"]["mdtrt_id"] for m in originals if m["infno"] == "2401"}
    before = {line["mdtrt_id"] for m, line in _lines(originals) if m["infno"] == "2301"} - admitted
    assert 2 < 1000 * len(before) / PERSONS < 7, "about four open stays for 1,000 people"
    first = Counter(m["inf_time"][:10] for m in originals if m["infno"] == "2301")
    assert first["2026-01-03"] > 0.6 * first["2026-01-06"]  # before any scheme fills a ward


def test_a_period_without_a_known_spring_festival_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="2020"):
        simulate(tmp_path, 10, 500, 1, [], date(1999, 1, 1))


def test_the_command_writes_the_files_and_says_how_fast(tmp_path: Path) -> None:
    arguments = [
        str(tmp_path / "new" / "county"),
        "--days",
        "3",
        "--persons",
        "600",
        "--seed",
        "1",
        "--schemes",
        "none",
    ]
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code == 0, result.output
    assert re.fullmatch(r"\d+ transactions \([\d.]+ MB\), 0 labels in [\d.]+ s, \d+ per second\n", result.output)
    assert {path.name for path in (tmp_path / "new" / "county").iterdir()} == set(FILES)


@pytest.mark.parametrize(
    "wrong",
    [["--schemes", "bed_holding,perpetual_motion"], ["--days", "0"], ["--start", "1999-01-01"], ["--persons", "many"]],
)
def test_wrong_use_ends_with_status_2_and_names_what_is_wrong(tmp_path: Path, wrong: list[str]) -> None:
    usual = [str(tmp_path / "county"), "--days", "2", "--persons", "300", "--seed", "1"]
    result = CliRunner().invoke(command, usual + wrong)
    assert result.exit_code == 2
    assert wrong[0] in result.output


def test_a_run_that_is_broken_off_leaves_no_finished_file(tmp_path: Path) -> None:
    def stop(day: int) -> None:
        if day == 2:
            raise KeyboardInterrupt

    simulate(tmp_path, 2, 400, 1, [])
    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path, 5, 400, 1, [], progress=stop)
    assert not (tmp_path / "transactions.jsonl").exists()
    assert not (tmp_path / "truth.jsonl").exists()


def test_progress_and_summary_count_what_was_written(tmp_path: Path) -> None:
    days: list[int] = []
    summary = simulate(tmp_path, 4, 400, 1, [], progress=days.append)
    assert days == [1, 2, 3, 4]
    written = (tmp_path / "transactions.jsonl").read_bytes()
    assert summary == Summary(written.count(b"\n"), len(written), 0)
