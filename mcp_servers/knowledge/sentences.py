"""What is said of documents that are not there."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.knowledge")
