"""Is what the truth says really there, and does nothing but the pattern itself tell a scheme from ordinary life?"""

import itertools
from collections import Counter, defaultdict
from datetime import date, timedelta
from pathlib import Path

import orjson
import pytest

from schemas.labels import Label, decode_label
from simulation.county import simulate
from simulation.schemes import available, chosen
from tests.county_reading import County, Message, SeenStay, SeenVisit

DAYS, PERSONS, SEED = 75, 30_000, 3
NEEDS_A_LONG_PERIOD = {"frequent_admission"}
SEVERAL_PLACES = {"overlapping_stay", "after_death"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("schemes")
    simulate(made, DAYS, PERSONS, SEED, available())
    return made


@pytest.fixture(scope="module")
def labels(folder: Path) -> list[Label]:
    return [decode_label(line) for line in (folder / "truth.jsonl").open("rb")]


@pytest.fixture(scope="module")
def messages(folder: Path) -> list[Message]:
    return [orjson.loads(line) for line in (folder / "transactions.jsonl").open("rb")]


@pytest.fixture(scope="module")
def county(messages: list[Message]) -> County:
    return County(messages)


@pytest.fixture(scope="module")
def stays(county: County) -> dict[str, SeenStay]:
    return county.stays


@pytest.fixture(scope="module")
def visits(county: County) -> dict[str, SeenVisit]:
    return county.visits


def _of(labels: list[Label], pattern: str) -> list[Label]:
    return [label for label in labels if label.pattern == pattern]


def test_every_scheme_is_hidden_and_its_labels_refer_to_what_exists(
    folder: Path, labels: list[Label], stays: dict[str, SeenStay], visits: dict[str, SeenVisit]
) -> None:
    institutions = {orjson.loads(line)["fixmedins_code"] for line in (folder / "institutions.jsonl").open("rb")}
    items = {orjson.loads(line)["med_list_codg"] for line in (folder / "catalogue.jsonl").open("rb")}
    households = {orjson.loads(line)["household_id"] for line in (folder / "persons.jsonl").open("rb")}
    assert {label.pattern for label in labels} == set(available()) - NEEDS_A_LONG_PERIOD
    for label in labels:
        assert label.institution in institutions
        assert label.begin < (label.end or "")
        assert label.item is None or label.item in items
        assert label.household is None or label.household in households
        for visit in label.visits:
            seen = stays.get(visit) or visits[visit]
            assert seen.person in label.persons
            assert seen.institution == label.institution or visit in visits or label.pattern in SEVERAL_PLACES


def test_none_hides_nothing_and_a_choice_hides_that_alone(tmp_path: Path) -> None:
    assert simulate(tmp_path / "none", 20, 1_500, 1, chosen("none")).labels == 0
    simulate(tmp_path / "one", 20, 1_500, 1, chosen("bed_holding"))
    written = [decode_label(line) for line in (tmp_path / "one" / "truth.jsonl").open("rb")]
    assert {label.pattern for label in written} == {"bed_holding"}


def test_an_unknown_scheme_is_refused_with_the_names_that_exist() -> None:
    with pytest.raises(ValueError, match="bed_holding"):
        chosen("bed_folding")


def test_held_beds_have_three_idle_days_and_honest_ones_at_most_two(
    labels: list[Label], stays: dict[str, SeenStay]
) -> None:
    held = {visit for label in _of(labels, "bed_holding") for visit in label.visits}
    over = {visit: stay.longest_idle() for visit, stay in stays.items() if stay.end is not None}
    idle = [days for visit, days in over.items() if visit in held]
    assert len(idle) >= 5
    assert min(idle) >= 3
    assert len(set(idle)) >= 3, "all equally blatant"
    honest = [days for visit, days in over.items() if visit not in held]
    assert max(honest) == 2
    assert sum(days > 0 for days in honest) > 0.1 * len(honest), "quiet days are a tell-tale"


def test_an_open_stay_has_its_planned_end_in_the_truth(labels: list[Label], stays: dict[str, SeenStay]) -> None:
    open_at_the_end = [x for x in _of(labels, "bed_holding") if stays[x.visits[0]].end is None]
    last = date(2026, 1, 1) + timedelta(DAYS)
    assert any((label.end or "") >= last.isoformat() for label in open_at_the_end)


def test_families_come_and_go_within_a_day_of_each_other(labels: list[Label], stays: dict[str, SeenStay]) -> None:
    found = _of(labels, "household_together")
    assert found
    for label in found:
        rounds = len(label.visits) // len(label.persons)
        assert (len(label.persons) >= 3 and rounds >= 1) or rounds >= 2
        begins = sorted(stays[visit].begin.date() for visit in label.visits)
        for number in range(rounds):
            of_round = begins[number * len(label.persons) : (number + 1) * len(label.persons)]
            assert (of_round[-1] - of_round[0]).days <= 1


def test_families_take_turns_with_gaps_of_three_days_at_most(labels: list[Label], stays: dict[str, SeenStay]) -> None:
    found = _of(labels, "household_sequence")
    assert found
    for label in found:
        chain = sorted((stays[visit] for visit in label.visits), key=lambda stay: stay.begin)
        assert len({stay.admission["input"]["mdtrtinfo"]["psn_no"] for stay in chain}) >= 3
        for before, after in itertools.pairwise(chain):
            assert before.end is not None
            assert -1 <= (after.begin.date() - before.end.date()).days <= 3


def test_drugs_are_dispensed_far_beyond_the_usual(labels: list[Label], messages: list[Message]) -> None:
    volumes: dict[tuple[str, str], dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for message in messages:
        for line in message["input"].get("feedetail", []) + message["input"].get("drugdetail", []):
            key = (message["fixmedins_code"], line["med_list_codg"])
            volumes[key][line["fee_ocur_time"][:10]] += float(line["cnt"])
    extra, factors = [], []
    for label in _of(labels, "drug_volume"):
        sold = volumes[label.institution or "", label.item or ""]
        begin, end = date.fromisoformat(label.begin[:10]), date.fromisoformat((label.end or "")[:10])
        last = min(end, date(2026, 1, 1) + timedelta(DAYS))
        usual, now = _mean(sold, date(2026, 1, 1), begin), _mean(sold, begin, last)
        extra.append((now - usual) * (last - begin).days)
        factors.append(now / max(usual, 0.1))
        assert now > 1.2 * usual, label
    assert sum(packs >= 25 for packs in extra) > 0.8 * len(extra), "for a few packs nobody would bother"
    assert min(factors) < 2 < 4 < max(factors), "all equally blatant"


def _mean(sold: dict[str, float], begin: date, end: date) -> float:
    days = (end - begin).days
    return sum(sold[(begin + timedelta(k)).isoformat()] for k in range(days)) / days


def test_nothing_but_the_pattern_tells_a_hidden_stay(labels: list[Label], stays: dict[str, SeenStay]) -> None:
    hidden = {visit for label in labels for visit in label.visits}
    ours = [stay for visit, stay in stays.items() if visit in hidden]
    theirs = [stay for visit, stay in stays.items() if visit not in hidden]
    for name in ("adm_dept_codg", "med_type", "dscg_maindiag_code"):
        assert {s.admission["input"]["mdtrtinfo"][name] for s in ours} <= {
            s.admission["input"]["mdtrtinfo"][name] for s in theirs
        }
    hours = [Counter(s.begin.hour // 6 for s in group) for group in (ours, theirs)]
    shares = [[count[k] / count.total() for k in range(4)] for count in hours]
    assert sum(abs(a - b) for a, b in zip(*shares, strict=True)) < 0.35
    seconds = [sum(s.begin.second for s in group) / len(group) for group in (ours, theirs)]
    assert abs(seconds[0] - seconds[1]) < 8
    fields = [{frozenset(s.admission["input"]["mdtrtinfo"]) for s in group} for group in (ours, theirs)]
    assert fields[0] <= fields[1]


def test_hidden_stays_are_numbered_among_the_others(labels: list[Label], stays: dict[str, SeenStay]) -> None:
    hidden = {visit for label in labels for visit in label.visits}
    neighbours = 0
    ordered = sorted(stays)
    for before, after in itertools.pairwise(ordered):
        neighbours += before in hidden and after in hidden
    share = len(hidden) / len(ordered)
    expected = share * len(hidden)
    assert neighbours < 3 * expected + 6, "hidden stays follow one another in number"


def test_people_of_schemes_live_an_ordinary_life_besides(labels: list[Label], messages: list[Message]) -> None:
    persons = {person for label in labels for person in label.persons}
    elsewhere = {m["input"]["druginfo"]["psn_no"] for m in messages if m["infno"] == "2102"}
    assert persons & elsewhere
