"""What was measured, against what must hold? Kept in ``docs/performance.json``, shown in ``docs/performance.md``.

Every benchmark gives one `Section`; running one of them again replaces its section and leaves the others as they were.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from typing import TypeAlias

import msgspec

from benchmarks.commands import PROJECT
from benchmarks.machine import machine

KEPT = PROJECT / "docs" / "performance.json"
PAGE = PROJECT / "docs" / "performance.md"
BEGIN, END = "<!-- measured: written by make bench -->", "<!-- end of what was measured -->"
Tell: TypeAlias = Callable[[str], None]


class Row(msgspec.Struct, frozen=True):
    """What must hold and what was measured. ``holds`` is None where there is nothing to hold."""

    what: str
    must: str
    measured: str
    holds: bool | None = None

    @property
    def verdict(self) -> str:
        """In a word."""
        return "shown" if self.holds is None else "holds" if self.holds else "**does not hold**"


class Section(msgspec.Struct, frozen=True):
    """What one benchmark measured: rows of the table of all, and a text (Markdown) of its own."""

    title: str
    rows: list[Row]
    text: str
    on: str = msgspec.field(default_factory=lambda: date.today().isoformat())  # noqa: DTZ011 - the day of this machine
    machine: str = msgspec.field(default_factory=machine)


Sections: TypeAlias = dict[str, Section]


def median(values: Iterable[float]) -> float:
    """The median."""
    return statistics.median(values)


def spread(values: Sequence[float], form: str = ",.0f") -> str:
    """A median with the least and the most beside it.

    >>> spread([3, 1, 2])
    '2 (1–3)'
    """
    return f"{median(values):{form}} ({min(values):{form}}–{max(values):{form}})"


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A Markdown table.

    >>> print(table(["a", "b"], [[1, "x"]]))
    | a | b |
    |---|---|
    | 1 | x |
    """
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "|---" * len(head) + "|" if line[0] == "---" else f"| {' | '.join(str(cell) for cell in line)} |"
        for line in lines
    )


def kept() -> Sections:
    """What was measured so far."""
    return msgspec.json.decode(KEPT.read_bytes(), type=Sections) if KEPT.exists() else {}


def keep(name: str, section: Section) -> None:
    """Put a section in the place of the one before, and write the page anew."""
    sections = kept() | {name: section}
    KEPT.write_bytes(msgspec.json.format(msgspec.json.encode(sections)) + b"\n")
    PAGE.write_text(page(PAGE.read_text(encoding="utf-8"), sections), encoding="utf-8")


def overview(sections: Sections) -> str:
    """Every row of every section, in Markdown."""
    rows = [(row.what, row.must, row.measured, row.verdict) for section in sections.values() for row in section.rows]
    return table(("what", "must", "measured", "verdict"), rows)


def page(before: str, sections: Sections) -> str:
    """The documentation's page with its measured part written anew."""
    head, begin, rest = before.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{PAGE.name} has no place for what was measured: {BEGIN} … {END}")
    parts = [overview(sections)]
    for section in sections.values():
        parts.append(f"### {section.title}\n\n{section.text.strip()}\n\n*{section.on}: {section.machine}.*")
    return f"{head}{BEGIN}\n\n" + "\n\n".join(parts) + f"\n\n{END}{tail}"
