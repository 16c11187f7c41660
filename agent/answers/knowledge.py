"""Hits of the knowledge base told: the best passage, and where to read on."""

from collections.abc import Mapping
from typing import Any

from agent.answers.markdown import joined, plain
from agent.asked import Asked
from agent.toolbox import Result
from agent.wording import phrase

SNIPPETS_SHOWN = 3


def told_hits(asked: Asked, result: Result) -> str:
    hits: list[Mapping[str, Any]] = list(result.data.get("hits") or [])
    if not hits:
        return phrase("knowledge.none", asked.language)
    shown = [_hit(hit, result) for hit in hits[:SNIPPETS_SHOWN]]
    return joined([phrase("knowledge.found", asked.language), *shown])


def _hit(hit: Mapping[str, Any], result: Result) -> str:
    n = result.numbers.get(f"{hit['doc']}#{hit.get('heading', '')}")
    mark = f" [{n}]" if n else ""
    titles = [plain(hit[key], 120) for key in ("title", "heading") if hit.get(key)]
    head = " › ".join(dict.fromkeys(titles)) or plain(hit["doc"])
    quoted = "\n".join(f"> {line}" for line in str(hit["snippet"]).strip().splitlines())
    return f"**{head}**{mark}\n\n{quoted}"
