"""Would anything but the pattern itself give a scheme away? Its messages are held against ordinary ones, field by field."""

from __future__ import annotations

import copy
import itertools
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import cached_property

import pytest

from simulation.schemes import available
from tests.scheme_messages import Listener, Message, listened, parted

DAYS, PERSONS, SEED = 64, 14_000, 9
NEEDS_A_LONG_PERIOD = {"frequent_admission"}
CLOSED = 60  # a field with so few values among ordinary messages is a code
TIMES = ("inf_time", "fee_ocur_time", "begntime", "endtime", "setl_time")
BINS = 6
MINUTE, SECOND = slice(14, 16), slice(17, 19)  # of a time as it is written
PLACES = ("fixmedins_code", "fixmedins_name")  # where somebody is, is no code
BEDS = ("adm_bed", "dscg_bed")  # extra beds have other names; that they are needed is a pattern
LEAST = 30  # values: of fewer nothing can be said
UNLIKELY = 30.0  # chi-squared of BINS − 1 = 5 degrees of freedom: once in 70,000


class Seen:
    """Messages, and what stands in them, looked through once."""

    def __init__(self, messages: list[Message]) -> None:
        self.messages = messages

    @cached_property
    def values(self) -> dict[str, Counter[object]]:
        """How often each value stands in each field of each kind of call, and of the envelope, which all have alike."""
        found: dict[str, Counter[object]] = defaultdict(Counter)
        for message in self.messages:
            for name, node in message.items():
                for path, value in leaves(node, f"{message['infno']}.{name}" if name in ("input", "output") else name):
                    found[path][value] += 1
        return found

    @cached_property
    def names(self) -> dict[str, Counter[object]]:
        """The same by the field's own name, wherever it stands."""
        found: dict[str, Counter[object]] = defaultdict(Counter)
        for path, counted in self.values.items():
            found[path.rsplit(".", 1)[-1]].update(counted)
        return found

    @cached_property
    def items(self) -> set[object]:
        """All that is charged."""
        return set(self.names["med_list_codg"])

    @cached_property
    def shapes(self) -> dict[str, set[str]]:
        """The forms of each field's values."""
        return {path: {shape(value) for value in counted} for path, counted in self.names.items()}

    @cached_property
    def prices(self) -> dict[tuple[str, str], float]:
        """What a place takes for an item."""
        return {(code, item): price for code, item, price, _, _ in lines(self.messages)}

    @cached_property
    def clocks(self) -> dict[tuple[str, str], Counter[int]]:
        """Tens of minutes and of seconds of each field that is a time."""
        return {
            (name, part): _spread(self, name, place)
            for name in TIMES
            for part, place in (("minute", MINUTE), ("second", SECOND))
        }

    @cached_property
    def sums(self) -> list[int]:
        """Totals of settlements in fen, each once for a place: what is charged again and again is a pattern, not a tell."""
        settled = {
            (m["fixmedins_code"], round(100 * m["output"]["setlinfo"]["medfee_sumamt"]))
            for m in self.messages
            if "setlinfo" in m["output"]
        }
        return [fen for _, fen in settled]


Parts = tuple[dict[str, Seen], Seen]


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Parts:
    folder = tmp_path_factory.mktemp("tells")
    listener: Listener = listened(folder, DAYS, PERSONS, SEED)
    ours, theirs = parted(folder, listener)
    return {pattern: Seen(many) for pattern, many in ours.items()}, Seen(theirs)


def leaves(node: object, path: str) -> Iterator[tuple[str, object]]:
    """Every value with its path, lists without their places."""
    if isinstance(node, dict):
        for name, value in node.items():
            yield from leaves(value, f"{path}.{name}")
    elif isinstance(node, list):
        for value in node:
            yield from leaves(value, path)
    else:
        yield path, node


# -- the checks: each says what is odd about the first messages beside the second ---------------------------------------


def unknown_fields(ours: Seen, theirs: Seen) -> list[str]:
    """Fields that no ordinary call of the kind has."""
    return sorted(set(ours.values) - set(theirs.values))


def unknown_codes(ours: Seen, theirs: Seen) -> list[str]:
    """Values that no ordinary call has in a field with few values; and items that nobody else is charged."""
    odd = [f"item {value}" for value in ours.items if value not in theirs.items]
    for name, counted in ours.names.items():
        usual = theirs.names.get(name, Counter())
        if name not in PLACES and len(usual) <= CLOSED and usual.total() > 20 * len(usual):
            odd += [f"{name}={value}" for value in counted if value not in usual and not _is_money(value)]
    return odd


def odd_shapes(ours: Seen, theirs: Seen) -> list[str]:
    """Texts, their digits and letters apart, of a form that no ordinary call has in the field."""
    return [
        f"{name}={value}"
        for name, counted in ours.names.items()
        if name not in BEDS
        for value in counted
        if shape(value) not in theirs.shapes.get(name, set()) and not _is_money(value)
    ]


def odd_clocks(ours: Seen, theirs: Seen) -> list[str]:
    """Times whose seconds, or minutes, are spread otherwise than those of ordinary calls."""
    found = {
        clock: chi_squared(counts, theirs.clocks[clock])
        for clock, counts in ours.clocks.items()
        if counts.total() >= LEAST
    }
    return [
        f"{clock}: {far:.0f} {sorted(ours.clocks[clock].items())}" for clock, far in found.items() if far > UNLIKELY
    ]


def odd_prices(ours: Seen, theirs: Seen) -> list[str]:
    """Lines at a price at which the place does not sell the item to others, or whose amount is not price times pieces."""
    return [
        f"{code} {item}: {price}"
        for code, item, price, pieces, amount in lines(ours.messages)
        if abs(amount - price * pieces) > 0.006 or abs(theirs.prices.get((code, item), price) - price) > 1e-9
    ]


def odd_endings(ours: Seen, theirs: Seen) -> list[str]:
    """More round sums, or fewer, than ordinary settlements have: whole yuan, tens of fen."""
    odd = []
    for size in (100, 10):
        rounded, usual = (sum(fen % size == 0 for fen in seen.sums) for seen in (ours, theirs))
        share, count = usual / len(theirs.sums), len(ours.sums)
        spread = (max(share * (1 - share), 0.002) * count) ** 0.5
        if count >= LEAST and abs(rounded - share * count) > 5 * spread + 1:
            odd.append(f"{rounded} of {count} sums end in {size} fen, {share * count:.1f} are usual")
    return odd


Check = Callable[[Seen, Seen], list[str]]
CHECKS: tuple[Check, ...] = (unknown_fields, unknown_codes, odd_shapes, odd_clocks, odd_prices, odd_endings)


def chi_squared(ours: Counter[int], theirs: Counter[int]) -> float:
    """Of the first counts, with shares as the second have them."""
    expected = [ours.total() * (theirs[k] + 1) / (theirs.total() + BINS) for k in range(BINS)]
    return sum((ours[k] - usual) ** 2 / usual for k, usual in enumerate(expected))


def _spread(seen: Seen, name: str, place: slice) -> Counter[int]:
    """Tens of the part of all different times; of minutes, those of one hour and place count once (a burst is a pattern)."""
    times = {
        (message["fixmedins_code"] if place == MINUTE else "", value)
        for message in seen.messages
        if message["infno"] not in ("2301", "2402", "2403", "4101")  # night jobs have a minute, the others repeat
        for path, value in leaves(message, "")
        if path.endswith(f".{name}") and isinstance(value, str) and len(value) == 19
    }
    if place == MINUTE:
        return Counter(int(tens) for _, tens in {(code + value[:13], value[14]) for code, value in times})
    return Counter(int(value[place]) // 10 for _, value in times)


def shape(value: object) -> str:
    """The form of a text, the type of anything else."""
    if not isinstance(value, str):
        return type(value).__name__
    return re.sub(r"[^ -~]+", "字", re.sub(r"[A-Z]", "A", re.sub(r"\d+", "9", value)))


def _is_money(value: object) -> bool:
    return isinstance(value, float) or (isinstance(value, str) and bool(re.fullmatch(r"-?\d+\.\d+", value)))


def lines(messages: Iterable[Message]) -> Iterator[tuple[str, str, float, float, float]]:
    """Place, item, price, pieces and amount of every line."""
    for message in messages:
        for line in message["input"].get("feedetail", []) + message["input"].get("drugdetail", []):
            price, pieces, amount = (float(line[name]) for name in ("pric", "cnt", "det_item_fee_sumamt"))
            yield message["fixmedins_code"], line["med_list_codg"], price, pieces, amount


# -- the schemes pass them ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pattern", sorted(set(available()) - NEEDS_A_LONG_PERIOD))
@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_no_scheme_has_a_field_a_code_a_clock_or_a_sum_of_its_own(check: Check, pattern: str, parts: Parts) -> None:
    ours, theirs = parts
    assert len(ours[pattern].messages) >= 10, "nothing would be checked"
    assert not check(ours[pattern], theirs)


def test_every_institution_counts_its_calls_without_a_gap(parts: Parts) -> None:
    messages = [m for many in parts[0].values() for m in many.messages] + parts[1].messages
    calls: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for msgid in {m["msgid"] for m in messages}:
        calls[msgid[:12]].append((msgid[12:26], int(msgid[26:])))
    for numbers in calls.values():
        in_order = [number for _, number in sorted(numbers)]
        steps = [(after - before) % 9_999 for before, after in itertools.pairwise(in_order)]
        # Calls of one second may be sorted the wrong way round; over all there is one number for each.
        assert sum(step == 1 for step in steps) >= 0.97 * len(steps)


def test_schemes_are_not_numbered_apart(parts: Parts) -> None:
    ours, theirs = parts
    firsts = [_first_number(theirs)] + [_first_number(many) for many in ours.values()]
    assert min(firsts) == firsts[0], "a scheme was numbered before ordinary life began"


def _first_number(seen: Seen) -> str:
    return min(str(m["output"]["setlinfo"]["setl_id"]) for m in seen.messages if "setlinfo" in m["output"])


# -- the checks catch what they are for -----------------------------------------------------------------------------------


def _with_a_flag(message: Message) -> None:
    message["output"]["ghost"] = "1"


def _with_a_code(message: Message) -> None:
    message["mdtrtarea_admvs"] = "500199"


def _with_another_id(message: Message) -> None:
    message["msgid"] = "FRAUD-" + message["msgid"]


def _on_the_minute(message: Message) -> None:
    message["inf_time"] = message["inf_time"][:17] + "00"


def _dearer(message: Message) -> None:
    for line in message["input"].get("drugdetail", []):
        line["pric"] = float(line["pric"]) + 0.01


def _in_whole_yuan(message: Message) -> None:
    if "setlinfo" in message["output"]:
        message["output"]["setlinfo"]["medfee_sumamt"] = float(round(message["output"]["setlinfo"]["medfee_sumamt"]))


@pytest.mark.parametrize(
    ("check", "spoil"),
    [
        (unknown_fields, _with_a_flag), (unknown_codes, _with_a_code), (odd_shapes, _with_another_id),
        (odd_clocks, _on_the_minute), (odd_prices, _dearer), (odd_endings, _in_whole_yuan),
    ],
    ids=lambda each: each.__name__,
)  # fmt: skip
def test_a_tell_tale_is_seen(check: Check, spoil: Callable[[Message], None], parts: Parts) -> None:
    spoilt = copy.deepcopy([m for m in parts[0]["drug_volume"].messages if m["infno"] in ("2102", "2207")])
    assert not check(Seen(spoilt), parts[1])
    for message in spoilt:
        spoil(message)
    assert check(Seen(spoilt), parts[1])


def test_what_is_compared_is_a_county_of_ordinary_messages(parts: Parts) -> None:
    ours, theirs = parts
    assert len(theirs.messages) > 3 * sum(len(many.messages) for many in ours.values())
    assert datetime.fromisoformat(theirs.messages[0]["inf_time"]) < datetime.fromisoformat("2026-01-02 00:00:00")
