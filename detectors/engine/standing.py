"""What stands, on a page, of what a rule has said?"""

from __future__ import annotations

import msgspec


class Standing(msgspec.Struct, array_like=True, gc=False):
    """The newest revision of one alert; ``finding`` is the saved `detectors.engine.rule.Finding`.

    A retracted alert keeps its finding: its facts go out with the retraction, and it may open again.
    """

    revision: int
    is_open: bool
    raised_at: int
    begin: int
    finding: bytes
