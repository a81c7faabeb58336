"""Who is a neighbour of whom, without anybody learning where they live; and what becomes of it when a person moves."""

from __future__ import annotations

import json
import random
from collections.abc import Sequence
from math import inf

import pytest

from detectors.books.group_keys import address_of, employer_of, groups_of, telephone_of, ties_of
from detectors.books.neighbours import MOST_COUNTED, MOST_STAYS, STAYS_KEPT, Counted, GroupPage, NeighbourStay
from detectors.by_neighbours.chance import History
from detectors.by_neighbours.company import Nearness
from detectors.by_neighbours.gathering import Telling, companies, judged_stays, runs_of
from detectors.by_neighbours.neighbours_together.rule import NeighboursTogether
from detectors.by_neighbours.weighing import Group
from detectors.engine.incoming import Incoming
from detectors.engine.page import encode_page
from detectors.engine.rule import View
from detectors.engine.stage import Stage
from schemas.alerts import encode_alert
from schemas.china_time import DAY, HOUR
from schemas.references import decode_person
from schemas.snapshots import GroupMember, GroupVisit, Reference, Ties, VisitSnapshot
from stream.known import KnownReferences
from tests.engine_run import TIMESTAMP_MS, EngineRun, References
from tests.golden_cases.neighbours_together import VILLAGERS, busload, neighbours, of_one_village, tied, unlike
from tests.golden_cases.story import Case
from tests.wire_messages import moment, person_record

# -- keys -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "stated",
    [
        "幸福村12组34号",
        "重庆市沙坪坝区幸福村１２组３４号",
        " 幸福村 十二组 三十四号",
        "四川省成都市双流县幸福村12组34号",
        "幸福村,12组,34号",
    ],
)
def test_an_address_is_one_however_it_is_written(stated: str) -> None:
    assert address_of(stated) == ("幸福村", "幸福村12组", "幸福村12组34号")


@pytest.mark.parametrize("stated", ["", "无", "不详", "重庆市", "沙坪坝区", "-", "**", "12345", "未知"])
def test_who_says_nothing_lives_nowhere(stated: str) -> None:
    assert address_of(stated) == ("", "", "")


@pytest.mark.parametrize(
    ("stated", "parts"),
    [
        ("幸福村1社5组123号", ("幸福村1社", "幸福村1社5组", "幸福村1社5组123号")),
        ("阳光花园3栋2单元501室", ("阳光花园", "阳光花园3栋", "阳光花园3栋2单元501室")),
        ("人民路128号5栋402", ("人民路", "人民路128号", "人民路128号5栋402号")),
        ("幸福村**组**号", ("幸福村", "", "")),
        ("新市村5组3号", ("新市村", "新市村5组", "新市村5组3号")),
        ("浙江省嘉善县西塘镇幸福村3组", ("西塘镇幸福村", "西塘镇幸福村3组", "")),
        ("县西街12号", ("县西街", "", "县西街12号")),
        ("阳光花园3栋2单元", ("阳光花园", "阳光花园3栋", "")),
        ("阳光花园3栋", ("阳光花园", "阳光花园3栋", "")),
        ("阳光花园12号楼", ("阳光花园", "阳光花园12号楼", "")),
    ],
)
def test_village_part_and_dwelling_are_told_apart(stated: str, parts: tuple[str, str, str]) -> None:
    assert address_of(stated) == parts


def test_telephones_and_employers_that_stand_for_nobody_are_no_ties() -> None:
    assert telephone_of("+86 139-0000-1234") == telephone_of("１３９００００１２３４") == "13900001234"
    assert [
        telephone_of(one) for one in ("13800000000", "11111111111", "无", "139****1234", "13800138000", "110", "")
    ] == [""] * 7
    assert employer_of("某某机械（集团）有限公司") == employer_of("某某机械(集团)有限责任公司") != ""
    assert [employer_of(one) for one in ("无", "务农", "退休", "灵活就业人员", "个体", "-", "")] == [""] * 7


def test_nothing_of_an_address_or_a_telephone_leaves_the_person_s_record() -> None:
    told = busload(of_one_village(neighbours("", ""), tel="13900001234", emp_name="某某机械厂"))
    engine = alone(References(persons=tuple(told.persons))).take(sent_of(told)).mark(moment(9))
    assert engine.open_alerts()
    engine.pipeline.save()
    said = b"".join(encode_alert(alert) for alert in engine.published)
    kept = b"".join(page for store in engine.stores.values() for _, page in store.items())
    kept += b"".join(key for store in engine.stores.values() for key, _ in store.items())
    for private in ("幸福村", "13900001234", "某某机械厂"):
        assert private.encode() not in said
        assert private.encode() not in kept
        assert json.dumps(private).encode() not in said


def test_nothing_of_a_telephone_that_admissions_name_leaves_them() -> None:
    told = unlike(tied(neighbours("", ""), 3), tels=("139 0000 1234", "+86-13900001234", "13900001234"))
    engine = alone(References(persons=tuple(told.persons))).take(sent_of(told)).mark(moment(9))
    (alert,) = engine.open_alerts().values()
    assert alert["group"].startswith("telephone:")
    engine.pipeline.save()
    said = b"".join(encode_alert(alert) for alert in engine.published)
    kept = b"".join(key + page for store in engine.stores.values() for key, page in store.items())
    for private in (b"0000 1234", b"13900001234"):
        assert private not in said
        assert private not in kept


def test_equal_records_give_equal_groups_and_others_do_not() -> None:
    def groups(**more: str) -> tuple[str, ...]:
        return groups_of(ties_of(decode_person(person_record("P", "HH1", **more))))

    assert groups(tel="13900001234") == groups(tel="139-0000-1234") != groups(tel="13900001235")
    assert groups() == ()
    assert [group.partition(":")[0] for group in groups(live_addr="幸福村1组1号", tel="13900001234", emp_name="某厂")] == [
        "dwelling", "telephone", "village", "employer",
    ]  # fmt: skip


# -- who moves ------------------------------------------------------------------------------------------------------


def sent_of(told: Case) -> list[bytes]:
    return [message for _, message in sorted(told.sent, key=lambda sent: sent[0]) if b'"mark"' not in message]


def alone(references: References | None = None) -> EngineRun:
    return EngineRun(references, rules=[NeighboursTogether()])


def know(engine: EngineRun, *records: bytes, offset: int) -> EngineRun:
    engine.pipeline.take_persons(
        [Incoming(0, offset + n, TIMESTAMP_MS, None, value) for n, value in enumerate(records)]
    )
    return engine


def test_who_moves_takes_his_stays_out_of_the_old_group() -> None:
    told = busload(tied(neighbours("", ""), 3, tel="13900001234"), members=range(3))
    engine = alone(References(persons=tuple(told.persons))).take(sent_of(told))
    assert len(engine.open_alerts()) == 1
    elsewhere = person_record(VILLAGERS[2], "HV2", tel="13700007777")
    assert not know(engine, elsewhere, offset=100).mark(moment(9)).open_alerts()
    assert {alert.status for alert in engine.newest().values()} == {"retracted"}
    never_there = alone(References(persons=(*told.persons[:2], elsewhere))).take(sent_of(told)).mark(moment(9))
    assert groups_held(engine) == groups_held(never_there)
    back = know(engine, told.persons[2], offset=200).open_alerts()
    assert back == alone(References(persons=tuple(told.persons))).take(sent_of(told)).open_alerts()


def groups_held(engine: EngineRun) -> dict[str, tuple[set[str], int]]:
    pages = _household_stage(engine).pages
    engine.pipeline.save()
    found = {}
    for (name, _), store in engine.stores.items():
        for key, _ in store.items():
            page = pages.get(GroupPage, key) if name == "household" and key[:1] == b"g" else None
            if page is not None and (stays := {one.visit for one in page.stays.values() if one.counts}):
                found[page.group] = stays, page.size()
    return found


def test_when_persons_become_known_changes_nothing() -> None:
    told = busload(of_one_village(neighbours("", "")))
    before = alone(References(persons=tuple(told.persons))).take(sent_of(told)).mark(moment(9)).open_alerts()
    late = know(alone().take(sent_of(told)), *told.persons, offset=0).mark(moment(9)).open_alerts()
    assert late == before
    assert len(before) == 1


def test_of_a_town_only_who_come_from_one_part_of_it_came_together() -> None:
    others = [
        person_record(f"50010600000007{n:05d}", f"HT{n}", live_addr=f"幸福村{n % 60 + 1}组{n}号") for n in range(2_500)
    ]
    told = busload(of_one_village(neighbours("", "")))
    assert len(alone(References(persons=tuple(told.persons))).take(sent_of(told)).open_alerts()) == 1
    assert not alone(References(persons=(*told.persons, *others))).take(sent_of(told)).open_alerts()
    of_one_part = [person_record(one, f"HV{n}", live_addr=f"幸福村7组{n + 1}号") for n, one in enumerate(VILLAGERS[:8])]
    assert len(alone(References(persons=(*of_one_part, *others))).take(sent_of(told)).open_alerts()) == 1


# -- the page -------------------------------------------------------------------------------------------------------


def visit(
    number: int, begin: int, person: str = "", diagnosis: str = "I10.x00", offset: int = 1, void: bool = False
) -> GroupVisit:
    source = Reference("2402", f"H500106000012026030109000000{number:04d}", begin + 5 * DAY)
    stay = VisitSnapshot(
        f"MI5001060000000{number:05d}", "H50010600001", person or f"50010600000000{number:05d}", 0, offset, source, "stay",
        void, begin, begin + 5 * DAY, "21", diagnosis, "A03", 120_000, 80_000, 150_000, True, 0, (source, source, source),
    )  # fmt: skip
    return GroupVisit("village:1f3a0c5e7b9d", 1, True, None, Ties(*(f"{number:012d}",) * 4), stay)


def test_a_village_of_ten_thousand_stays_keeps_the_newest_whatever_their_order() -> None:
    arrived = [visit(number, number * DAY // 8) for number in range(3 * MOST_STAYS)]
    pages = []
    for seed in range(3):
        page = GroupPage(group="village:1f3a0c5e7b9d")
        for one in random.Random(seed).sample(arrived, len(arrived)):
            page.post_stay(one)
        pages.append(page)
        assert len(page.stays) == MOST_STAYS
        assert len(encode_page(page)) < 400 * MOST_STAYS
    assert (
        len(
            {
                encode_page(page.__class__(group="", stays=dict(sorted(page.stays.items())), past=page.past))
                for page in pages
            }
        )
        == 1
    )
    assert len({page.forgotten for page in pages}) == 1


def test_the_size_of_a_village_is_known_to_a_third_and_does_not_depend_on_the_order() -> None:
    facts = [GroupMember("village:x", f"P{number}", 1, True) for number in range(2_000)]
    sizes = set()
    for order in (facts, facts[::-1]):
        page = GroupPage(group="village:x")
        for fact in order:
            page.post_member(fact)
        sizes.add(page.size())
        assert len(page.counted) == MOST_COUNTED
    (size,) = sizes
    assert 1_400 <= size <= 2_700


def test_of_a_forgotten_stay_its_day_remains_and_company_is_remembered() -> None:
    page = GroupPage(group="village:1f3a0c5e7b9d")
    for one in (visit(1, moment(0)), visit(2, moment(20)), visit(3, moment(20))):
        page.post_stay(one)
    page.advance(moment(20) + 5 * DAY + STAYS_KEPT)
    assert {stay.visit[-1] for stay in page.stays.values()} == {"2", "3"}
    assert page.past == {"H50010600001": [moment(0) // DAY]}
    assert page.calendar() == {"H50010600001": [moment(0) // DAY, moment(20) // DAY]}


# -- chance ---------------------------------------------------------------------------------------------------------


def test_a_busload_does_not_make_itself_likely() -> None:
    """What counts is on how many days somebody came, not how many came on them."""
    monthly = {"H1": [0, 30, 60]}
    daily = {"H1": list(range(90))}
    assert History(monthly, 1_000).chance("H1", 90, 1).nats(7) > 20 > History(daily, 1_000).chance("H1", 90, 1).nats(7)


def test_without_history_the_size_of_the_group_says_what_is_likely() -> None:
    few, many = History({}, 50).chance("H1", 0, 1), History({}, 5_000).chance("H1", 0, 1)
    assert few.expected < many.expected
    assert few.nats(3) > many.nats(3) >= 0


# -- what is weighed ------------------------------------------------------------------------------------------------


def village(seed: int) -> GroupPage:
    """Three weeks of a village's stays, so many of few people that companies overlap, come again and are cut short."""
    chance = random.Random(seed)
    page = GroupPage(group="village:1")
    for number in range(chance.randint(10, 60)):
        begin = chance.randint(0, chance.choice((20, 500)) * 24) * HOUR
        end = None if chance.random() < 0.2 else begin + chance.randint(1, 9) * DAY
        person = chance.randint(1, 25)
        ties = Ties(f"HH{person // 2}", "", "", f"team:{person % 4}", "village:1")
        page.stays[f"V{number}"] = NeighbourStay(
            f"V{number}", number, 0, True, False, True, f"P{person}", chance.choice(("H1", "H2")), begin, end, begin,
            chance.choice(("I10", "M54", "A09", "J06")), chance.choice(("01", "02")), chance.choice((0, 1000, 1020)), 2,
            ties, (), 0,
        )  # fmt: skip
    return page


@pytest.mark.parametrize("within_days", [30, 365])
def test_what_is_told_is_what_is_told_when_everything_is_weighed(within_days: int) -> None:
    rule = NeighboursTogether(weak_limit=1.5, within_days=within_days)
    near = Nearness(rule.admission_days, rule.discharge_days, rule.report_hours * HOUR)
    everything = Telling(2, -inf, -1)
    told, left_out = 0, 0
    for seed in range(150):
        page = village(seed)
        for stays in judged_stays(page).values():
            runs = runs_of(stays, near)
            least = Telling(rule.parties_once, rule.weak_limit, rule.within_days * DAY)
            for now in (10 * DAY, 600 * DAY):
                all_found = companies(Group(page, rule.crowd), runs, near, everything, now)
                found = companies(Group(page, rule.crowd), runs, near, least, now)
                assert rule.told_of(page, found) == rule.told_of(page, all_found), seed
                told += bool(rule.told_of(page, found)[0])
                left_out += len(all_found) - len(found)
    assert told > 50
    assert left_out > 50


def test_the_newest_company_counts_for_the_time_looked_at_though_nothing_is_told_of_it() -> None:
    """Three came in January, two on the last day of the next year: January lies more than a year before."""
    page = GroupPage(group="village:1")
    for number, day in enumerate((0, 0, 0, 400, 400)):
        page.stays[f"V{number}"] = NeighbourStay(
            f"V{number}", number, 0, True, False, True, f"P{number}", "H1", day * DAY, (day + 4) * DAY, day * DAY, "I10", "01",
            1000, 2, Ties(f"HH{number}", village="village:1"), (), 0,
        )  # fmt: skip
    rule = NeighboursTogether()
    view = View(500 * DAY, KnownReferences())
    assert rule.ask(page, "H1", view) is None
    del page.stays["V3"]
    assert rule.ask(page, "H1", view) is not None


# -- a town ---------------------------------------------------------------------------------------------------------


def town() -> GroupPage:
    """Of some 4,000 people: the 48th least digest of them is at about a ninetieth of all digests."""
    return GroupPage(group="village:1", counted={number * 1_050_000: Counted(0, True) for number in range(1, 49)})


def come(
    page: GroupPage, team: str, count: int, *, day: int = 30, diagnoses: Sequence[str] = ("I10",), hours: int = 0
) -> None:
    """So many of a part of it, each of a household, so many hours apart from 9:00 on, for five days; with these in turn."""
    for number in range(count):
        name, begin = f"{team}-{day}-{number}", day * DAY + (9 + hours * number) * HOUR
        diagnosis = diagnoses[number % len(diagnoses)]
        page.stays[name] = NeighbourStay(
            name, 1, 0, True, False, True, name, "H1", begin, begin + 5 * DAY, begin, diagnosis, "01", 1000 + 100 * number,
            0, Ties(f"HH{name}", team=team, village="village:1"), (), 0,
        )  # fmt: skip


def said_of(page: GroupPage) -> set[str]:
    found = NeighboursTogether().ask_all(page, View(60 * DAY, KnownReferences()))
    return {name for name, finding in found.items() if finding is not None}


def test_each_part_of_a_town_has_an_alert_of_its_own() -> None:
    page = town()
    come(page, "A", 4)
    come(page, "B", 3, day=50)
    assert 3_000 < page.size() < 5_000
    assert said_of(page) == {"H1|A", "H1|B"}


def test_four_of_a_part_of_a_town_say_nothing_on_a_day_on_which_all_of_it_came() -> None:
    page = town()
    come(page, "A", 4, diagnoses=("I10", "M54", "K29", "E11"), hours=3)
    assert said_of(page) == {"H1|A"}
    for number in range(30):
        come(page, f"other {number}", 1)
    assert said_of(page) == set()


def test_colds_elsewhere_in_a_town_make_no_outbreak_of_those_of_one_morning() -> None:
    page = town()
    come(page, "A", 5, diagnoses=("J06",))
    for number in range(4):
        come(page, f"other {number}", 1, day=27, diagnoses=("J06",))
    assert said_of(page) == {"H1|A"}
    come(page, "A", 2, day=27, diagnoses=("J06",))
    assert said_of(page) == set()


def test_a_snapshot_that_says_nothing_new_of_a_stay_asks_no_question() -> None:
    told = busload(tied(neighbours("", ""), 3, tel="13900001234"), members=range(3))
    engine = alone(References(persons=tuple(told.persons))).take(sent_of(told))
    before, asked = engine.newest(), _asked(engine)
    listed = told.gateway.settlement_list(moment(6), VILLAGERS[0], "MB0-0", "SL1")
    assert _asked(engine.take([listed])) == asked
    changed = told.gateway.change(
        moment(6, 1), VILLAGERS[0], "MB0-0", begin=moment(0, 9), diagnosis="M54.500", department="A04", bed="1"
    )
    assert _asked(engine.take([changed])) > asked
    assert engine.newest() != before


def _asked(engine: EngineRun) -> int:
    return _household_stage(engine).examiner.questions["neighbours_together"]


def _household_stage(engine: EngineRun) -> Stage:
    [found] = [stage for stage in engine.pipeline.stages if stage.name == "household"]
    return found
