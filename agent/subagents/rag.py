"""How-to, runbooks, postmortems, policies."""

from agent.subagent import Subagent

RAG = Subagent(
    name="rag",
    purpose="How-to, what is, runbooks, postmortems, policies, help with this product.",
    servers=("knowledge",),
    prompt="rag.md",
    max_tool_calls=5,
    # An answer says what of it is wrong right now, and an incident or an alert becomes a page.
    borrowed=("rca_list_findings", "rca_draft_page", "alerting_show"),
    # People keep the knowledge base, by its own doors.
    without=frozenset(
        {
            "knowledge_add_document",
            "knowledge_delete_document",
            "knowledge_refresh",
            "knowledge_stats",
            "knowledge_recall_answer",
            "knowledge_keep_answer",
            "knowledge_clear_cache",
            "knowledge_rate_answer",
            "knowledge_gaps",
            "knowledge_close_gap",
        }
    ),
)
