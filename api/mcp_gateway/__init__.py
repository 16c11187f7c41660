"""The Model Context Protocol: tools, prompts, resources and views, over HTTP and over stdio."""
