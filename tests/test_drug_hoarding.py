"""How long does what was fetched last, and what is remembered of it when its visit is forgotten?"""

from __future__ import annotations

import json
from collections.abc import Iterable

import pytest

from detectors.books.dispensed import MOST_DISPENSED
from detectors.books.person import MOST_DRUG_VISITS, MOST_VISITS, PersonPage, person_key
from detectors.by_person.drug_hoarding.rule import DrugHoarding
from detectors.by_person.drug_hoarding.stock import Stock, fetched, stock_of
from detectors.engine.page import decode_page
from detectors.engine.rule import View
from schemas.china_time import DAY, parse_time
from schemas.codes import CONSULTING, TREATMENT
from schemas.references import CatalogueItem, Institution
from schemas.snapshots import OUTPATIENT, PHARMACY, Dispensed, Reference, VisitSnapshot, has_possible_times
from tests.engine_run import EngineRun
from tests.wire_messages import CATEGORIES, TABLETS, Billed, Gateway, moment

JANUARY = parse_time("2026-01-05") // DAY


class Catalogue:
    """References that know one item."""

    def __init__(self, unit: str = "盒", per_day: float | None = None) -> None:
        self.known = CatalogueItem("X1", "药品1", "09", unit, None, per_day)

    def institution(self, fixmedins_code: str) -> Institution | None:
        return None

    def item(self, med_list_codg: str) -> CatalogueItem | None:
        return self.known


def visit(name: str, day: int, *drugs: Dispensed, kind: str = PHARMACY, place: str = "P1") -> VisitSnapshot:
    source = Reference("2102", f"m-{name}", day * DAY)
    return VisitSnapshot(
        name, place, "p1", 0, 1, source, kind, False, day * DAY, day * DAY, "41", "", "", 100, 60, 100, True, 0,
        (source,), drugs=drugs,
    )  # fmt: skip


def given(day: int, quantity: float = 1.0, days: int = 0, item: str = "X1") -> Dispensed:
    return Dispensed(item, day, quantity, 2_000, days)


def page_of(visits: Iterable[VisitSnapshot]) -> PersonPage:
    page = PersonPage(person="p1")
    for one in visits:
        page.post(one)
    return page


def stock(page: PersonPage, catalogue: Catalogue, anchor: str = "X1|2026H1") -> Stock | None:
    return stock_of(fetched(page)[anchor], catalogue, pack_days=3, overlap_days=14)


@pytest.mark.parametrize(
    ("quantity", "days", "catalogue", "supply"),
    [
        (60, 7, Catalogue("片", per_day=2.0), 30.0),  # 60 tablets, two a day at most
        (60, 45, Catalogue("片", per_day=2.0), 45.0),  # the prescription says longer
        (10, 7, Catalogue("盒"), 30.0),  # ten packs, three days each
        (10, 7, Catalogue("g"), 7.0),  # of other units nobody knows
        (10, 0, Catalogue("g"), None),
        (10, 0, Catalogue("g", per_day=0.0), None),  # a limit of none is none
    ],
)
def test_a_fetch_lasts_what_is_prescribed_or_what_can_be_used(
    quantity: float, days: int, catalogue: Catalogue, supply: float | None
) -> None:
    seen = stock(page_of([visit("v", JANUARY, given(JANUARY, quantity, days))]), catalogue)
    assert seen is not None
    assert [one.supply for one in seen.taken] == [supply]


def test_the_catalogues_daily_limit_shows_a_heap_that_the_prescriptions_call_a_week() -> None:
    """A pack a day at most: 100 packs last 100 days, ten days later 90 + 100."""
    page = page_of(visit(f"v{n}", JANUARY + n, given(JANUARY + n, 100, 7)) for n in (0, 10))
    view = View((JANUARY + 11) * DAY, Catalogue("盒", per_day=1.0))
    assert DrugHoarding().ask(page, "X1|2026H1", view) is None  # for 35 yuan of it nobody is asked
    finding = DrugHoarding(small_heap=0).ask(page, "X1|2026H1", view)
    assert finding is not None
    assert finding.severity == "medium"
    assert finding.measures[0].name == "days_at_home"
    assert finding.measures[0].value == 190
    assert finding.fund_at_risk == 3_520  # of 200 days 190 − 14 are too much: 0.88 of 4,000 fen
    assert finding.series is not None
    assert [point.value for point in finding.series.points] == [100, 99, 98, 97, 96, 95, 94, 93, 92, 91, 190]


def test_an_injection_at_the_clinic_every_day_is_used_up_and_at_a_pharmacy_counts_by_times_alone() -> None:
    at_clinic = page_of(visit(f"v{n}", JANUARY + n, given(JANUARY + n), kind=OUTPATIENT) for n in range(10))
    bought = page_of(visit(f"v{n}", JANUARY + n, given(JANUARY + n)) for n in range(10))
    view = View((JANUARY + 20) * DAY, Catalogue("支"))
    assert DrugHoarding().ask(at_clinic, "X1|2026H1", view) is None
    finding = DrugHoarding().ask(bought, "X1|2026H1", view)
    assert finding is not None
    assert finding.severity == "low"
    assert finding.series is None
    assert "可用天数不明" in finding.text.zh


def test_what_several_calls_of_a_day_at_one_institution_gave_counts_once_and_elsewhere_again() -> None:
    calls = [visit(f"a{n}", JANUARY, given(JANUARY, 2, 28)) for n in range(5)]
    seen = stock(page_of([*calls, visit("b", JANUARY, given(JANUARY, 2, 28), place="P2")]), Catalogue())
    assert seen is not None
    assert (seen.times, seen.institutions, seen.peak) == (2, 2, 30 + 28)  # ten packs last 30 days


def test_halves_of_a_year_are_judged_apart() -> None:
    june = parse_time("2026-06-30") // DAY
    page = page_of(visit(f"v{n}", june + n, given(june + n)) for n in (0, 1))
    assert sorted(fetched(page)) == ["X1|2026H1", "X1|2026H2"]


def test_drugs_outlive_their_visit_until_their_half_year_is_over_and_no_correction_can_come() -> None:
    page = page_of([visit("v", JANUARY, given(JANUARY, 5, 28)), visit("w", JANUARY)])
    before = fetched(page)
    page.advance((JANUARY + 91) * DAY)
    assert not page.visits
    assert list(page.fetches) == ["v"]
    assert fetched(page) == before
    first_of_july = parse_time("2026-07-01")
    page.advance(first_of_july + 61 * DAY)
    assert fetched(page) == before
    assert page.next_change() == first_of_july + 62 * DAY
    page.advance(first_of_july + 62 * DAY)
    assert not page.fetches
    assert page.drugs_kept_from == first_of_july
    assert page.forgets_at() == 0


def test_a_half_year_that_is_partly_forgotten_is_judged_no_more() -> None:
    page = page_of([visit("v", JANUARY, given(JANUARY)), visit("w", JANUARY + 1, given(JANUARY + 1))])
    page.drugs_kept_from = parse_time("2026-07-01")
    assert fetched(page) == {}


def test_a_visit_that_comes_again_takes_the_place_of_what_was_kept_of_it() -> None:
    page = page_of([visit("v", JANUARY, given(JANUARY, 5))])
    page.advance((JANUARY + 91) * DAY)
    page.post(visit("v", JANUARY, given(JANUARY, 2)))
    assert [each[4].quantity for each in fetched(page)["X1|2026H1"]] == [2]


def test_a_number_that_stands_for_many_persons_keeps_a_bounded_page_and_is_not_judged() -> None:
    most = MOST_VISITS + MOST_DRUG_VISITS
    page = page_of(visit(f"v{n:05}", JANUARY + n // 10, given(JANUARY + n // 10)) for n in range(most + 1))
    assert len(page.visits) == MOST_VISITS
    assert len(page.fetches) == MOST_DRUG_VISITS
    assert page.drugs_kept_from == parse_time("2026-07-01")


@pytest.mark.parametrize(
    "drug",
    [
        given(10**9),
        given(JANUARY, 1.0, -1),
        *(given(JANUARY, quantity) for quantity in (-1.0, float("nan"), float("inf"))),
    ],
)
def test_a_snapshot_whose_drugs_no_stage_of_ours_could_have_told_is_refused(drug: Dispensed) -> None:
    assert has_possible_times(visit("v", JANUARY, given(JANUARY)))
    assert not has_possible_times(visit("v", JANUARY, drug))


def test_a_visit_tells_its_drugs_net_of_refunds_by_day_and_never_more_than_can_be_kept() -> None:
    g, person = Gateway(), "p1"
    at, later = moment(0, 9), moment(1, 9)
    lines = [
        Billed("1", at, TABLETS, 4.0, 100.0, days=7),
        Billed("2", at, TABLETS, 2.0, 50.0, days=14),
        Billed("3", at, TABLETS, -1.0, -25.0, refunds="1"),
        Billed("4", later, TABLETS, 3.0, 75.0),
        *(Billed(f"d{n}", at, f"X{n:03}", 1.0, 1.0) for n in range(30)),
        *(Billed(f"s{n}", at, item, 1.0, 900.0) for n, item in enumerate(CATEGORIES) if item != TABLETS),
    ]
    engine = EngineRun(rules=[])
    engine.take([g.charges(at, person, "V1", "B1", lines), g.settle_visit(later, person, "V1", "B1", "S1", 500.0)])
    engine.pipeline.save()
    page = decode_page(PersonPage, engine.stores["person", 0][person_key(person)])
    drugs = page.visits["V1"].drugs
    day = at // DAY
    assert len(drugs) == MOST_DISPENSED
    assert [drug for drug in drugs if drug.item == TABLETS] == [
        Dispensed(TABLETS, day, 5.0, 12_500, 14),
        Dispensed(TABLETS, day + 1, 3.0, 7_500, 0),
    ]
    assert {drug.item for drug in drugs} <= {TABLETS, *(f"X{n:03}" for n in range(30))}


SESSION, NEEDLE, CONSULTATION = "003110000060000-311000006", "120400001000000", "110200005000000"


@pytest.mark.parametrize(
    ("service", "diagnosis", "packs", "lasting", "goes_home"),
    [
        (SESSION, "I10.x00", 1.0, 2, False),
        (NEEDLE, "I10.x00", 3.0, 4, False),
        (NEEDLE, "I10.x00", 3.0, None, False),
        (NEEDLE, "I10.x00", 3.0, 5, True),  # it is to last beyond the next session
        (NEEDLE, "I10.x00", 4.0, 1, True),  # more than is given at once
        (CONSULTATION, "I10.x00", 1.0, 2, True),
        (CONSULTATION, "N18.900", 1.0, 2, True),  # he only saw the doctor
        ("990000001", "N18.900", 1.0, 2, False),  # the hospital's own code of a treatment
        ("990000001", "I10.x00", 1.0, 2, True),  # a treatment of another kind
    ],
)
def test_a_dose_on_a_day_of_treatment_does_not_go_home(
    service: str, diagnosis: str, packs: float, lasting: int | None, goes_home: bool
) -> None:
    assert bool(_told(service, diagnosis, packs, lasting)) is goes_home


def test_what_several_lines_of_a_day_gave_is_no_dose_together_and_the_day_after_a_treatment_is_no_day_of_it() -> None:
    assert _told(SESSION, "N18.900", 2.0, 2, more=[Billed("3", moment(0, 9), TABLETS, 2.0, 20.0)])
    assert _told(SESSION, "N18.900", 1.0, 2, more=[Billed("3", moment(1, 9), TABLETS, 1.0, 20.0)])


def test_where_the_treatment_is_taken_back_the_drug_went_home() -> None:
    back = Billed("3", moment(0, 10), SESSION, -1.0, -400.0, refunds="1")
    assert _told(SESSION, "N18.900", 1.0, 2, more=[back])


def _told(
    service: str, diagnosis: str, packs: float, lasting: int | None, more: Iterable[Billed] = ()
) -> tuple[Dispensed, ...]:
    """What the person's stage hears of an outpatient's visit with that service, billed as a treatment, and tablets."""
    g, person, at = Gateway(), "p1", moment(0, 9)
    lines = [Billed("1", at, service, 1.0, 400.0), Billed("2", at, TABLETS, packs, 33.0, days=lasting), *more]
    charges = json.loads(g.charges(at, person, "V1", "B1", lines))
    for line, answer in zip(lines, charges["output"]["result"], strict=True):
        if line.item == service:
            answer["med_chrgitm_type"] = CONSULTING if service == CONSULTATION else TREATMENT
    engine = EngineRun(rules=[])
    engine.take(
        [
            g.encounter(at, person, "V1", diagnosis),
            json.dumps(charges).encode(),
            g.settle_visit(moment(2), person, "V1", "B1", "S1", 500.0),
        ]
    )
    engine.pipeline.save()
    page = decode_page(PersonPage, engine.stores["person", 0][person_key(person)])
    return page.visits["V1"].drugs
