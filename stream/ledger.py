"""Which alerts stand open, where, and how much money are they about?

Kept from alert revisions alone, so reading the alerts topic from its beginning rebuilds it. Every worker reads all
partitions of that topic: an alert's visit may be shared with an alert of any other partition, and only who sees both
can count the money once.

Fund at risk: an alert's amount is split evenly over its visits (an alert without visits is its own), and a visit
shared by several open alerts counts once, at its largest share. Within a rule and within an institution likewise.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Iterator, Mapping
from itertools import repeat
from sys import intern
from types import MappingProxyType
from typing import Final, Literal, TypeVar

import msgspec

from schemas.alerts import Alert
from stream.metric_catalogue import INSTITUTION_CAP, OTHER, SEVERAL

Change = Literal["opened", "revised", "retracted"]
Key = TypeVar("Key", bound=Hashable)


class Standing(msgspec.Struct, frozen=True, gc=False):
    """What is kept of an open alert; `fund_at_risk` in fen."""

    rule: str
    severity: str
    institution: str
    revision: int
    visits: tuple[str, ...]
    fund_at_risk: int


Share = tuple[Standing, int]


class OpenAlerts:
    """The open alerts and their totals; a change costs the alert's visits, not the number of alerts.

    `version` rises with every change, so that a reader knows whether it has to look again.
    """

    def __init__(self) -> None:
        self._standing: dict[str, Standing] = {}
        self._shares: dict[str, tuple[Share, ...]] = {}  # by visit; few alerts ever share one
        self._counts: Counter[tuple[str, str, str]] = Counter()  # institution, rule, severity
        self._by_institution: Counter[str] = Counter()
        self._fund: Counter[tuple[str, str]] = Counter()  # ("rule", r), ("institution", i), ("all", "")
        self._names: dict[str, str] = {}
        self.version = 0

    def __len__(self) -> int:
        return len(self._standing)

    @property
    def fund_at_risk(self) -> int:
        """Fen, each visit counted once."""
        return self._fund[_EVERYTHING]

    def observe(self, alert: Alert) -> Change | None:
        """Take in a revision and say what it changed; None for a repeated or outdated one.

        A retracted alert is forgotten. A crash may bring its old revisions again, but then the retraction comes
        again after them, as both lie in one partition in this order.
        """
        before = self._standing.get(alert.alert_id)
        if before is not None and alert.revision <= before.revision:
            return None
        if before is not None:
            self._take_away(alert.alert_id, before)
        elif alert.status == "retracted":
            return None
        if alert.status == "open":
            self._put(alert.alert_id, _standing(alert))
            if alert.institution_name:
                self._names[alert.institution] = alert.institution_name
        self.version += 1
        if alert.status == "retracted":
            return "retracted"
        return "opened" if before is None else "revised"

    def by_rule_and_severity(self) -> dict[tuple[str, str], int]:
        """Open alerts, for every pair that has any."""
        totals: Counter[tuple[str, str]] = Counter()
        for (_, rule, severity), number in self._counts.items():
            totals[rule, severity] += number
        return dict(totals)

    def fund_by_rule(self) -> dict[str, int]:
        """Fen, each visit once within the rule, for every rule that has open alerts."""
        return {name: fen for (scope, name), fen in self._fund.items() if scope == _RULE}

    def listed_institutions(self, cap: int = INSTITUTION_CAP) -> Mapping[str, str]:
        """Code and name (or code) of the institutions with the most open alerts; ties go by code, so the list is
        the same on every worker. Alerts that name no institution do not take a place."""
        ranked = sorted((-number, code) for code, number in self._by_institution.items() if code)
        return MappingProxyType({code: self._names.get(code, code) for _, code in ranked[:cap]})

    def by_institution(self, listed: Iterable[str]) -> dict[tuple[str, str, str], int]:
        """Open alerts by institution, rule and severity; what is not listed goes under `other`."""
        named = frozenset(listed)
        totals: Counter[tuple[str, str, str]] = Counter()
        for (institution, rule, severity), number in self._counts.items():
            totals[_label(institution, named), rule, severity] += number
        return dict(totals)

    def fund_by_institution(self, listed: Iterable[str]) -> dict[str, int]:
        """Fen, each visit once within its institution; what is not listed goes under `other`."""
        named = frozenset(listed)
        totals: Counter[str] = Counter()
        for (scope, name), fen in self._fund.items():
            if scope == _INSTITUTION:
                totals[_label(name, named)] += fen
        return dict(totals)

    def _put(self, alert_id: str, standing: Standing) -> None:
        self._standing[alert_id] = standing
        self._count(standing, 1)
        for visit, share in _split(alert_id, standing):
            held = self._shares.get(visit, ())
            self._replace(visit, held, (*held, (standing, share)), standing)

    def _take_away(self, alert_id: str, standing: Standing) -> None:
        del self._standing[alert_id]
        self._count(standing, -1)
        for visit, _ in _split(alert_id, standing):
            held = self._shares[visit]
            self._replace(visit, held, tuple(share for share in held if share[0] is not standing), standing)

    def _count(self, standing: Standing, by: int) -> None:
        _add(self._counts, (standing.institution, standing.rule, standing.severity), by)
        _add(self._by_institution, standing.institution, by)
        if not self._by_institution[standing.institution]:
            self._names.pop(standing.institution, None)

    def _replace(self, visit: str, held: tuple[Share, ...], now: tuple[Share, ...], changed: Standing) -> None:
        """Put the shares of one visit in place and move the three totals that this can move."""
        for scope in (_EVERYTHING, (_RULE, changed.rule), (_INSTITUTION, changed.institution)):
            _add(self._fund, scope, _largest(now, scope) - _largest(held, scope))
        if now:
            self._shares[visit] = now
        else:
            del self._shares[visit]


_RULE: Final = "rule"
_INSTITUTION: Final = "institution"
_EVERYTHING: Final = ("all", "")


def _standing(alert: Alert) -> Standing:
    visits = tuple(dict.fromkeys(alert.visits))
    rule, severity, institution = intern(alert.rule), intern(alert.severity), intern(alert.institution)
    return Standing(rule, severity, institution, alert.revision, visits, alert.fund_at_risk)


def _split(alert_id: str, standing: Standing) -> Iterator[tuple[str, int]]:
    """Whole fen; the first visits take what does not divide."""
    if not standing.visits:
        yield f"alert {alert_id}", standing.fund_at_risk
        return
    share, rest = divmod(standing.fund_at_risk, len(standing.visits))
    shares = (*repeat(share + 1, rest), *repeat(share, len(standing.visits) - rest))
    yield from zip(standing.visits, shares, strict=True)


def _largest(shares: tuple[Share, ...], scope: tuple[str, str]) -> int:
    kind, name = scope
    if kind == _RULE:
        return max((fen for standing, fen in shares if standing.rule == name), default=0)
    if kind == _INSTITUTION:
        return max((fen for standing, fen in shares if standing.institution == name), default=0)
    return max((fen for _, fen in shares), default=0)


def _add(totals: Counter[Key], key: Key, by: int) -> None:
    """Add, and forget what is back at zero: codes that are gone must not pile up."""
    totals[key] += by
    if not totals[key]:
        del totals[key]


def _label(institution: str, named: frozenset[str]) -> str:
    if not institution:
        return SEVERAL
    return institution if institution in named else OTHER
