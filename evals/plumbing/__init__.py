"""Models that are faulty in every way known, and what must hold of a turn all the same."""
