"""Views: pages that a client shows beside a tool's result (the MCP Apps extension).

Each is one HTML document without a foreign address. It is given the result that the model has anyway, so a
client that shows no views loses none of it.
"""

import json
from functools import cache
from importlib.resources import files

from mcp.server.apps import APP_MIME_TYPE
from mcp.types import Resource, TextResourceContents

from api.mcp_gateway.sentences import SENTENCES, VIEWS
from core.errors import NotFound
from core.sentences import LANGUAGES

SCHEME = "ui://midwatch/"
VIEWS_OF_TOOLS = {
    "autofix_get_plan": "approval",
    "autofix_plan": "approval",
    "budgets_spend": "cost",
    "prometheus_query_range": "chart",
    "rca_dependency_graph": "graph",
    "rca_investigate": "graph",
}


def view_of(tool: str) -> str:
    """The address of the view that shows a tool's results; empty: none does."""
    view = VIEWS_OF_TOOLS.get(tool)
    return _uri(view) if view else ""


def views_for(tools: frozenset[str], language: str) -> list[Resource]:
    """The views of the tools that somebody may use."""
    shown = sorted({view for tool, view in VIEWS_OF_TOOLS.items() if tool in tools})
    return [
        Resource(
            uri=_uri(one),
            name=one,
            title=VIEWS.said(f"{one}_title").told(language),
            mime_type=APP_MIME_TYPE,
        )
        for one in shown
    ]


def view(uri: str) -> TextResourceContents:
    """The page at `uri`. Raises `NotFound` for any other."""
    name = next((one for one in set(VIEWS_OF_TOOLS.values()) if _uri(one) == uri), None)
    if name is None:
        known = ", ".join(sorted(map(_uri, set(VIEWS_OF_TOOLS.values()))))
        raise SENTENCES.error(NotFound, "no_resource", uri=uri, known=known)
    return TextResourceContents(uri=uri, mime_type=APP_MIME_TYPE, text=_page(name))


def _uri(name: str) -> str:
    return f"{SCHEME}{name}.html"


@cache
def _page(name: str) -> str:
    """The frame that all views share, with the words and the script of one of them."""
    folder = files("api.mcp_gateway") / "views"
    words = {
        language: {key: entry["message"] for key, entry in VIEWS.keys(language).items()}
        for language in LANGUAGES
    }
    page = (folder / "frame.html").read_text("utf-8")
    parts = {
        "STYLE": (folder / "look.css").read_text("utf-8"),
        "WORDS": json.dumps(words, ensure_ascii=False).replace("<", "\\u003c"),
        "TALKING": (folder / "talking.js").read_text("utf-8"),
        "VIEW": (folder / f"{name}.js").read_text("utf-8"),
    }
    for mark, part in parts.items():
        page = page.replace(f"/*{mark}*/", part)
    return page
