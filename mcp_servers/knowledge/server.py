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
from mcp_servers.knowledge.gaps import (
    knowledge_close_gap,
    knowledge_gaps,
    knowledge_rate_answer,
)
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
    knowledge_rate_answer,
)
KEEPING = (knowledge_gaps, knowledge_close_gap)
WRITING = (knowledge_delete_document, knowledge_refresh, knowledge_clear_cache)
# A file of the greatest size that is read, in base64; and an answer with what it cites.
FILE_BYTES, ANSWER_BYTES = 30_100_000, 500_000


def build(backends: Backends, gate: Gate) -> ToolServer:
    server = ToolServer("knowledge", gate)
    documents = Documents(backends.knowledge)
    for tool in READING:
        publish(server, tool, needs=Permission.KNOWLEDGE_READ, documents=documents)
    needs = Permission.KNOWLEDGE_MANAGE
    for tool in KEEPING:
        publish(server, tool, needs=needs, documents=documents)
    for tool in WRITING:
        publish(server, tool, needs=needs, changes=True, documents=documents)
    publish(
        server,
        knowledge_add_document,
        needs=needs,
        changes=True,
        takes_bytes=FILE_BYTES,
        # The audit says who added what; the page itself is in the index.
        secret_arguments=["content_base64"],
        documents=documents,
    )
    # Nobody is asked: what it changes is only how soon an answer comes.
    publish(
        server, knowledge_keep_answer, needs=needs, takes_bytes=ANSWER_BYTES, documents=documents
    )
    return server
