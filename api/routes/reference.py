"""`/docs`: the OpenAPI description as one page to read, without scripts and without other sites."""

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.examples import media

router = APIRouter(include_in_schema=False)

Json = dict[str, Any]

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 52rem; margin: 2rem auto; padding: 0 1rem; }
h2 { margin-top: 2.5rem; } h3 { font: 600 1rem ui-monospace, monospace; margin: 1.5rem 0 0; }
p { margin: .3rem 0; white-space: pre-line; } ul { margin: .3rem 0; } code { font-size: .9em; }
pre { overflow-x: auto; font-size: .85em; } summary { cursor: pointer; }
"""
HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
POLICY = f"default-src 'none'; style-src 'sha256-{HASH}'; base-uri 'none'; frame-ancestors 'none'"


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    """Every route: what it does and what it takes."""
    page = reference(request.app.openapi())
    return HTMLResponse(page, headers={"Content-Security-Policy": POLICY})


def reference(document: Json) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    groups: dict[str, list[str]] = {}
    for path, methods in document["paths"].items():
        for method, route in methods.items():
            told = "\n".join(_route(document, method.upper(), path, route))
            groups.setdefault(next(iter(route.get("tags", [])), "other"), []).append(told)
    body = "\n".join(
        f"<h2>{escape(tag)}</h2>\n{chr(10).join(routes)}" for tag, routes in groups.items()
    )
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(info['title'])} API</title><style>{STYLE}</style>"
        f"<h1>{escape(info['title'])} {escape(info['version'])}</h1>"
        f"<p>{escape(info['description'])}</p>"
        f'<p><a href="/openapi.json">OpenAPI as JSON</a> · <a href="/">Chat · 对话</a></p>'
        f"{body}</html>"
    )


def _route(document: Json, method: str, path: str, route: Json) -> Iterator[str]:
    yield f'<h3 id="{escape(route["operationId"])}">{method} {escape(path)}</h3>'
    yield f"<p>{escape(route.get('description', ''))}</p>"
    fields = [*_parameters(route), *_body(document, route)]
    if fields:
        yield "<ul>" + "".join(f"<li>{one}</li>" for one in fields) + "</ul>"
    yield from _examples(route)


def _examples(route: Json) -> Iterator[str]:
    for part, body in media(route):
        if "example" in body:
            told = json.dumps(body["example"], indent=2, ensure_ascii=False)
            yield f"<details><summary>Example {part}</summary><pre>{escape(told)}</pre></details>"


def _parameters(route: Json) -> Iterator[str]:
    for one in route.get("parameters", []):
        said = one.get("description") or one["schema"].get("description", "")
        yield _field(one["name"], one["in"], said, required=one.get("required", False))


def _body(document: Json, route: Json) -> Iterator[str]:
    for body in route.get("requestBody", {}).get("content", {}).values():
        schema = body["schema"]
        name = schema.get("$ref", "").rpartition("/")[2]
        known = document["components"]["schemas"].get(name, schema)
        for field, about in known.get("properties", {}).items():
            needed = field in known.get("required", [])
            yield _field(field, "body", about.get("description", ""), required=needed)


def _field(name: str, place: str, said: str, *, required: bool) -> str:
    needed = ", required" if required else ""
    return f"<code>{escape(name)}</code> ({place}{needed}) {escape(said)}".rstrip()
