"""Resources: incidents, runbooks and budgets, read through the tools that show them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlsplit

from mcp.types import Resource, ResourceTemplate, TextResourceContents

from api.mcp_gateway.sentences import PROMPTS, SENTENCES
from core.errors import NotFound
from mcp_servers.client import Tools

SCHEME = "midwatch"
JSON = "application/json"
MARKDOWN = "text/markdown"


@dataclass(frozen=True, slots=True)
class _Shelf:
    """A kind of thing: the tool that lists it, the tool that shows one, and by which of its arguments."""

    name: str
    lists: str
    shows: str
    key: str
    named_by: str
    mime_type: str
    variable: str  # as a URI template has it; a + lets slashes through

    @property
    def uri(self) -> str:
        return f"{SCHEME}://{self.name}"

    @property
    def template(self) -> str:
        return f"{self.uri}/{{{self.variable}}}"

    def of(self, identity: str) -> str:
        return f"{self.uri}/{quote(identity, safe='/' if self.variable[0] == '+' else '')}"


SHELVES = (
    _Shelf("incidents", "rca_list_incidents", "rca_get_incident", "incident_id", "id", JSON, "id"),
    _Shelf(
        "runbooks",
        "knowledge_list_documents",
        "knowledge_get_document",
        "doc",
        "doc",
        MARKDOWN,
        "+doc",
    ),
    _Shelf("budgets", "budgets_list", "budgets_list", "name", "name", JSON, "name"),
)


def resources_for(tools: frozenset[str], language: str) -> list[Resource]:
    """One list of each kind that these tools can read."""
    return [
        Resource(
            uri=one.uri,
            name=one.name,
            title=_word(f"{one.name}_title", language),
            description=_word(f"{one.name}_about", language),
            mime_type=JSON,
        )
        for one in SHELVES
        if one.lists in tools
    ]


def templates_for(tools: frozenset[str], language: str) -> list[ResourceTemplate]:
    """How one thing of each kind is addressed."""
    return [
        ResourceTemplate(
            uri_template=one.template,
            name=f"{one.name}_one",
            title=_word(f"{one.name}_one", language),
            mime_type=one.mime_type,
        )
        for one in SHELVES
        if one.shows in tools
    ]


async def read(uri: str, tools: Tools) -> TextResourceContents:
    """What is at `uri` for this caller. Raises `NotFound` for an address that is none of ours."""
    place = urlsplit(uri)
    shelf = next((one for one in SHELVES if one.name == place.netloc), None)
    if place.scheme != SCHEME or shelf is None:
        known = ", ".join(one.uri for one in SHELVES)
        raise SENTENCES.error(NotFound, "no_resource", uri=uri, known=known)
    identity = unquote(place.path.lstrip("/"))
    if not identity:
        cursor = "".join(parse_qs(place.query).get("cursor", []))
        return _as_json(uri, await _list(shelf, cursor, tools))
    if shelf.mime_type == MARKDOWN:
        return TextResourceContents(
            uri=uri, mime_type=MARKDOWN, text=await _document(identity, tools)
        )
    answer = await tools.call(shelf.shows, **{shelf.key: identity})
    return _as_json(uri, answer.data)


async def names_of(kind: str, tools: Tools) -> list[str]:
    """What things of a kind are called, as far as the first page tells."""
    shelf = next(one for one in SHELVES if one.name == kind)
    return [str(row[shelf.named_by]) for row in (await tools.call(shelf.lists)).data["rows"]]


async def _list(shelf: _Shelf, cursor: str, tools: Tools) -> dict[str, Any]:
    """A page, each row with the address it is read at; `next` is that of the following page."""
    page = (await tools.call(shelf.lists, cursor=cursor)).data
    rows: list[Mapping[str, Any]] = page["rows"]
    onward = f"{shelf.uri}?cursor={quote(page['cursor'])}" if page["cursor"] else ""
    told = [{"uri": shelf.of(str(row[shelf.named_by])), **row} for row in rows]
    return {**page, "rows": told, "next": onward}


async def _document(doc: str, tools: Tools) -> str:
    """The whole of it: a tool gives long ones part by part."""
    text, offset = "", 0
    while True:
        part = (await tools.call("knowledge_get_document", doc=doc, offset=offset)).data
        text, offset = text + part["text"], part["next_offset"]
        if not offset:
            return text


def _as_json(uri: str, data: Mapping[str, Any]) -> TextResourceContents:
    return TextResourceContents(
        uri=uri, mime_type=JSON, text=json.dumps(data, ensure_ascii=False, indent=1)
    )


def _word(key: str, language: str) -> str:
    return PROMPTS.said(key).told(language)
