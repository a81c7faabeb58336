"""Where does a replay's time go: by layer, by rule, by function?

    python -m benchmarks.profile COUNTY [--functions N]

Samples the stack every few milliseconds of the process's CPU time (as often as the kernel's clock allows), which costs the replay
nothing to speak of; a profiler that hooks into every call, as cProfile does, shows small functions at twice their size.
"""

from __future__ import annotations

import argparse
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from benchmarks.commands import PROJECT
from benchmarks.replaying import apply_transactions, opened
from benchmarks.results import table

_EVERY_SECONDS = 0.001
# The outermost frame that is named here says what the work is for: what a rule asks of a book is asking, not posting.
_LAYER_OF_FUNCTION = {
    "encode_page": "encode pages",
    "flush": "encode pages",
    "_write": "encode pages",
    "decode_page": "decode pages",
    "_snapshot": "snapshots and alerts",
    "_publish": "snapshots and alerts",
}
_LAYER_OF_PLACE = {
    "schemas/decode": "decode",
    "schemas/calls": "decode",
    "schemas/fields": "decode",
    "schemas/wire": "decode",
    "schemas/snapshots": "snapshots and alerts",
    "schemas/alerts": "snapshots and alerts",
    "detectors/by_": "ask",
    "detectors/engine/compare": "ask",
    "detectors/models": "post",
    "detectors/books": "post",
    "stream/line_files": "read the file",
}
ROUTE = "route between pages and stages"
LAYERS = tuple(dict.fromkeys([*_LAYER_OF_PLACE.values(), *_LAYER_OF_FUNCTION.values(), ROUTE]))


class Samples:
    """What the stack was, how often."""

    def __init__(self) -> None:
        self.layers: Counter[str] = Counter()
        self.rules: Counter[str] = Counter()
        self.functions: Counter[str] = Counter()

    def take(self, number: int, frame: FrameType | None) -> None:
        """A signal handler."""
        layer, rule, innermost = ROUTE, "", ""
        while frame is not None:
            code = frame.f_code
            place = _place(code.co_filename)
            if place:
                innermost = innermost or f"{place.removesuffix('.py')} {code.co_name}"
                layer = _layer(place, code.co_name) or layer
                rule = rule or _rule(place)
            frame = frame.f_back
        self.layers[layer] += 1
        self.rules[rule] += 1
        self.functions[innermost] += 1

    def share(self, counts: Counter[str], name: str) -> float:
        """Of all samples."""
        return counts[name] / max(self.layers.total(), 1)


def _place(filename: str) -> str:
    return filename[len(str(PROJECT)) + 1 :] if filename.startswith(f"{PROJECT}/") else ""


def _layer(place: str, function: str) -> str | None:
    if place.startswith(("detectors/engine/page", "detectors/engine/institution", "stream/")):
        named = _LAYER_OF_FUNCTION.get(function)
        if named is not None:
            return named
    return next((layer for start, layer in _LAYER_OF_PLACE.items() if place.startswith(start)), None)


def _rule(place: str) -> str:
    """The folder's name, which is the rule's."""
    parts = place.split("/")
    return parts[2] if parts[0] == "detectors" and parts[1].startswith("by_") and len(parts) > 3 else ""


@contextmanager
def sampled() -> Iterator[Samples]:
    """Sample this process while the block runs; main thread only."""
    samples = Samples()
    before = signal.signal(signal.SIGPROF, samples.take)
    signal.setitimer(signal.ITIMER_PROF, _EVERY_SECONDS, _EVERY_SECONDS)
    try:
        yield samples
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def sampled_replay(folder: Path) -> Samples:
    """A replay of the county, sampled."""
    replay = opened(folder)
    with sampled() as samples:
        apply_transactions(replay, folder)
    return samples


def shares(samples: Samples) -> str:
    """By layer, and of asking by rule, in Markdown."""
    layers = [(layer, f"{samples.share(samples.layers, layer):.1%}") for layer in LAYERS if samples.layers[layer]]
    rules = [(f"{name}, asking", f"{samples.share(samples.rules, name):.1%}") for name in sorted(samples.rules) if name]
    return table(("of the CPU time", "share"), sorted(layers, key=lambda row: -float(row[1][:-1])) + rules)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--functions", type=int, default=30)
    asked = parser.parse_args()
    samples = sampled_replay(asked.folder)
    most = [name for name, _ in samples.functions.most_common(asked.functions)]
    top = [(name, f"{samples.share(samples.functions, name):.1%}") for name in most]
    print(f"{shares(samples)}\n\n{table(('function, itself', 'share'), top)}\n\n{samples.layers.total():,} samples")


if __name__ == "__main__":
    main()
