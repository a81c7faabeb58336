"""What must every rule hold, whatever it asks? One function a property; each is proven on a broken rule.

A check takes a `Subject`, a rule with its golden stories, raises `AssertionError` where the property is broken, and
returns how many cases it looked at: a check that saw none has shown nothing, and `tests.test_contract` fails it.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from typing import Any, NamedTuple, get_args, get_origin, get_type_hints

import msgspec

from detectors.books.institution import InstitutionPage
from detectors.books.item_among_peers import SoldPage
from detectors.books.member import MemberPage
from detectors.books.visit import VisitPage
from detectors.engine.page import Page, decode_page, encode_page
from detectors.engine.rule import Finding, References, Rule, View
from schemas.alerts import RuleClass
from schemas.china_time import DAY, HOUR, format_time, parse_time, to_unix
from tests.engine_run import EngineRun, time_of
from tests.engine_run import References as Records
from tests.wire_messages import Gateway


class Story(NamedTuple):
    """A golden case: what is known, what was sent (the last is a mark), and whether the rule must be silent."""

    name: str
    records: Records
    sent: tuple[bytes, ...]


class Subject(NamedTuple):
    """A rule under test. A rule of its own for every run: what it kept from one would not survive a restart."""

    new: Callable[[], Rule[Any]]
    hits: tuple[Story, ...]
    quiet: tuple[Story, ...]

    @property
    def stories(self) -> tuple[Story, ...]:
        """All of them."""
        return self.hits + self.quiet


class Scene(NamedTuple):
    """A question as the engine put it: the page and its neighbour as they were, and the time."""

    page: Page
    view: View


def run(subject: Subject, story: Story, sent: Iterable[bytes] | None = None, **options: Any) -> EngineRun:
    """The story with that rule alone."""
    engine = EngineRun(
        options.pop("records", story.records), rules=[options.pop("rule", None) or subject.new()], **options
    )
    return engine.take(story.sent if sent is None else sent, batch=1)


def scenes(subject: Subject, story: Story) -> list[Scene]:
    """Every question that the story brings up, copied so that nothing that is done to one reaches the engine or another check."""
    return [Scene(copied(page), seen(view)) for page, view in _scenes(subject.new, story)]


@lru_cache(maxsize=40)  # half of the checks ask for the same ones; as many as one rule has stories
def _scenes(new: Callable[[], Rule[Any]], story: Story) -> list[Scene]:
    found: list[Scene] = []
    kind: Any = type(new())

    class Watched(kind, frozen=True, kw_only=True):  # type: ignore[misc,call-arg]  # whatever kind it is
        def silence(self, page: Page, view: View) -> str | None:
            if self.concerns(page):
                found.append(Scene(copied(page), seen(view)))
            why: str | None = super().silence(page, view)
            return why

    EngineRun(story.records, rules=[Watched()]).take(story.sent, batch=1)
    return found


def copied(page: Page) -> Page:
    return decode_page(type(page), encode_page(page))


def seen(view: View, now: int | None = None) -> View:
    neighbour = view.neighbour
    at = view.now if now is None else now
    return View(at, view.references, copied(neighbour) if isinstance(neighbour, InstitutionPage) else neighbour)


def answers(rule: Rule[Any], scene: Scene, now: int | None = None) -> dict[str, Finding | None]:
    """What the rule says of every anchor of the page."""
    view = seen(scene.view, now)
    if rule.silence(scene.page, view) is not None:
        return {}
    return {anchor: rule.ask(scene.page, anchor, view) for anchor in rule.anchors(scene.page)}


def findings(subject: Subject) -> Iterator[Finding]:
    """All that the rule finds in its stories."""
    for story in subject.stories:
        for scene in scenes(subject, story):
            yield from (finding for finding in answers(subject.new(), scene).values() if finding is not None)


# -- the question ---------------------------------------------------------------------------------------------------


def check_asking_twice_gives_the_same_answer(subject: Subject) -> int:
    """Depends on page, parameters and time alone: no memory, no clock, no chance."""
    rule, cases = subject.new(), 0
    for story in subject.stories:
        for scene in scenes(subject, story):
            first = answers(rule, scene)
            assert answers(rule, scene) == first
            assert answers(subject.new(), scene) == first
            cases += 1
    return cases


def check_asking_changes_no_page(subject: Subject) -> int:
    """A page that a question changes is one that depends on how often it was asked."""
    rule, cases = subject.new(), 0
    for story in subject.stories:
        for page, view in scenes(subject, story):
            before = encode_page(page), view.neighbour and encode_page(view.neighbour)
            if rule.silence(page, view) is None:
                for anchor in list(rule.anchors(page)):
                    rule.ask(page, anchor, view)
                    rule.wake(page, anchor, view)
            assert (encode_page(page), view.neighbour and encode_page(view.neighbour)) == before
            cases += 1
    return cases


MOST_SCENES = 60


def check_wakes_before_its_answer_changes(subject: Subject, most: int = MOST_SCENES) -> int:
    """With no new fact the answer stays until the wake-up: or it would depend on who else happened to send something. Of every
    story a third of its scenes, ``most`` of a long one, spread over it."""
    rule, cases = subject.new(), 0
    for story in subject.stories:
        all_scenes = scenes(subject, story)
        for scene in all_scenes[:: max(3, len(all_scenes) // most)]:
            page, view = scene
            if rule.silence(page, view) is not None:
                continue
            said = answers(rule, scene)
            due = min((at for anchor in said if (at := rule.wake(page, anchor, view)) is not None), default=None)
            until = view.now + 12 * DAY if due is None else min(due, view.now + 40 * DAY)
            midnights = range((view.now // DAY + 1) * DAY, until, DAY)
            for now in {*midnights, *range(view.now + 1, until, 7 * HOUR + 13), until - 1}:
                if view.now < now < until:
                    assert answers(rule, scene, now) == said, f"{format_time(view.now)} and {format_time(now)}"
                    cases += 1
    return cases


def check_sees_at_one_look_what_it_answers_one_by_one(subject: Subject) -> int:
    """`see`, `ask_all` and `wake_all` are for speed alone."""
    rule, cases = subject.new(), 0
    for story in subject.stories:
        for page, view in scenes(subject, story):
            if rule.silence(page, view) is not None:
                continue
            found, due = rule.see(page, view)
            assert all(rule.ask(page, anchor, view) == finding for anchor, finding in found.items())
            assert all(rule.ask(page, anchor, view) is None for anchor in rule.anchors(page) if anchor not in found)
            wakes = [at for anchor in found if (at := rule.wake(page, anchor, view)) is not None]
            assert due == rule.wake_all(page, found, view) == min(wakes, default=None)
            cases += 1
    return cases


def check_knows_nothing_of_a_strange_anchor(subject: Subject) -> int:
    """What stood may be gone from the page: the answer is None, never an error."""
    rule, cases = subject.new(), 0
    for story in subject.hits:
        for page, view in scenes(subject, story):
            if (
                rule.silence(page, view) is None
                and "nobody" not in list(rule.anchors(page))
                and "" not in rule.anchors(page)
            ):
                assert rule.ask(page, "nobody", view) is None
            cases += 1
    return cases


def check_silence_is_one_word(subject: Subject) -> int:
    """It becomes a metric's label."""
    rule, cases = subject.new(), 0
    for story in subject.stories:
        for page, view in scenes(subject, story):
            why = rule.silence(page, view)
            assert why is None or re.fullmatch(r"[a-z_]{3,30}", why), why
            cases += 1
    return cases


# -- the answer -----------------------------------------------------------------------------------------------------


def check_scores_are_finite(subject: Subject) -> int:
    """Between 0 and 1, and so are all numbers finite."""
    cases = 0
    for finding in findings(subject):
        numbers = [
            finding.score,
            *(n for one in finding.measures for n in (one.value, one.limit, one.expected) if n is not None),
        ]
        assert all(math.isfinite(number) for number in numbers), numbers
        assert 0.0 <= finding.score <= 1.0
        assert finding.fund_at_risk >= 0
        cases += 1
    return cases


def check_findings_explain_themselves(subject: Subject) -> int:
    """Measured values with the limits that they crossed, evidence, period, whom it is about, and both languages."""
    cases = 0
    for finding in findings(subject):
        assert any(one.limit is not None and one.value >= one.limit for one in finding.measures), finding.measures
        assert all(one.name and one.unit for one in finding.measures)
        assert finding.evidence or finding.series
        assert finding.visits or finding.item or finding.persons or finding.institution
        assert finding.end is None or finding.begin <= finding.end
        assert re.search("[一-鿿]{4}", finding.text.zh), finding.text.zh
        assert re.search("[A-Za-z ]{12}", finding.text.en), finding.text.en
        cases += 1
    return cases


def check_has_identity_and_words(subject: Subject) -> int:
    """What `rules list`, the docs and an alert say of it."""
    rule = subject.new()
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", rule.rule_id)
    assert rule.version >= 1
    assert rule.rule_class in get_args(RuleClass)
    for words in (rule.title, rule.question, rule.blind_spots):
        assert re.search("[一-鿿]{2}", words.zh), words
        assert re.search("[A-Za-z]{3}", words.en), words
    assert re.search("[一-鿿]{2}", rule.notice)
    assert rule.basis
    assert all("《" in basis for basis in rule.basis)
    assert rule.source
    return 1


# -- parameters -----------------------------------------------------------------------------------------------------


class Parameter(NamedTuple):
    """A field of a rule, with its bounds."""

    name: str
    kind: type
    least: float
    most: float


def parameters(rule: type[Rule[Any]]) -> list[Parameter]:
    """Every parameter; one without bounds, unit, words or source is an `AssertionError`."""
    hints = get_type_hints(rule, include_extras=True)
    found = []
    for name in rule.__struct_fields__:
        kind, *metas = get_args(hints[name]) or (hints[name],)
        if kind is bool:
            found.append(Parameter(name, bool, 0, 1))
            continue
        assert metas, f"{name} has no bounds"
        meta = metas[0]
        if get_origin(kind) is tuple:  # a list of codes has words, and no bounds to be tried
            assert {"unit", "zh", "en", "source"} <= {key for key, value in meta.extra.items() if value}, name
            continue
        assert meta.ge is not None, name
        assert meta.le is not None, name
        assert {"unit", "zh", "en", "source"} <= {key for key, value in meta.extra.items() if value}, name
        found.append(Parameter(name, kind, meta.ge, meta.le))
    return found


def check_parameters_work_to_their_bounds(subject: Subject) -> int:
    """Each at its least and at its most (a boolean both ways) is taken and judges without an error; beyond it is refused."""
    kind, cases = type(subject.new()), 0
    for name, hint, least, most in parameters(kind):
        for value in (least, most):
            rule = msgspec.convert({name: hint(value)}, kind)
            for story in (_shortest(subject.hits), _shortest(subject.quiet)):
                engine = run(subject, story, rule=rule)
                assert not engine.dead_letters
                cases += 1
        if hint is not bool:
            for value in (least - 1, most + 1):
                assert _is_refused({name: hint(value)}, kind), f"{name} takes {value}"
    return cases


def _shortest(stories: Sequence[Story]) -> Story:
    return min(stories, key=lambda story: len(story.sent))


def _is_refused(stated: dict[str, Any], kind: type[Rule[Any]]) -> bool:
    try:
        msgspec.convert(stated, kind)
    except msgspec.ValidationError:
        return True
    return False


# -- whole stories --------------------------------------------------------------------------------------------------


def check_finds_its_cases_and_no_others(subject: Subject) -> int:
    """Fires on every golden hit, is quiet on every near miss."""
    for story in subject.hits:
        assert run(subject, story).open_alerts(), f"{story.name} is not found"
    for story in subject.quiet:
        assert not run(subject, story).open_alerts(), f"{story.name} is found"
    return len(subject.hits) * len(subject.quiet)


MOST_FIRST = 15


def check_a_first_message_raises_nothing(subject: Subject, most: int = MOST_FIRST) -> int:
    """Cold start: without any history there is nothing to be judged by, and nothing to fail on. Of a long story's messages every
    call is a first one, and `MOST_FIRST` spread over it. A register's date of death is history, and left out."""
    cases = 0
    for told in subject.stories:
        story = told._replace(records=_of_the_living(told.records))
        *sent, mark = story.sent
        calls = {json.loads(message).get("infno"): message for message in reversed(sent)}
        for message in {*calls.values(), *sent[:: len(sent) // most + 1]}:
            assert not run(subject, story, [message, mark]).open_alerts()
            cases += 1
    return cases


def _of_the_living(records: Records) -> Records:
    known = [json.loads(record) for record in records.persons]
    living = [{name: value for name, value in person.items() if name != "die_date"} for person in known]
    return records._replace(persons=tuple(json.dumps(person).encode() for person in living))


def check_works_without_references(subject: Subject) -> int:
    """Reference data may be missing: then it is silent or does without, and does not fail."""
    for story in subject.stories:
        run(subject, story, records=Records())
    return len(subject.stories)


MOST_CUTS, FEWEST_CUTS, MOST_RESTORED = 16, 4, 2_000


def check_goes_on_alike_from_every_cut(subject: Subject, fewest: int = FEWEST_CUTS) -> int:
    """Saved and restored anywhere, every revision is the same; in a long story at `MOST_CUTS` places spread over it, in a very
    long one at ``fewest`` or as many as make runs of some `MOST_RESTORED` messages.

    One run is saved at every cut and goes on itself, so a page that changed since it was saved last is seen to be saved again.
    """
    cases = 0
    for story in subject.hits:
        whole = _revisions(run(subject, story))
        engine, taken = EngineRun(story.records, rules=[subject.new()]), 0
        records = [engine.record(message) for message in story.sent]
        cuts = min(MOST_CUTS, max(fewest, 2 * MOST_RESTORED // len(records)))
        for cut in range(0, len(records), len(records) // cuts + 1):
            engine.take_records(records[taken:cut], batch=1).pipeline.save()
            taken = cut
            restored = EngineRun(story.records, rules=[subject.new()], stores=engine.stores_as_saved())
            restored.take_records(records[cut:], batch=1)
            assert _revisions(engine) + _revisions(restored) == whole, f"cut after {cut}"
            cases += 1
        assert _revisions(engine.take_records(records[taken:], batch=1)) == whole, "it was saved on the way"
    return cases


def _revisions(engine: EngineRun) -> list[tuple[Any, ...]]:
    return [
        (alert.alert_id, alert.revision, alert.status, alert.raised_at, alert.revised_at, alert.score, alert.measures)
        for alert in engine.published
    ]


def check_a_message_twice_changes_nothing(subject: Subject) -> int:
    """At once, and once more when all is over."""
    for story in subject.stories:
        expected = run(subject, story).open_alerts()
        *sent, mark = story.sent
        assert run(subject, story, [*(one for one in sent for _ in range(2)), mark]).open_alerts() == expected
        assert run(subject, story, [*sent, *sent, mark]).open_alerts() == expected
    return len(subject.stories)


def check_does_not_care_who_else_sends(subject: Subject) -> int:
    """Another institution's messages between its own, some minutes ahead of them, move time and nothing else."""
    cases = 0
    other = Gateway("H50010699999")
    for story in subject.hits:
        expected = run(subject, story).open_alerts()
        *sent, mark = story.sent
        mixed = []
        for number, message in enumerate(sent):
            at = time_of(message)
            stranger = other.admission(
                at + 600, f"stranger {number}", f"other {number}", diagnosis="S82.200"
            )  # no surge
            mixed += [stranger, message]
        assert run(subject, story, [*mixed, mark]).open_alerts() == expected
        cases += 1
    return cases


def check_nothing_stands_of_what_was_taken_back(subject: Subject) -> int:
    """All admissions of a story are cancelled, all other settlements refunded, or reversed where they had been, stock reports
    deleted: every alert is retracted, whatever it was about."""
    cases = 0
    for story in subject.hits:
        gateway, told = Gateway(), story.sent[:-1]
        gateway.sent = 5000
        over = parse_time(json.loads(story.sent[-1])["mark"])
        back = []
        refunded = {
            call["input"]["data"]["setl_id"] for call in map(json.loads, told) if call["infno"] in ("2103", "2208")
        }
        for message in told:
            call = json.loads(message)
            gateway.institution = call["fixmedins_code"]
            at = over + 60
            if call["infno"] == "2401":
                visit = call["output"]["result"]["mdtrt_id"]
                back.append(gateway.cancel_admission(at, call["input"]["mdtrtinfo"]["psn_no"], visit))
            elif call["infno"] in ("2102", "2207"):
                settled = call["output"]["setlinfo"]
                if settled["setl_id"] in refunded:  # that it was refunded is what the alert may be about
                    back.append(gateway.reversal(at, "", message))
                else:
                    refund = gateway.refund_purchase if call["infno"] == "2102" else gateway.refund_visit
                    back.append(refund(at, "", settled["mdtrt_id"], settled["setl_id"]))
            elif call["infno"] in ("3503", "3505"):
                [moved] = call["input"].values()
                stated = {
                    "fixmedins_bchno": moved["fixmedins_bchno"],
                    "inv_data_type": "3" if call["infno"] == "3503" else "4",
                }
                back.append(gateway.call("3507", at, {"data": stated}))
        engine = run(subject, story, [*story.sent, *back])
        assert not engine.open_alerts(), story.name
        assert any(alert.status == "retracted" for alert in engine.newest().values())
        cases += 1
    return cases


EXTREMES = (0.0, -0.0, 1e-4, 1e12)


def check_names_the_transaction_by_which_it_speaks(subject: Subject) -> int:
    """Whatever topic a stage reads, and whatever woke it: ``source`` is a record of `fund.transactions` (wire.md)."""
    looked_at = 0
    for story in subject.hits:
        engine = EngineRun(story.records, rules=[subject.new()])
        records = [engine.record(message, FAR_ON + place) for place, message in enumerate(story.sent)]
        sent = {record.offset: json.loads(record.value).get("msgid", "") for record in records}
        engine.take_records(records, batch=5)
        for alert in engine.published:
            assert alert.source.offset in sent, f"{alert.source} is no transaction"
            if alert.source.msgid:
                assert sent[alert.source.offset] == alert.source.msgid
            looked_at += 1
    assert looked_at, "of what says nothing nobody knows by what it would speak"
    return looked_at


def check_takes_any_finite_quantity(subject: Subject) -> int:
    """Nought, a ten-thousandth and a million million packs: no error, no infinity, nothing not a number."""
    cases = 0
    for story in subject.hits:
        for quantity in EXTREMES:
            sent = [_with_quantity(message, quantity) for message in story.sent]
            for alert in run(subject, story, sent).published:
                numbers = [alert.score, *(measure.value for measure in alert.measures)]
                assert all(math.isfinite(number) for number in numbers)
                assert 0 <= alert.score <= 1
            cases += 1
    return cases


def _with_quantity(message: bytes, quantity: float) -> bytes:
    call = json.loads(message)
    for node in ("feedetail", "drugdetail"):
        for line in call.get("input", {}).get(node, ()):
            line["cnt"], line["det_item_fee_sumamt"] = quantity, quantity
    for row in call.get("output", {}).get("result", ()) if call.get("infno") == "2301" else ():
        row["inscp_scp_amt"] = quantity
    return json.dumps(call).encode()


# -- size -----------------------------------------------------------------------------------------------------------

PER_LINE, PER_MESSAGE, FIRST = (
    170,
    100,
    1500,
)  # bytes of a visit's page: corrections name lines and messages, so it holds them


FAR_ON = 10_000  # an offset that no internal topic of a short story comes to
ROUNDS, FACTS = 300, 4_000  # after which a page is full that keeps things by number; fewer where a story is long …
HORIZON = 1_000  # … days after which one is that keeps them by days: a person's stays are kept for 800
# … and such as keep six months; or fourteen, of which seven are held against the same month of the year before.
MONTHS = {MemberPage: 640, SoldPage: 220}
LOOKS = 12  # at a page, all along the way: what is kept by half of a year is largest at its end
LATER = to_unix(parse_time("2100-01-01")) * 1000  # of every record: no message of so many rounds is ahead of it


def check_its_page_stays_small(subject: Subject, facts: int = FACTS) -> int:
    """After half as many facts again about one key (three times as many in a soak) no larger than when it was first full; a
    visit's by lines and messages. The slack of a tenth is the digits of larger numbers.
    """
    engine, sizes = EngineRun(subject.hits[0].records, rules=[subject.new()]), []
    kind, sent = subject.new().page, subject.hits[0].sent[:-1]
    days = _days_of(sent)
    until_2099 = (parse_time("2099-01-01") - time_of(sent[0])) // DAY // days
    full = min(
        ROUNDS, facts // len(sent) + 1, (HORIZON if facts == FACTS else 3 * HORIZON) // days + 1, until_2099 // 3
    )
    if kind in MONTHS:
        full = MONTHS[kind] // days + 1
    told = 0
    phases = [(0, LOOKS), (full, LOOKS // 2)] if facts == FACTS else [(full * phase, LOOKS) for phase in range(3)]
    for begin, looks in phases:
        largest = 0
        for look in range(1, looks + 1):
            until = begin + look * full // LOOKS
            records = [engine.record(message) for message in _many(subject, told, until)]
            engine.take_records([msgspec.structs.replace(one, timestamp_ms=LATER) for one in records], batch=50)
            engine.pipeline.save()
            told = until
            largest = max([largest, *map(len, _saved_pages(subject, engine))])
        assert largest, "there was no page of the kind that the rule asks"
        sizes.append(largest)
    parked = len(engine.dead_letters)
    assert parked == 0, f"{parked} records were parked, and no page grows by these"
    if kind is not VisitPage:
        assert max(sizes[1:]) <= 1.1 * sizes[0], sizes
    return len(sizes)


def _saved_pages(subject: Subject, engine: EngineRun) -> list[bytes]:
    """All of the kind that the rule asks; a visit's are no larger than what they hold."""
    kind = subject.new().page
    pages = [page for store in engine.stores.values() for key, page in store.items() if key[:1] == kind.prefix]
    for saved in pages if kind is VisitPage else ():
        page = decode_page(VisitPage, saved)
        assert len(saved) <= FIRST + PER_LINE * len(page.lines) + PER_MESSAGE * len(page.messages), len(saved)
    return pages


def _many(subject: Subject, begin: int, end: int) -> Iterator[bytes]:
    """A hit told again and again, each time later and with ids of its own, from one round to another; the keys stay."""
    *sent, mark = subject.hits[0].sent
    assert b'"mark"' in mark
    length = _days_of(sent)
    for number in range(begin, end):
        for message in sent:
            yield _later(message, number * length * DAY, f"-{number}")


def _days_of(sent: Sequence[bytes]) -> int:
    return (max(map(time_of, sent)) - time_of(sent[0])) // DAY + 2


_TIME = re.compile(rb"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_IDS = re.compile(rb'("(?:mdtrt_id|setl_id|msgid|omsgid)": ")([^"]+)')


def _later(message: bytes, seconds: int, suffix: str) -> bytes:
    moved = _TIME.sub(lambda found: format_time(parse_time(found[0].decode()) + seconds).encode(), message)
    return _IDS.sub(lambda found: found[1] + found[2] + suffix.encode(), moved)


CHECKS: tuple[Callable[[Subject], int], ...] = tuple(
    function for name, function in sorted(globals().items()) if name.startswith("check_")
)

__all__ = ["CHECKS", "References", "Story", "Subject"]
