"""Which shipped page of the knowledge base is about which rule of diagnosis."""

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from mcp_servers.rca.shapes import Language


@cache
def _pages() -> Mapping[str, str]:
    text = files("mcp_servers.rca").joinpath("catalogue", "runbooks.toml").read_text("utf-8")
    return {
        f"{family}.{rule}": page
        for family, rules in tomllib.loads(text).items()
        for rule, page in rules.items()
    }


def runbook_of(rule: str, language: Language) -> str:
    """The name of the page as knowledge_get_document takes it; "" where there is none."""
    page = _pages().get(rule)
    return f"runbooks/{page}.{language}.md" if page else ""
