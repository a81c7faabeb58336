"""Grafana dashboards and Prometheus rules, built from the metric names in `stream.metric_catalogue`."""
