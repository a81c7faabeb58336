"""What is known beforehand: the master records of institutions, persons and the catalogue, one JSON object a line."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from simulation.institutions import REGION
from simulation.people import NOT_KNOWN, SPECIAL, day_text, employer_title
from simulation.world import World

_LINES_AT_ONCE = 5_000
GREY = 60  # years, from which an employee is retired


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
            file.write("".join(_persons(world, begin, min(total, begin + _LINES_AT_ONCE))).encode())


def _persons(world: World, begin: int, end: int) -> Iterator[str]:
    """JSON at once and in batches: there are a million of them."""
    people, those = world.people, slice(begin, end)
    ages = world.timeline.first_ordinal - people.born[those]
    rows = zip(
        range(begin, end), people.listed[those].tolist(), people.household[those].tolist(), people.housed[those].tolist(),
        people.gender[those].tolist(), people.born[those].tolist(), people.employed[those].tolist(),
        (ages // 365 >= GREY).tolist(), people.special[those].tolist(), people.employer[those].tolist(), strict=True,
    )  # fmt: skip
    home, number, address, telephone = NOT_KNOWN, "", "", ""
    for person, listed, household, housed, gender, born, employed, grey, special, employer in rows:
        if not listed:
            continue
        if household != home:
            home, number = household, people.household_id(household)
            address, telephone = people.address(household), people.telephone(household)
        tel = f',"tel":"{telephone}"' if person % 17 else "" if person % 2 else ',"tel":""'
        employer_name = f',"emp_name":"{employer_title(employer)}"' if employed and person % 13 else ""
        yield (
            f'{{"psn_no":"{people.psn_no(person)}","household_id":"{number if housed else ""}",'
            f'"live_addr":"{address if person % 29 else ""}"{tel},"gend":"{gender}","brdy":"{day_text(born)}",'
            f'"insutype":"{"310" if employed else "390"}","psn_type":"{("12" if grey else "11") if employed else "1501"}",'
            f'"psn_idet_type":"{SPECIAL[special]}"{employer_name}}}\n'
        )
