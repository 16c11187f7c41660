"""The five subagents, one declaration each."""
