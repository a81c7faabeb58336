"""What has a rule said of a page that still stands open?

For a rule that must know how a matter began which the page itself has forgotten; the answer is on the page, as all that a rule
may look at.
"""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec

from detectors.engine.page import Page
from detectors.engine.rule import Finding, Rule

FindingT = TypeVar("FindingT", bound=Finding)
_decoders: dict[type[Finding], msgspec.msgpack.Decoder[Any]] = {}


def stands_open(page: Page, rule: Rule[Any], kind: type[FindingT]) -> dict[str, FindingT]:
    """The findings of this version of the rule that stand open, by anchor; ``kind`` is what it makes."""
    if not page.standing:
        return {}
    decoder = _decoders.setdefault(kind, msgspec.msgpack.Decoder(kind))
    mark = f"{rule.rule_id}:{rule.version}/"
    return {
        name[len(mark) :]: decoder.decode(standing.finding)
        for name, standing in page.standing.items()
        if standing.is_open and name.startswith(mark)
    }
