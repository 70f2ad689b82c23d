"""A Grafana dashboard and alert rules for the metrics: `snapferry watch PLAN --print` prints them."""
