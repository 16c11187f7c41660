"""What the gateway says: refusals, the texts of its prompts, and the words of its views."""

from core.sentences import Sentences

SENTENCES = Sentences("api.mcp_gateway")
PROMPTS = Sentences("api.mcp_gateway", "prompts")
VIEWS = Sentences("api.mcp_gateway", "views")
