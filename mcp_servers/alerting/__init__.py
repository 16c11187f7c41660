"""Alerts as they arrive, what becomes of them, and silences."""
