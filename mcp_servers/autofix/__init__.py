"""Repairs: plans, approvals and changes."""
