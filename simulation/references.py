"""What is known beforehand: the master records of institutions, persons and the catalogue, one JSON object a line."""

from pathlib import Path
from typing import Any

import orjson

from simulation.institutions import REGION
from simulation.people import SPECIAL
from simulation.world import World

_LINES_AT_ONCE = 5_000


def write_institutions(world: World, path: Path) -> None:
    """institutions.jsonl."""
    with path.open("wb") as file:
        for institution in world.institutions:
            file.write(orjson.dumps({
                "fixmedins_code": institution.code,
                "medins_name": institution.name,
                "admdvs": REGION,
                "addr": f"路{institution.index}号",
                "medins_type": institution.kind.medins_type,
                "fixmedins_type": "2" if institution.is_pharmacy else "1",
                "medins_natu": "2" if institution.kind.key == "private" else "1",
                "aprv_bed_cnt": institution.beds,
                "hosp_lv": institution.kind.level,
                "lnt": institution.longitude,
                "lat": institution.latitude,
            }) + b"\n")  # fmt: skip


def write_catalogue(world: World, path: Path) -> None:
    """catalogue.jsonl."""
    with path.open("wb") as file:
        for item in world.catalogue.items:
            row: dict[str, Any] = {
                "med_list_codg": item.code,
                "name": item.name,
                "med_chrgitm_type": item.category,
                "chrgitm_lv": item.level,
                "pric_uplmt_amt": item.limit_fen / 100,
                "unit": item.unit,
            }
            if item.per_day_max:
                row["per_day_max"] = item.per_day_max
            file.write(orjson.dumps(row) + b"\n")


def write_persons(world: World, path: Path) -> None:
    """persons.jsonl; some persons have no record, some records no household, telephone or address."""
    total = len(world.people.household)
    with path.open("wb") as file:
        for begin in range(0, total, _LINES_AT_ONCE):
            people = range(begin, min(total, begin + _LINES_AT_ONCE))
            file.write(b"".join(orjson.dumps(_person(world, p)) + b"\n" for p in people if world.people.listed[p]))


def _person(world: World, person: int) -> dict[str, Any]:
    people = world.people
    household = int(people.household[person])
    born = type(world.timeline.start).fromordinal(int(people.born[person]))
    employed = bool(people.employed[person])
    row = {
        "psn_no": people.psn_no(person),
        "household_id": people.household_id(household) if people.housed[person] else "",
        "live_addr": people.address(household) if person % 29 else "",
        "tel": people.telephone(household) if person % 17 else "",
        "gend": str(people.gender[person]),
        "brdy": born.isoformat(),
        "insutype": "310" if employed else "390",
        "psn_type": ("12" if people.age(person, world.timeline.start.toordinal()) >= 60 else "11")
        if employed
        else "1501",
        "psn_idet_type": SPECIAL[people.special[person]],
    }
    if employed and person % 13:
        row["emp_name"] = people.employer_name(person)
    if not row["tel"] and person % 2:
        del row["tel"]
    return row
