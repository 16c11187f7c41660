"""Tells the practice clusters: writes sandbox/snapshots/<name>/ from small stories, always the same."""
