"""What every tool server says alike."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers")
