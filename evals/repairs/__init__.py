"""Repairs carried out for real on practice clusters, and what may come of them."""
