"""Judging cases drawn from a seed: the fault classes in ever other clothes."""
