"""What is said of systems that do not do as they are asked."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.backends")
