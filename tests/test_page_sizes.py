"""Do the pages of a real run stay within the sizes that docs/performance.md states?"""

from __future__ import annotations

import msgspec
import pytest

from benchmarks import page_sizes
from benchmarks.page_sizes import BOUNDS, MEASURED, Sizes, beyond, sizes_of, stores_of
from detectors.books.member import WaitingPage
from detectors.books.profile import ProfilePage
from detectors.books.stock import StockPage
from detectors.engine.clock import StreamClock, Watermark
from detectors.engine.graph import STAGES
from stream.pipeline import Stores
from tests.service_runs import CUT


@pytest.fixture(scope="module")
def stores() -> Stores:
    return stores_of(CUT.folder)


@pytest.fixture(scope="module")
def sizes(stores: Stores) -> dict[str, Sizes]:
    return sizes_of(stores)


def test_every_kind_of_page_is_measured_and_within_its_bounds(sizes: dict[str, Sizes]) -> None:
    assert set(sizes) == set(BOUNDS)
    assert all(len(each.saved) >= 3 for each in sizes.values())
    assert beyond(sizes) == []


def test_every_kind_of_every_stage_is_measured_but_its_clock_and_what_is_few() -> None:
    """Days wait only while partitions are at different times; a region has few models; who bills has no stock page."""
    kinds = {kind for stage in STAGES.values() for kind in stage.kinds}
    assert {kind for kind, _ in MEASURED.values()} == kinds - {
        StreamClock,
        Watermark,
        WaitingPage,
        ProfilePage,
        StockPage,
    }


def test_every_saved_page_but_a_stages_own_is_of_a_kind_that_is_measured(
    sizes: dict[str, Sizes], stores: Stores
) -> None:
    unmeasured = sum(map(len, stores.values())) - sum(len(each.saved) for each in sizes.values())
    assert 0 < unmeasured <= 3 * len(stores)  # its clock, and what it notes of its rules


def test_a_page_that_grows_beyond_its_bound_is_told(sizes: dict[str, Sizes]) -> None:
    swollen = sizes | {"person": msgspec.structs.replace(sizes["person"], saved=[10_000] * 10)}
    assert [told.partition(":")[0] for told in beyond(swollen)] == ["person"]


def test_a_page_that_swells_in_memory_is_told(sizes: dict[str, Sizes]) -> None:
    swollen = sizes | {"person": msgspec.structs.replace(sizes["person"], decoded=[10_000] * 10)}
    assert [told.partition(":")[0] for told in beyond(swollen)] == ["person"]
    assert page_sizes.MOST_DECODED_TIMES * page_sizes.quantiles(sizes["person"].saved)[0] < 20_000
