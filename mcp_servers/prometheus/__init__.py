"""The prometheus server: metrics, rules and alerts, shaped and bounded."""
