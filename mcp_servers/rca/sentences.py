"""What is said of incidents that are not there."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.rca")
