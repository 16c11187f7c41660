"""What is said of channels and deliveries that are not taken."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.channels")
