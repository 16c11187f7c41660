"""What is said of silences and policies that are not taken."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.alerting")
