"""How is Python's garbage collector set for a long run?"""

from __future__ import annotations

import gc
from typing import Final

# Pages hold no cycles: what a collection of the young finds is next to nothing, and one at every 700 objects, as Python has
# it, walks them all the time.
_YOUNG: Final = 100_000
_MIDDLE, _OLD = 20, 100


def tame() -> None:
    """Leave what is loaded by now alone for ever, and collect what comes after it seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
