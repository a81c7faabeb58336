"""Does ordinary life bring what a rule must not take for a scheme? In a county in which nothing is hidden."""

import itertools
from collections import Counter, defaultdict
from datetime import date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from simulation.county import simulate
from tests import plain_patterns
from tests.county_reading import County, Message, SeenStay
from tests.plain_patterns import DAY

DAYS, PERSONS, SEED = 90, 20_000, 4
HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("life")
    simulate(made, DAYS, PERSONS, SEED, [])
    return made


@pytest.fixture(scope="module")
def messages(folder: Path) -> list[Message]:
    return [orjson.loads(line) for line in (folder / "transactions.jsonl").open("rb")]


@pytest.fixture(scope="module")
def county(messages: list[Message]) -> County:
    return County(messages)


@pytest.fixture(scope="module")
def stays(county: County) -> list[SeenStay]:
    return plain_patterns.standing(county)


def test_some_discharges_are_told_days_late_and_some_never(stays: list[SeenStay]) -> None:
    late = [s.reported - s.end for s in stays if s.reported is not None and s.end is not None]
    assert 0.02 < sum(DAY < lag <= 3.1 * DAY for lag in late) / len(late) < 0.08
    settled_only = [s for s in stays if s.settled is not None and s.end is None]
    assert 1 <= len(settled_only) < 0.01 * len(stays)


def test_readmissions_within_a_fortnight_are_a_few_in_a_hundred_and_have_a_reason(county: County) -> None:
    pairs = plain_patterns.split_stays(county)
    assert 0.008 < len(pairs) / len(county.stays) < 0.035
    chains = [sorted((county.stays[v] for v in pair), key=lambda stay: stay.begin) for pair in pairs]
    assert any(first.planned_return for first, _ in chains)
    assert any(first.way == "4" for first, _ in chains)
    assert any(second.med_type == "24" for _, second in chains)
    gaps = [(second.begin - first.end).days for first, second in chains if first.end is not None and first.way != "4"]
    assert min(gaps) >= 1


def test_transfers_touch_or_overlap_by_hours_and_nothing_overlaps_by_more(county: County) -> None:
    assert not plain_patterns.overlapping_stays(county)
    held: dict[str, list[SeenStay]] = defaultdict(list)
    for stay in plain_patterns.standing(county):
        held[stay.person].append(stay)
    between = [
        second.begin - first.end
        for chain in held.values()
        for first, second in itertools.pairwise(sorted(chain, key=lambda stay: stay.begin))
        if first.end is not None and first.way == "2"
    ]
    assert any(gap < timedelta(0) for gap in between)
    assert any(gap > timedelta(0) for gap in between)


def test_relatives_fetch_things_for_inpatients_and_scans_are_done_elsewhere(county: County) -> None:
    found = plain_patterns.outpatients_during_stays(county)
    fetched = [county.visits[v] for pair in found for v in pair if v in county.visits]
    assert fetched
    assert all(visit.institution.startswith("P") for visit in fetched), "the patient walked to a clinic"
    assert any(visit.sent_out for visit in county.visits.values())


def test_extra_beds_have_other_names_and_late_moves_are_told(county: County) -> None:
    names = {bed for stay in county.stays.values() for _, bed in stay.beds}
    assert any("加" in name for name in names)
    assert "" in names
    assert any(len(stay.beds) > 1 for stay in county.stays.values())


def test_a_third_pays_electronically_and_large_houses_have_several_counters(county: County) -> None:
    settled = [each for visit in county.visits.values() for each in visit.settlements]
    shares = Counter(certificate for _, certificate, _ in settled)
    assert 0.27 < shares["01"] / shares.total() < 0.4
    counters: dict[str, set[str]] = defaultdict(set)
    for visit in county.visits.values():
        counters[visit.institution] |= {operator for _, _, operator in visit.settlements}
    assert max(len(each) for each in counters.values()) >= 3


def test_some_village_clinics_type_the_whole_day_in_after_supper(county: County) -> None:
    at_night: Counter[tuple[str, date]] = Counter()
    for visit in county.visits.values():
        for at, _, _ in visit.settlements[:1]:
            if at.hour >= 19 and at - visit.begin > HOUR and visit.begin.hour < 18:
                at_night[visit.institution, at.date()] += 1
    assert max(at_night.values()) >= 3


def test_health_checks_take_the_same_tests_from_many_people_in_a_morning(county: County) -> None:
    same: Counter[tuple[str, date, frozenset[str]]] = Counter()
    for visit in county.visits.values():
        if len(visit.items) >= 3:
            same[visit.institution, visit.begin.date(), frozenset(visit.items)] += 1
    assert max(same.values()) >= 10
    assert len(plain_patterns.bursts(county)) <= 2


def test_packages_are_paid_alike_and_other_stays_are_not(county: County, stays: list[SeenStay]) -> None:
    paid = Counter((s.institution, s.diagnosis, s.fund) for s in stays if s.med_type in ("26", "28") and s.settled)
    assert max(paid.values()) >= 4
    assert not plain_patterns.uniform_amounts(county)


def test_accidents_bring_several_people_within_the_hour(stays: list[SeenStay]) -> None:
    hurt = sorted((s for s in stays if s.med_type == "22" or s.diagnosis[0] in "AT"), key=lambda s: s.begin)
    together = [
        [s for s in hurt if s.institution == first.institution and timedelta(0) <= s.begin - first.begin <= 1.2 * HOUR]
        for first in hurt
    ]
    assert max(len(group) for group in together) >= 3


def test_the_dead_are_left_alone_and_a_miscoded_death_is_taken_back(county: County, messages: list[Message]) -> None:
    assert not plain_patterns.after_deaths(county)
    assert any(stay.died for stay in county.stays.values())
    said = {m["input"]["dscginfo"]["mdtrt_id"] for m in messages if m["infno"] == "2402" and _died(m)}
    assert said - {stay.visit for stay in county.stays.values() if stay.died}, "nobody was miscoded"


def _died(message: Message) -> bool:
    return "die_date" in message["input"]["dscginfo"]


def test_the_frail_lie_in_a_ward_again_and_again(stays: list[SeenStay]) -> None:
    often = Counter(stay.person for stay in stays if stay.diagnosis.split(".")[0] in ("I50", "J44", "C34", "I63"))
    assert max(often.values()) >= 2


def test_nobody_is_at_two_far_places_at_once(folder: Path, county: County) -> None:
    rows = [orjson.loads(line) for line in (folder / "institutions.jsonl").open("rb")]
    places = {row["fixmedins_code"]: (row["lnt"], row["lat"]) for row in rows}
    assert not plain_patterns.impossible_trips(county, places.__getitem__)
    assert len(plain_patterns.refund_cycles(county)) <= 1


def test_workers_have_employers_and_some_households_another_ones_telephone(folder: Path) -> None:
    rows = [orjson.loads(line) for line in (folder / "persons.jsonl").open("rb")]
    employers = Counter(row["emp_name"] for row in rows if row.get("emp_name"))
    assert employers.most_common(1)[0][1] > 100
    assert sum(count < 30 for count in employers.values()) > 0.3 * len(employers)
    households: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        if row.get("tel") and row["household_id"]:
            households[row["tel"]].add(row["household_id"])
    assert sum(len(each) > 1 for each in households.values()) > 50


def test_the_clock_of_the_period_is_the_simulators(county: County) -> None:
    begins = [visit.begin for visit in county.visits.values()]
    assert datetime.fromisoformat("2026-01-01 00:00:00") <= min(begins)
    assert max(begins) < datetime.fromisoformat("2026-01-01 00:00:00") + DAYS * DAY
