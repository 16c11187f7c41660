"""Judging: cases with a known truth, run through the same doors as everybody else."""
