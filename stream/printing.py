"""How does a command show rows and texts: drawn for people on a terminal, plain where something reads them?"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Literal

from rich.console import Console
from rich.table import Table
from rich.text import Text

_UNWRAPPED = 10_000  # columns: in a pipe or a file a line ends where its text does
Lang = Literal["zh", "en", "both"]


def is_terminal() -> bool:
    """Whether people read standard output as it comes."""
    return sys.stdout.isatty()


def console() -> Console:
    """Standard output for people: colours and width of the terminal, neither where it is none."""
    return Console(highlight=False, width=None if is_terminal() else _UNWRAPPED)


def words(zh: str, en: str, lang: Lang) -> str:
    """One text in the language that was asked for; Chinese first where both were.

    >>> words("高", "high", "both")
    '高 high'
    """
    return {"zh": zh, "en": en, "both": f"{zh} {en}"}[lang]


def show_table(columns: Sequence[str], rows: Iterable[Sequence[str]], right: Sequence[int] = ()) -> None:
    """Rows below their columns' names: a table on a terminal, else one line each with tabs between.

    ``right`` has the numbers of the columns that stand to the right. A cell's line ends and tabs become spaces in the plain form.
    """
    if not is_terminal():
        for row in (columns, *rows):
            sys.stdout.write("\t".join(" ".join(cell.split()) for cell in row) + "\n")
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number in right else "left", overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def yuan(fen: int) -> str:
    """Money for people.

    >>> yuan(1184230), yuan(-5), yuan(0)
    ('¥11,842.30', '-¥0.05', '¥0.00')
    """
    whole, rest = divmod(abs(fen), 100)
    return f"{'-' if fen < 0 else ''}¥{whole:,}.{rest:02d}"
