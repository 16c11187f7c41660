"""The knowledge server: runbooks and product help, and the pages that people add."""

from core.principal import Permission
from mcp_servers.access import Gate, ToolServer, publish
from mcp_servers.backends import Backends
from mcp_servers.knowledge.answers import (
    knowledge_clear_cache,
    knowledge_keep_answer,
    knowledge_recall_answer,
)
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
    knowledge_recall_answer,
)
WRITING = (
    knowledge_add_document,
    knowledge_delete_document,
    knowledge_refresh,
    knowledge_clear_cache,
)


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("knowledge", gate)
    documents = Documents(backends.knowledge)
    for tool in READING:
        publish(server, tool, needs=Permission.KNOWLEDGE_READ, documents=documents)
    for tool in WRITING:
        needs = Permission.KNOWLEDGE_MANAGE
        publish(server, tool, needs=needs, changes=True, documents=documents)
    # Nobody is asked: what it changes is only how soon an answer comes.
    publish(server, knowledge_keep_answer, needs=Permission.KNOWLEDGE_MANAGE, documents=documents)
    return server
