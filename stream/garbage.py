"""When is garbage collected in a replay? Seldom: its millions of pages are no garbage."""

from __future__ import annotations

import gc


def keep_what_is_loaded() -> None:
    """What is loaded stays; a collection that walks it again and again costs a tenth of the run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
