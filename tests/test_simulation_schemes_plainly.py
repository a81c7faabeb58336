"""Is every hidden scheme there to be found by the plain words of its row in the rules, and in varied strength?"""

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest

from schemas.labels import Label, decode_label
from simulation.county import simulate
from simulation.schemes import available
from tests import plain_patterns
from tests.county_reading import County, SeenStay
from tests.plain_patterns import DAY, Found

DAYS, PERSONS, SEED = 60, 12_000, 6
Rows = dict[str, dict[str, Any]]


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in (folder / f"{name}.jsonl").open("rb")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("plain")
    simulate(made, DAYS, PERSONS, SEED, available())
    return made


@pytest.fixture(scope="module")
def labels(folder: Path) -> list[Label]:
    return [decode_label(line) for line in (folder / "truth.jsonl").open("rb")]


@pytest.fixture(scope="module")
def county(folder: Path) -> County:
    return County(_rows(folder, "transactions"))


@pytest.fixture(scope="module")
def institutions(folder: Path) -> Rows:
    return {row["fixmedins_code"]: row for row in _rows(folder, "institutions")}


@pytest.fixture(scope="module")
def persons(folder: Path) -> Rows:
    return {row["psn_no"]: row for row in _rows(folder, "persons")}


def _of(labels: list[Label], pattern: str) -> list[Label]:
    found = [label for label in labels if label.pattern == pattern]
    assert found, f"no {pattern} is hidden"
    return found


FINDERS: dict[str, Callable[[County], Found]] = {
    "split_stay": plain_patterns.split_stays,
    "overlapping_stay": plain_patterns.overlapping_stays,
    "outpatient_during_stay": plain_patterns.outpatients_during_stays,
    "bed_conflict": plain_patterns.shared_beds,
    "uniform_amounts": plain_patterns.uniform_amounts,
    "low_standard_admission": plain_patterns.work_ups,
    "refund_cycle": plain_patterns.refund_cycles,
    "after_death": plain_patterns.after_deaths,
}


@pytest.mark.parametrize("pattern", FINDERS)
def test_the_plain_words_of_its_row_find_every_hidden_case(pattern: str, labels: list[Label], county: County) -> None:
    found = FINDERS[pattern](county)
    for label in _of(labels, pattern):
        assert any(each & set(label.visits) for each in found), label


def test_split_stays_come_at_every_distance(labels: list[Label], county: County) -> None:
    gaps = []
    for label in _of(labels, "split_stay"):
        first, second, *_ = sorted((county.stays[v] for v in label.visits), key=lambda stay: stay.begin)
        assert first.end is not None
        gaps.append((second.begin.date() - first.end.date()).days)
    assert min(gaps) <= 1
    assert max(gaps) >= 2


def test_one_bed_is_told_for_all_who_share_it(labels: list[Label], county: County) -> None:
    for label in _of(labels, "bed_conflict"):
        assert len({county.stays[visit].beds[0][1] for visit in label.visits}) == 1


def test_an_overfull_hospital_is_above_its_beds_for_three_days_running(
    labels: list[Label], county: County, institutions: Rows
) -> None:
    census = plain_patterns.census(county)
    for label in _of(labels, "bed_overcommit"):
        assert label.institution is not None
        begin, end = date.fromisoformat(label.begin[:10]), date.fromisoformat((label.end or "")[:10])
        held = [census[label.institution, begin + timedelta(k)] for k in range((end - begin).days)]
        over = [number > institutions[label.institution]["aprv_bed_cnt"] for number in held]
        assert any(all(over[k : k + 3]) for k in range(len(over) - 2)), held


def test_a_surge_is_beyond_chance_for_its_weekday(labels: list[Label], county: County) -> None:
    admissions = plain_patterns.admissions(county)
    for label in _of(labels, "admission_surge"):
        assert label.institution is not None
        assert not label.visits
        counted, day = admissions[label.institution], date.fromisoformat(label.begin[:10])
        past = [counted[day - week * 7 * DAY] for week in range(1, 9) if day - week * 7 * DAY >= date(2026, 1, 1)]
        assert counted[day] >= 5
        assert plain_patterns.poisson_tail(max(0.3, sum(past) / len(past)), counted[day]) < 1e-4


def test_neighbours_have_a_village_a_telephone_or_an_employer_in_common(
    labels: list[Label], county: County, persons: Rows
) -> None:
    def village(person: str) -> str:
        return str(persons.get(person, {}).get("live_addr", "")).split("社")[0]

    def telephone(person: str) -> str:
        return str(persons.get(person, {}).get("tel", ""))

    def employer(person: str) -> str:
        return str(persons.get(person, {}).get("emp_name", ""))

    found = {key: plain_patterns.together(county, key, least=3) for key in (village, telephone, employer)}
    bonds = set()
    for label in _of(labels, "neighbours_together"):
        assert len({persons[person]["household_id"] for person in label.persons} - {""}) >= 3, "a family"
        bound = {key.__name__ for key, groups in found.items() if any(each & set(label.visits) for each in groups)}
        assert bound, label
        bonds |= bound
    assert len(bonds) >= 2


def test_bursts_are_seconds_apart_and_kept_cards_come_back(labels: list[Label], county: County) -> None:
    bursts = plain_patterns.bursts(county)
    days = []
    for label in _of(labels, "card_burst"):
        mine = [each for each in bursts if each & set(label.visits)]
        days.append(len({county.visits[visit].begin.date() for each in mine for visit in each}))
        assert mine, label
    assert min(days) == 1
    assert max(days) >= 3


def test_two_places_are_too_far_apart_and_no_electronic_certificate_is_used(
    labels: list[Label], county: County, institutions: Rows
) -> None:
    def place(code: str) -> tuple[float, float]:
        return institutions[code]["lnt"], institutions[code]["lat"]

    found = plain_patterns.impossible_trips(county, place)
    hidden = _of(labels, "same_card_two_places")
    for label in hidden:
        assert any(each <= set(label.visits) for each in found), label
    assert len(found) <= len([v for label in hidden for v in label.visits]) // 2 + 1, "honest people fly"


def test_a_stay_that_is_called_low_standard_ends_within_three_days(labels: list[Label], county: County) -> None:
    for label in _of(labels, "low_standard_admission"):
        stay = county.stays[label.visits[0]]
        assert stay.end is None or (stay.end.date() - stay.begin.date()).days <= 3


def test_only_a_long_period_hides_frequent_admissions_and_then_as_many_as_the_limits(tmp_path: Path) -> None:
    assert simulate(tmp_path / "short", 60, 1_500, 1, ["frequent_admission"]).labels == 0
    simulate(tmp_path / "long", 220, 1_200, 3, ["frequent_admission"])
    hidden = [decode_label(line) for line in (tmp_path / "long" / "truth.jsonl").open("rb")]
    county = County(_rows(tmp_path / "long", "transactions"))
    aided = {row["psn_no"] for row in _rows(tmp_path / "long", "persons") if row["psn_idet_type"]}
    assert hidden
    for label in hidden:
        (person,) = label.persons
        stays = [stay for stay in plain_patterns.standing(county) if stay.person == person]
        assert {stay.visit for stay in stays} >= set(label.visits)
        assert len(label.visits) >= (4 if person in aided else 6)
        assert not [each for each in plain_patterns.split_stays(county) if each & set(label.visits)]


def test_what_is_shown_and_billed_is_what_others_show_and_bill(labels: list[Label], county: County) -> None:
    hidden = {visit for label in labels for visit in label.visits}
    ours = [visit for number, visit in county.visits.items() if number in hidden]
    theirs = [visit for number, visit in county.visits.items() if number not in hidden]
    cards = [{card for visit in group for _, card, _ in visit.settlements} for group in (ours, theirs)]
    assert cards[0] <= cards[1] == {"01", "02", "03"}
    counters = [{(v.institution, who) for v in group for _, _, who in v.settlements} for group in (ours, theirs)]
    assert len(counters[0] - counters[1]) <= 0.05 * len(counters[0])
    items = [{item for visit in group for item in visit.items} for group in (ours, theirs)]
    assert items[0] <= items[1]
    lines = [_usual_lines(stays) for stays in _parted(county, hidden)]
    assert lines[0] <= lines[1]


def _parted(county: County, hidden: set[str]) -> tuple[list[SeenStay], list[SeenStay]]:
    stays = plain_patterns.standing(county)
    return [stay for stay in stays if stay.visit in hidden], [stay for stay in stays if stay.visit not in hidden]


def _usual_lines(stays: list[SeenStay]) -> set[str]:
    """Kinds of lines, not the drugs themselves: an assortment is wide and a scheme's stays are few."""
    return {line.category for stay in stays for line in stay.lines.values()}
