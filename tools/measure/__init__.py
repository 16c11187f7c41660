"""Measures what docs/performance.md prints: `.venv/bin/python -m tools.measure`."""
