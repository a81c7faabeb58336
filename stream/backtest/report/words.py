"""How are a result's figures said to people, Chinese first? What cannot be said is a dash."""

from __future__ import annotations

from schemas.alerts import Text
from stream.backtest.result import Interval, Result, Value

NOTHING = "–"
SEVERITY_RANKS = {"high": 3, "medium": 2, "low": 1}


def share(value: float | None) -> str:
    """
    >>> share(0.9524), share(1.0), share(None)
    ('95.2%', '100%', '–')
    """
    if value is None:
        return NOTHING
    return f"{value:.1%}".replace(".0%", "%") if round(value, 3) in (0, 1) else f"{value:.1%}"


def interval(bounds: Interval | None) -> str:
    """
    >>> interval(Interval(0.5, 1.0))
    '50.0%–100%'
    """
    return NOTHING if bounds is None else f"{share(bounds.low)}–{share(bounds.high)}"


def hours(value: float | None) -> Text:
    """Hours below two days, else days.

    >>> hours(5.25).en, hours(60).zh
    ('5.2 h', '2.5天')
    """
    if value is None:
        return same(NOTHING)
    if abs(value) < 48:
        return Text(f"{value:.1f}小时", f"{value:.1f} h")
    return Text(f"{value / 24:.1f}天", f"{value / 24:.1f} d")


def setting(value: Value | list[Value] | None) -> str:
    """A parameter's value as rules.toml has it.

    >>> setting(True), setting(0.5), setting(None), setting(["A", "B"])
    ('true', '0.5', '–', 'A, B')
    """
    if value is None:
        return NOTHING
    if isinstance(value, bool):
        return str(value).lower()
    return (
        ", ".join(setting(one) for one in value)
        if isinstance(value, list)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )


def same(text: str) -> Text:
    """What is written alike in both languages."""
    return Text(text, text)


def joined(texts: list[Text], zh: str = "、", en: str = ", ") -> Text:
    """A list of things in one sentence."""
    return Text(zh.join(text.zh for text in texts), en.join(text.en for text in texts))


def listed(texts: list[Text], most: int = 4) -> Text:
    """The first of them, and how many more there are."""
    left = len(texts) - most
    more = [Text(f"另{left}条", f"{left} more")] if left > 0 else []
    return joined(texts[:most] + more)


def title(result: Result, rule: str) -> Text:
    """A rule's title; its id where the run did not have it."""
    known = result.rules.get(rule)
    return same(rule) if known is None else known.title


def moment(time: str) -> str:
    """A time as a browser takes it for the clock's own, whatever its zone.

    >>> moment("2026-02-01 08:30:00"), moment("2026-02-01")
    ('2026-02-01T08:30:00', '2026-02-01T00:00:00')
    """
    return time.replace(" ", "T") if " " in time else f"{time}T00:00:00"
