"""Which institutions does this run know, and how does each stand (机构画像)?

From two sides: what the peers' stage knows of it, and which alerts about it stand open. Money that several alerts share counts
once.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from detectors.books.among_peers import among
from detectors.books.member import MemberPage
from detectors.books.paid_most import with_ranks
from detectors.engine.page import NEVER
from detectors.engine.stage import Stage
from detectors.models.portrait import Among, Portrait, portrait
from schemas.alerts import SEVERITIES
from stream.ledger import OpenAlerts


class Known(msgspec.Struct, frozen=True):
    """An institution as it stands; money in fen."""

    portrait: Portrait
    alerts: int
    fund_at_risk: int
    among: Among | None


def among_peers(stages: Iterable[Stage]) -> dict[str, Among]:
    """Of every institution that the peers' stages know; of one that has moved, where it was heard of last."""
    members: dict[str, MemberPage] = {}
    for stage in stages:
        if stage.name == "peers":
            for member in stage.pages.all_of(MemberPage):
                held = members.get(member.institution)
                if held is None or held.newest_day < member.newest_day:
                    members[member.institution] = member
    months = {month for member in members.values() for month in member.months}
    forgotten = min((member.past.first for member in members.values()), default=NEVER)
    judged = len(months) if forgotten == NEVER else max(months, default=forgotten) - forgotten + 1
    return with_ranks(members.values(), {code: among(member, judged) for code, member in members.items()})


def portraits(codes: Iterable[str], known: dict[str, Among], ledger: OpenAlerts) -> dict[str, Known]:
    """How each of these stands, in order of their code."""
    wanted = sorted(set(codes))
    counts: dict[str, dict[str, int]] = {}
    for (code, _, severity), number in ledger.by_institution(wanted).items():
        by_severity = counts.setdefault(code, dict.fromkeys(SEVERITIES, 0))
        by_severity[severity] += number
    funds = ledger.fund_by_institution(wanted)
    found = {}
    for code in wanted:
        alerts, fund, peers = counts.get(code, {}), funds.get(code, 0), known.get(code)
        found[code] = Known(portrait(alerts, fund, peers), sum(alerts.values()), fund, peers)
    return found
