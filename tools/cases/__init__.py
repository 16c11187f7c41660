"""Judging cases: small clusters with one known truth each, written as people's dumps look."""
