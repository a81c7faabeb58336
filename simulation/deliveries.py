"""What does the wholesaler bring? Once a week, in whole boxes, what has been sold since (3503 采购).

Some pharmacies and hospitals report it. A box holds far more than is sold in a day, and an order is rounded up, so that a
purchase is nothing for weeks and then a heap.
"""

from functools import partial
from typing import Any

import numpy as np

from simulation.catalogue import DRUG_GROUPS
from simulation.draws import stream
from simulation.people import NOT_KNOWN
from simulation.timeline import DAY
from simulation.world import World

REPORTS = {"pharmacy": 0.2, "township": 0.25, "private": 0.1, "county": 1.0}  # shares of the kinds
BOXES = (10, 20, 30, 60, 100)  # packs
MOST = 12  # items of one delivery
MAKERS, WHOLESALERS = 40, 5


class Deliveries:
    """Books the purchases of the day."""

    def __init__(self, world: World) -> None:
        self._world = world
        rng = stream(world.seed, "deliveries")
        reporting = [i for i in world.institutions if rng.random() < REPORTS.get(i.kind.key, 0.0)]
        self._places = [i.index for i in reporting]
        self._weekday = rng.integers(0, 5, len(reporting))
        self._drugs = slice(world.catalogue.span[DRUG_GROUPS[0]][0], world.catalogue.span["herbs"][0])
        self._box = rng.choice(BOXES, len(world.catalogue.items))
        self._stock = np.zeros(world.demand.sold.shape, np.int64)  # bought so far

    def open_day(self, day: int) -> None:
        """Books what is delivered today to those whose weekday it is."""
        rng = stream(self._world.seed, "deliveries", day)
        today = self._world.timeline.weekday(day)
        for place, weekday in zip(self._places, self._weekday.tolist(), strict=True):
            if weekday == today:
                self._deliver(day, place, rng)

    def _deliver(self, day: int, place: int, rng: np.random.Generator) -> None:
        """The drugs of which most is missing, each in whole boxes."""
        missing = (self._world.demand.sold[place] - self._stock[place])[self._drugs]
        at = day * DAY + int(rng.integers(28_800, 61_200))
        for offset in np.argsort(-missing, kind="stable")[:MOST].tolist():
            item = self._drugs.start + offset
            if missing[offset] > 0:
                boxes = -(-int(missing[offset]) // int(self._box[item]))
                packs = boxes * int(self._box[item])
                self._stock[place, item] += packs
                at += int(rng.integers(15, 240))
                call = partial(self._buy, place, item, packs, int(rng.integers(1 << 30)))
                self._world.agenda.put(at, place, call)

    def _buy(self, place: int, item: int, packs: int, number: int, at: int) -> bytes:
        world, bought = self._world, self._world.catalogue.items[item]
        office = world.offices[place]
        body: dict[str, Any] = {
            "med_list_codg": bought.code,
            "fixmedins_hilist_id": f"N{item:05}",
            "fixmedins_hilist_name": bought.name,
            "dynt_no": f"D{number % 9_999_991:07}",
            "fixmedins_bchno": office.batch(),
            "spler_name": f"医药公司{number % WHOLESALERS + 1}",
            "manu_lotnum": f"{number % 89_989 + 10_000}",
            "prodentp_name": f"药厂{item % MAKERS + 1}",
            "aprvno": f"国药准字{item:08}",
            "manu_date": world.timeline.date_text(at - (20 + number % 100) * DAY),
            "expy_end": world.timeline.date_text(at + 360 * DAY),
            "finl_trns_pric": office.price(int(world.demand.price_fen[place, item]) * 85 // 100),
            "purc_retn_cnt": office.count(packs),
            "purc_invo_no": f"{number % 99_999_989:08}",
            "rx_flag": "1",
            "purc_retn_stoin_time": world.timeline.stamp(at),
            "purc_retn_opter_name": "经办",
        }
        return world.message("3503", at, place, NOT_KNOWN, {"purcinfo": body}, {})
