"""Addresses that people may open, as they are given by programs."""

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field

from core.faults import Unfit
from core.sentences import Sentences

WORDS = Sentences("core", "links")


def _web_address(url: str) -> str:
    try:
        parts = urlsplit(url)
        good = parts.scheme in ("https", "http") and bool(parts.hostname)
    except ValueError:
        good = False
    if url and (not good or any(one.isspace() for one in url)):
        raise Unfit(WORDS.said("web_address"))
    return url


WebAddress = Annotated[
    str,
    AfterValidator(_web_address),
    Field(max_length=1000, json_schema_extra={"pattern": r"^(https?://\S+)?$"}),
]
