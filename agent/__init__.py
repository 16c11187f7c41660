"""Reasoning: a supervisor, five subagents, and the tools they may name."""
