"""The report's pictures, as Vega-Lite specifications. A text in them is a `Text`; the page puts in the language."""

from typing import Any

Spec = dict[str, Any]

COLOURS = tuple(f"var(--c{number})" for number in range(1, 9))
MUTED, INK, BAD, GOOD, WARN = "var(--muted)", "var(--ink)", "var(--bad)", "var(--good)", "var(--warn)"
