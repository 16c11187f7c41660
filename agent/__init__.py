"""Reasoning: a supervisor, five subagents, and the tools they may name."""

from agent.untraced import leave_out

leave_out()
