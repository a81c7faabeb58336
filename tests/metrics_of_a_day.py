"""A `Metrics` object as a worker of a small county might fill it, and the alerts for it."""

from __future__ import annotations

import time
from itertools import product
from typing import Any

from schemas.alerts import Alert, Source, Text
from stream.ledger import OpenAlerts
from stream.metric_series import Vocabulary
from stream.metrics import Metrics

STAGES = ("institution", "person", "household", "item")
VOCABULARY = Vocabulary(
    rules={
        "bed_holding": Text("挂床住院", "Bed holding"),
        "household_together": Text("同户同进同出", "Household together"),
        "household_sequence": Text("同户接续住院", "Household in sequence"),
        "drug_volume": Text("药品用量异常", "Unusual drug volume"),
    },
    infnos=("2201", "2207", "2208", "2301", "2302", "2304", "2401", "2402", "2404", "2102", "2601"),
    stages=STAGES,
    reasons=("not_json", "unknown_infno", "missing_field", "too_large", "future"),
    dead_letter_stages=("decode", "time", "engine", *STAGES),
    missing_references=("institutions", "persons", "catalogue"),
)


def an_alert(alert_id: str, **changed: Any) -> Alert:
    """An open `bed_holding` alert of one visit and 100 yuan, but for what is said otherwise."""
    fields: dict[str, Any] = {
        "alert_id": alert_id, "rule": "bed_holding", "rule_version": 1, "revision": 1, "status": "open",
        "severity": "medium", "score": 0.5, "raised_at": "2026-01-05 08:00:00", "revised_at": "2026-01-05 08:00:00",
        "begin": "2026-01-01 08:00:00", "end": None, "institution": "H50010600011", "institution_name": None,
        "persons": [], "visits": [f"visit of {alert_id}"], "household": None, "item": None, "group": None,
        "measures": [], "evidence": [], "evidence_total": 0, "fund_at_risk": 100_00, "rule_class": "管理类",
        "basis": [], "text": Text("", ""), "source": Source(0, 0, "2026-01-05 08:00:00", ""),
    }  # fmt: skip
    return Alert(**fields | changed)


def a_ledger() -> OpenAlerts:
    """Alerts of every rule and severity at 60 institutions; the first is the worst."""
    ledger = OpenAlerts()
    for number in range(60):
        for place, rule in enumerate(VOCABULARY.rules):
            for more in range(1 + (20 if number == 0 else 0)):
                severity = ("high", "medium", "low")[(number + more) % 3]
                alert = an_alert(
                    f"{rule}:{number}:{more}", rule=rule, severity=severity, institution=f"H5001060{number:04}",
                    institution_name=f"第{number}医院", fund_at_risk=(place + 1) * 1000_00, visits=[f"{number}.{more}"],
                )  # fmt: skip
                ledger.observe(alert)
    return ledger


def metrics_of_a_day() -> Metrics:
    """Every metric has a value; `one_more_batch` moves the counters."""
    metrics = Metrics(VOCABULARY, "0.1.0")
    metrics.set_open_alerts(a_ledger())
    metrics.set_standings({"H1": 0.7, "H2": 0.1})
    metrics.set_models({"drug_volume": (420, 37)})
    metrics.set_pages_to_ask_again({"institution": 1_200, "person": 0})
    for stage in STAGES:
        metrics.restored(stage, 2.5, 40_000, 1_200)
    one_more_batch(metrics)
    return metrics


def one_more_batch(metrics: Metrics) -> None:
    """What a worker reports after a batch of every stage and the flush that ends it."""
    now = time.time()
    for stage in STAGES:
        metrics.batch_taken(stage, 500)
        metrics.pages_read(stage, hits=900, misses=100)
        metrics.set_state(stage, keys=40_000, size_bytes=40_000 * 390)
        metrics.set_stream_times(stage, {0: now - 4, 1: now - 6})
    metrics.set_consumer_lags({(topic, p): 120 for topic in ("transactions", "visits") for p in (0, 1)})
    metrics.transactions_applied({"2207": 240, "2301": 200, "2401": 30, "2402": 30})
    metrics.decode_failed({"not_json": 1})
    metrics.dead_lettered({("decode", "not_json"): 1, ("time", "future"): 1})
    metrics.rules_asked(dict.fromkeys(VOCABULARY.rules, 300), dict.fromkeys(VOCABULARY.rules, 0.002))
    metrics.rules_inactive({("household_together", "persons"): 3})
    metrics.corrections_unmatched({"2404": 1})
    metrics.clock_jumps_refused({"H50010600000": 1})
    metrics.late_facts_not_learned({"drug_volume": 2})
    metrics.models_judged({"drug_volume": 4_000}, {"drug_volume": 230})
    changes = dict.fromkeys(product(VOCABULARY.rules, ("high", "low"), ("opened", "retracted")), 1)
    metrics.alerts_published(changes, [0.3, 0.7, 1.4, 2.2])
    metrics.flushed(publish=0.012, state=0.03, acknowledge=0.004)
