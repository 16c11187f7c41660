"""Spend, budgets, cost anomalies and savings."""
