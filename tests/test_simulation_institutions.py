"""Are schemes of whole institutions there to be found beside enough peers, and ordinary life's likenesses of them?"""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path
from statistics import mean
from typing import Any

import orjson
import pytest

from schemas.labels import Label, decode_label
from simulation.county import simulate

START, DAYS, PERSONS, SEED = date(2026, 1, 1), 110, 20_000, 10
SCHEMES = ("cost_level", "drug_hoarding", "drug_volume_peer", "inpatient_rate", "institution_profile", "own_expense_share",
           "spending_growth")  # fmt: skip
Message = dict[str, Any]


class Books:
    """What every institution sent, by date."""

    def __init__(self, folder: Path) -> None:
        self.institutions: dict[str, Message] = {
            row["fixmedins_code"]: row for row in map(orjson.loads, (folder / "institutions.jsonl").open("rb"))
        }
        self.labels = [decode_label(line) for line in (folder / "truth.jsonl").open("rb")]
        self.visits: dict[str, list[tuple[str, Message]]] = defaultdict(list)  # settlements of visits and purchases
        self.bills: dict[str, list[tuple[str, str, Message]]] = defaultdict(list)  # of stays, with the diagnosis
        self.admissions: dict[str, list[str]] = defaultdict(list)
        self.packs: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        self.lasting: Counter[float] = Counter()
        self.bought: list[Message] = []
        self.taken: dict[str, list[tuple[str, str, str, float]]] = defaultdict(
            list
        )  # by visit: place, date, item, packs
        diagnoses: dict[str, str] = {}
        for message in map(orjson.loads, (folder / "transactions.jsonl").open("rb")):
            self._read(message, diagnoses)

    def _read(self, message: Message, diagnoses: dict[str, str]) -> None:
        code, day, infno, body = message["fixmedins_code"], message["inf_time"][:10], message["infno"], message["input"]
        info = message["output"].get("setlinfo", {})
        if infno == "2401":
            visit = message["output"]["result"]["mdtrt_id"]
            diagnoses[visit] = body["mdtrtinfo"]["dscg_maindiag_code"]
            self.admissions[code].append(day)
        elif infno == "2304" and info["mdtrt_id"] in diagnoses:
            self.bills[code].append((day, diagnoses[info["mdtrt_id"]], info))
        elif infno in ("2207", "2102"):
            self.visits[code].append((day, info))
        elif infno == "3503":
            self.bought.append(message)
        for line in body.get("feedetail", []) + body.get("drugdetail", []):
            self.packs[code, line["med_list_codg"]][line["fee_ocur_time"][:10]] += round(float(line["cnt"]))
            visit = line.get("mdtrt_id") or info["mdtrt_id"]
            self.taken[visit].append((code, line["fee_ocur_time"][:10], line["med_list_codg"], float(line["cnt"])))
            self.lasting[line.get("prd_days", 0)] += 1

    def peers(self, code: str) -> list[str]:
        """The others of its level and type."""
        mine = self.institutions[code]
        return [
            other for other, row in self.institutions.items()
            if other != code and (row["hosp_lv"], row["medins_type"]) == (mine["hosp_lv"], mine["medins_type"])
        ]  # fmt: skip

    def of(self, pattern: str) -> list[Label]:
        """The labels of a pattern; there are some."""
        found = [label for label in self.labels if label.pattern == pattern]
        assert found, f"no {pattern} is hidden"
        return found

    def dear(self, code: str, begin: str, until: str = "9") -> float:
        """What the stays of a time cost, as a multiple of what they cost in the county for the same diagnoses."""
        bills = [(d, info["medfee_sumamt"]) for day, d, info in self.bills[code] if begin <= day < until]
        return float(sum(amount for _, amount in bills)) / sum(self._usual[diagnosis] for diagnosis, _ in bills)

    @property
    def _usual(self) -> dict[str, float]:
        by: dict[str, list[float]] = defaultdict(list)
        for code, bills in self.bills.items():
            if code not in {label.institution for label in self.labels}:
                for _, diagnosis, info in bills:
                    by[diagnosis].append(info["medfee_sumamt"])
        everywhere = mean(itertools.chain.from_iterable(by.values()))
        return defaultdict(lambda: everywhere, {diagnosis: mean(amounts) for diagnosis, amounts in by.items()})


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Books:
    folder = tmp_path_factory.mktemp("institutions")
    simulate(folder, DAYS, PERSONS, SEED, SCHEMES)
    return Books(folder)


def _a_day(dates: list[str], begin: str, until: str) -> float:
    days = (date.fromisoformat(until) - date.fromisoformat(begin)).days
    return sum(begin <= day < until for day in dates) / days


def _later(day: str, days: int) -> str:
    return (date.fromisoformat(day[:10]) + timedelta(days)).isoformat()


END = (START + timedelta(DAYS)).isoformat()


def test_the_common_kinds_have_enough_peers(books: Books) -> None:
    groups = Counter((row["hosp_lv"], row["medins_type"]) for row in books.institutions.values())
    for common in (("09", "C220"), ("08", "A100"), ("10", "D600"), ("11", "P")):
        assert groups[common] >= 8


def test_labels_of_institutions_name_a_place_and_a_period_and_only_those_of_drugs_an_item(books: Books) -> None:
    for pattern in SCHEMES:
        for label in books.of(pattern):
            assert label.institution in books.institutions
            assert label.begin < (label.end or "")
            assert bool(label.item) == pattern.startswith("drug_")
            assert bool(label.visits) == (pattern == "drug_hoarding")


def test_no_place_is_made_its_own_by_two_schemes(books: Books) -> None:
    places = [label.institution for label in books.labels if label.pattern != "drug_hoarding"]
    assert len(places) == len(set(places))


def test_the_same_patients_cost_more_where_cost_is_the_scheme(books: Books) -> None:
    honest = [code for code in books.bills if code not in {label.institution for label in books.labels}]
    usual = mean(books.dear(code, "2026-01-15") for code in honest if len(books.bills[code]) > 30)
    for label in books.of("cost_level"):
        assert books.dear(label.institution or "", _later(label.begin, 10)) > 1.15 * usual, label


def test_patients_pay_for_things_outside_the_catalogue(books: Books) -> None:
    def share(code: str, begin: str) -> float:
        infos = [info for day, info in books.visits[code] if day >= begin]
        infos += [info for day, _, info in books.bills[code] if day >= begin]
        return float(sum(i["fulamt_ownpay_amt"] for i in infos) / sum(i["medfee_sumamt"] for i in infos))

    for label in books.of("own_expense_share"):
        assert 0.11 < share(label.institution or "", _later(label.begin, 14)) < 0.45
    honest = [
        c for c in books.bills if c not in {label.institution for label in books.labels} and len(books.visits[c]) > 50
    ]
    assert max(share(code, "2026-01-01") for code in honest) < 0.11


def test_visits_become_stays_more_often_than_before(books: Books) -> None:
    for label in books.of("inpatient_rate"):
        code, begin = label.institution or "", label.begin[:10]
        rates = [
            _a_day(books.admissions[code], *period) / _a_day([day for day, _ in books.visits[code]], *period)
            for period in ((START.isoformat(), begin), (begin, END))
        ]
        assert rates[1] > 1.35 * rates[0], rates


def test_what_the_fund_pays_grows_week_after_week(books: Books) -> None:
    for label in books.of("spending_growth"):
        came = [day for day, _ in books.visits[label.institution or ""]]
        before, at_last = _a_day(came, START.isoformat(), label.begin[:10]), _a_day(came, _later(END, -21), END)
        assert at_last > 1.3 * before


def test_a_pushed_drug_is_taken_far_more_often_per_visit_than_at_the_peers(books: Books) -> None:
    for label in books.of("drug_volume_peer"):
        code, item = label.institution or "", label.item or ""

        def per_visit(place: str, item: str = item) -> float:
            return books.packs[place, item].total() / max(1, len(books.visits[place]) + len(books.admissions[place]))

        assert per_visit(code) > 2 * mean(per_visit(peer) for peer in books.peers(code))
        assert label.begin < "2026-01-15", "it would have a past of its own"


def test_hoarders_fetch_one_drug_too_often_in_too_many_places_or_by_the_heap(books: Books) -> None:
    kinds = Counter[str]()
    for label in books.of("drug_hoarding"):
        fetched = [line for visit in label.visits for line in books.taken[visit] if line[2] == label.item]
        months = Counter(day[:7] for _, day, _, _ in fetched)
        kinds["often"] += max(months.values()) > 4
        kinds["places"] += len({place for place, *_ in fetched}) >= 3
        kinds["heap"] += max(packs for *_, packs in fetched) >= 20
        assert max(months.values()) > 4 or max(packs for *_, packs in fetched) >= 20, label
    assert min(kinds[kind] for kind in ("often", "places", "heap")) >= 1


# -- ordinary life's likenesses ---------------------------------------------------------------------------------------------


def test_some_chronic_patients_have_drugs_for_twelve_weeks(books: Books) -> None:
    assert 0.03 < books.lasting[84] / (books.lasting[84] + books.lasting[30]) < 0.3


def test_a_village_doctor_is_away_for_days_and_another_sees_his_patients(books: Books) -> None:
    clinics = [code for code, row in books.institutions.items() if row["medins_type"] == "D600"]
    longest = {}
    for code in clinics:
        open_days = sorted({date.fromisoformat(day) for day, _ in books.visits[code]})
        longest[code] = max((after - before).days for before, after in itertools.pairwise(open_days))
    assert max(longest.values()) >= 5
    assert min(longest.values()) <= 4


def test_deliveries_come_on_one_weekday_in_whole_boxes(books: Books) -> None:
    weekdays: dict[str, set[int]] = defaultdict(set)
    for message in books.bought:
        body = message["input"]["purcinfo"]
        weekdays[message["fixmedins_code"]].add(date.fromisoformat(body["purc_retn_stoin_time"][:10]).weekday())
        assert float(body["purc_retn_cnt"]) % 10 == 0
        assert "insuplc_admdvs" not in message, "nobody is insured here"
    assert len(weekdays) >= 3
    assert all(len(days) == 1 for days in weekdays.values())


def test_a_drug_is_missing_everywhere_and_then_made_up_for(books: Books) -> None:
    by_item: dict[str, Counter[str]] = defaultdict(Counter)
    for (_, item), counted in books.packs.items():
        by_item[item].update(counted)
    gaps = []
    for counted in by_item.values():
        sold = sorted(date.fromisoformat(day) for day in counted)
        if counted.total() > 4 * DAYS:
            gaps.append(max((after - before).days for before, after in itertools.pairwise(sold)))
    assert max(gaps) >= 8, "no drug that sells daily was ever short"


def test_a_specialist_takes_one_kind_of_patient_from_all_over_the_county_and_is_dear(books: Books) -> None:
    (code,) = [c for c, row in books.institutions.items() if "骨科" in row["medins_name"]]
    diagnoses = Counter(diagnosis for _, diagnosis, _ in books.bills[code])
    assert set(diagnoses) <= {"S72.000", "S22.300", "M51.202"}
    amounts = {place: mean(info["medfee_sumamt"] for _, _, info in books.bills[place]) for place in books.bills}
    honest = set(amounts) - {label.institution for label in books.labels}
    assert amounts[code] > 1.3 * mean(amounts[peer] for peer in books.peers(code) if peer in honest)
