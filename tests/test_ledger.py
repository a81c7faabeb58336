"""Do the totals of open alerts follow from the alerts alone, and is no visit's money counted twice?"""

from __future__ import annotations

from collections import Counter
from itertools import permutations
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from schemas.alerts import Alert
from stream.ledger import OpenAlerts
from tests.metrics_of_a_day import an_alert


def ledger_of(*alerts: Alert) -> OpenAlerts:
    ledger = OpenAlerts()
    for alert in alerts:
        ledger.observe(alert)
    return ledger


def totals(ledger: OpenAlerts) -> tuple[object, ...]:
    listed = ledger.listed_institutions(2)
    return (
        len(ledger), ledger.fund_at_risk, ledger.by_rule_and_severity(), ledger.fund_by_rule(), dict(listed),
        ledger.by_institution(listed), ledger.fund_by_institution(listed),
    )  # fmt: skip


def test_a_visit_that_two_rules_accuse_counts_once_at_the_larger_amount() -> None:
    ledger = ledger_of(
        an_alert("a", rule="bed_holding", visits=["v"], fund_at_risk=300_00),
        an_alert("b", rule="household_together", visits=["v", "w"], fund_at_risk=800_00),
    )
    assert ledger.fund_at_risk == 400_00 + 400_00  # v at 400 of max(300, 400), w at 400
    assert ledger.fund_by_rule() == {"bed_holding": 300_00, "household_together": 800_00}


def test_an_amount_that_does_not_divide_loses_no_fen() -> None:
    assert ledger_of(an_alert("a", visits=["u", "v", "w"], fund_at_risk=100)).fund_at_risk == 100


def test_an_alert_without_visits_keeps_its_amount_for_itself() -> None:
    ledger = ledger_of(an_alert("a", visits=[], fund_at_risk=5), an_alert("b", visits=[], fund_at_risk=6))
    assert ledger.fund_at_risk == 11


def test_a_visit_named_twice_in_an_alert_counts_once() -> None:
    ledger = ledger_of(an_alert("a", visits=["v", "v"], fund_at_risk=10))
    assert ledger.fund_at_risk == 10
    ledger.observe(an_alert("a", revision=2, status="retracted"))
    assert (len(ledger), ledger.fund_at_risk) == (0, 0)


def test_observing_says_what_a_revision_changed() -> None:
    ledger = OpenAlerts()
    assert ledger.observe(an_alert("a")) == "opened"
    assert ledger.observe(an_alert("a")) is None
    assert ledger.observe(an_alert("a", revision=3, severity="high")) == "revised"
    assert ledger.observe(an_alert("a", revision=2)) is None
    assert ledger.by_rule_and_severity() == {("bed_holding", "high"): 1}
    assert ledger.observe(an_alert("a", revision=4, status="retracted")) == "retracted"
    assert ledger.observe(an_alert("a", revision=4, status="retracted")) is None
    assert ledger.observe(an_alert("a", revision=5)) == "opened"


def test_a_repeated_alert_does_not_move_the_version() -> None:
    ledger = ledger_of(an_alert("a"))
    before = ledger.version
    ledger.observe(an_alert("a"))
    assert ledger.version == before
    ledger.observe(an_alert("a", revision=2))
    assert ledger.version == before + 1


def test_of_two_institutions_with_as_many_alerts_the_smaller_code_is_listed() -> None:
    for order in permutations(("H2", "H1", "H3")):
        ledger = ledger_of(*(an_alert(code, institution=code) for code in order))
        assert list(ledger.listed_institutions(2)) == ["H1", "H2"]


def test_a_retracted_alert_leaves_nothing_behind() -> None:
    ledger = ledger_of(an_alert("a", institution_name="某院"), an_alert("a", revision=2, status="retracted"))
    held = {name: kept for name, kept in vars(ledger).items() if name != "version" and kept}
    assert held == {}


revisions = st.builds(
    an_alert,
    alert_id=st.sampled_from("abcdef"),
    rule=st.sampled_from(["bed_holding", "drug_volume"]),
    severity=st.sampled_from(["low", "high"]),
    status=st.sampled_from(["open", "open", "retracted"]),
    institution=st.sampled_from(["", "H1", "H2", "H3"]),
    visits=st.lists(st.sampled_from("uvwxyz"), max_size=4),
    fund_at_risk=st.integers(0, 1000),
)


@given(st.lists(revisions, max_size=30))
def test_the_totals_are_those_of_the_newest_revisions_alone(alerts: list[Alert]) -> None:
    numbered = [an_alert(**_fields(alert) | {"revision": n}) for n, alert in enumerate(alerts, start=1)]
    newest = {alert.alert_id: alert for alert in numbered}
    standing = [alert for alert in newest.values() if alert.status == "open"]
    ledger = ledger_of(*numbered)
    assert totals(ledger) == totals(ledger_of(*standing)) == totals(ledger_of(*reversed(standing)))
    assert ledger.by_rule_and_severity() == Counter((alert.rule, alert.severity) for alert in standing)
    amounts = [alert.fund_at_risk for alert in standing]
    assert max(amounts, default=0) <= ledger.fund_at_risk <= sum(amounts)


def _fields(alert: Alert) -> dict[str, Any]:
    return {name: getattr(alert, name) for name in alert.__struct_fields__}
