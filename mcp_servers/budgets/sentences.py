"""What is said of budgets that are not taken."""

from core.sentences import Sentences

SENTENCES = Sentences("mcp_servers.budgets")
