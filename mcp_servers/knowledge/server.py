"""The knowledge server: runbooks and product help."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.knowledge.documents import Documents
from mcp_servers.knowledge.search import knowledge_search


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("knowledge", gate)
    documents = Documents(backends.knowledge_folder)
    publish(server, knowledge_search, needs=Permission.KNOWLEDGE_READ, documents=documents)
    return server
