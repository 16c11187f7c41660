"""The HTTP APIs of Anthropic and OpenAI, as far as their SDKs use them, answering from a script."""
