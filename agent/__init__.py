"""Reasoning: a supervisor, five subagents, and the tools they may name."""

from agent.untraced import leave_out, put_off_http

# Whichever module of this room is named first, by a door or a test: LangChain comes after this.
leave_out()
put_off_http()
