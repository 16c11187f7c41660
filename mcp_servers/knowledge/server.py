"""The knowledge server: runbooks and product help, and the pages that people add."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.knowledge.documents import Documents
from mcp_servers.knowledge.pages import (
    knowledge_add_document,
    knowledge_delete_document,
    knowledge_get_document,
    knowledge_list_documents,
    knowledge_refresh,
    knowledge_stats,
)
from mcp_servers.knowledge.search import knowledge_search

READING = (
    knowledge_search,
    knowledge_get_document,
    knowledge_list_documents,
    knowledge_stats,
)
WRITING = (knowledge_add_document, knowledge_delete_document, knowledge_refresh)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("knowledge", gate)
    documents = Documents(backends.knowledge)
    for tool in READING:
        publish(server, tool, needs=Permission.KNOWLEDGE_READ, documents=documents)
    for tool in WRITING:
        needs = Permission.KNOWLEDGE_MANAGE
        publish(server, tool, needs=needs, changes=True, documents=documents)
    return server
