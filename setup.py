"""Which modules are compiled? Those in which a replay spends its time; mypyc makes C of them as they stand.

The source is one: without a C compiler, or with FUNDWATCH_PURE=1, the same modules run as Python, three times slower in these
parts, and pass the same tests (tests/test_forms.py). What may be compiled: functions and plain classes with full annotations.
What may not: msgspec structs, for mypyc drops their class keywords.
"""

import logging
import os

from setuptools import setup

COMPILED = [
    "detectors/books/activity_following.py",
    "detectors/books/amounts_following.py",
    "detectors/books/amounts_lately.py",
    "detectors/books/amounts_spread.py",
    "detectors/books/arrivals_following.py",
    "detectors/books/bed_following.py",
    "detectors/books/bed_sharing.py",
    "detectors/books/bed_spans.py",
    "detectors/books/bill_noise.py",
    "detectors/books/case_costs.py",
    "detectors/books/census_following.py",
    "detectors/books/comparing.py",
    "detectors/books/dispensed.py",
    "detectors/books/expected_in_wave.py",
    "detectors/books/group_keys.py",
    "detectors/books/habit_learning.py",
    "detectors/books/item_bins.py",
    "detectors/books/item_comparing.py",
    "detectors/books/item_days.py",
    "detectors/books/item_in_stays.py",
    "detectors/books/item_looks.py",
    "detectors/books/item_posting.py",
    "detectors/books/item_sales.py",
    "detectors/books/item_screen.py",
    "detectors/books/item_telling.py",
    "detectors/books/items_standing_out.py",
    "detectors/books/kept_days.py",
    "detectors/books/norms.py",
    "detectors/books/paid_most.py",
    "detectors/books/peer_calendar.py",
    "detectors/books/rises_beside.py",
    "detectors/books/spreads.py",
    "detectors/books/standing.py",
    "detectors/books/stock_reports.py",
    "detectors/books/terminal_custom.py",
    "detectors/books/terminal_following.py",
    "detectors/books/terminal_groups.py",
    "detectors/books/terminal_sets.py",
    "detectors/books/visit_lines.py",
    "detectors/books/visit_posting.py",
    "detectors/books/volumes.py",
    "detectors/books/weeks.py",
    "detectors/books/weeks_changed.py",
    "detectors/by_institution/admission_surge/surge.py",
    "detectors/by_institution/admission_surge/told.py",
    "detectors/by_institution/bed_conflict/conflict.py",
    "detectors/by_institution/bed_conflict/told.py",
    "detectors/by_institution/bed_overcommit/crowding.py",
    "detectors/by_institution/card_burst/bursts.py",
    "detectors/by_institution/uniform_amounts/clusters.py",
    "detectors/by_item/drug_volume/decisions.py",
    "detectors/by_item/drug_volume/episode.py",
    "detectors/by_item/drug_volume/shortage.py",
    "detectors/by_item/drug_volume/wave.py",
    "detectors/by_neighbours/chance.py",
    "detectors/by_neighbours/company.py",
    "detectors/by_neighbours/gathering.py",
    "detectors/by_neighbours/weighing.py",
    "detectors/by_peers/judging.py",
    "detectors/by_person/after_death/services.py",
    "detectors/by_person/frequent_admission/weighing.py",
    "detectors/by_person/outpatient_during_stay/services.py",
    "detectors/by_person/overlapping_stay/overlaps.py",
    "detectors/by_person/refund_cycle/pairs.py",
    "detectors/by_person/same_card_two_places/swipes.py",
    "detectors/by_person/series.py",
    "detectors/by_person/split_stay/chain.py",
    "detectors/by_stay/bed_holding/idle_run.py",
    "detectors/engine/compare.py",
    "detectors/engine/household_stage.py",
    "detectors/engine/institution_stage.py",
    "detectors/engine/joining.py",
    "detectors/engine/later_stage.py",
    "detectors/engine/marks.py",
    "detectors/engine/pages.py",
    "detectors/engine/peers_stage.py",
    "detectors/engine/person_stage.py",
    "detectors/engine/stage.py",
    "detectors/engine/telling_peers.py",
    "detectors/engine/visit_snapshot.py",
    "detectors/engine/wakes.py",
    "detectors/engine/walk.py",
    "detectors/models/baseline.py",
    "detectors/models/count_tail.py",
    "detectors/models/course.py",
    "detectors/models/rarity.py",
    "detectors/models/season.py",
    "detectors/models/series.py",
    "detectors/models/shape.py",
    "detectors/models/spring_festival.py",
    "detectors/models/tail.py",
    "schemas/calls.py",
    "schemas/china_time.py",
    "schemas/codes.py",
    "schemas/decode.py",
    "schemas/fields.py",
    "schemas/icd_gravity.py",
]


def extensions() -> list:
    """The compiled modules; none where they are not wanted, or mypyc is not there."""
    if os.environ.get("FUNDWATCH_PURE") == "1":
        return []
    try:
        from mypyc.build import mypycify
    except ImportError:
        logging.getLogger(__name__).warning("mypyc is not there: the engine stays pure Python")
        return []
    # -O3 would save 0.8 % of a replay's instructions, and -O2 takes twice as long to compile already (docs/performance.md).
    # One library for all, in a package of ours: at the top of the tree an installed `fundwatch` would not find it.
    found = mypycify(["--ignore-missing-imports", *COMPILED], opt_level="1", group_name="schemas.compiled")
    for extension in found:
        # Of generated C of 45 MB symbols are two thirds more to compile; and what an interpreter was built with, -Wall, has the
        # compiler look for two minutes of three for mistakes that no generator makes (docs/performance.md).
        extension.extra_compile_args = [*extension.extra_compile_args, "-g0", "-Wno-all"]
        extension.optional = True  # no C compiler, or no Python headers: pure Python, and no failure
    return found


setup(ext_modules=extensions())
