"""What is not PromQL is refused at the same place and in the same words as by a real Prometheus."""

import random
import re
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from sandbox.promql import Unparsable, parse
from tests.sandbox.prometheus_servers import real_prometheus
from tests.sandbox.promql_generated import Grammar
from tests.sandbox.test_prometheus_api import ask

pytestmark = pytest.mark.live

BATCHES, QUERIES = 8, 80
_PIECES = re.compile(r'\s+|\w+|"[^"]*"|.')
_STRANGE = [
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    "+",
    "-",
    "*",
    "/",
    "==",
    ">",
    "<",
    "=",
    "!=",
    "=~",
    "~",
    "!",
    "@",
    "offset",
    "by",
    "without",
    "on",
    "ignoring",
    "group_left",
    "bool",
    "5m",
    "1h",
    "5",
    "up",
    "sum",
    "rate",
    "topk",
    '"x"',
    "'",
    '"',
    "`",
    "and",
    "or",
    "unless",
    "atan2",
    "start()",
    "end",
    "x:y",
    ":",
    "é",
    "$",
    "\\",
    "#",
    ".",
    "1e",
    "0x",
    "foo(",
    "time()",
    "5mm",
    "[5m]",
    "[5m:]",
    "@1e30",
    "NaN",
]


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    folder: Path = tmp_path_factory.mktemp("refusals")
    with real_prometheus(folder) as real:
        yield real


def spoilt(seed: int) -> Iterator[str]:
    """Generated queries, and each with a piece taken away, replaced, added or swapped, or cut off."""
    chance = random.Random(seed)  # noqa: S311 - tests, not secrets
    for query in Grammar(seed).queries(QUERIES):
        yield query
        for _ in range(4):
            pieces = _PIECES.findall(query)
            at, other = chance.randrange(len(pieces)), chance.randrange(len(pieces))
            pieces[at : at + 1] = chance.choice(
                (
                    [],
                    [chance.choice(_STRANGE)],
                    [chance.choice(_STRANGE), pieces[at]],
                    [pieces[other]],
                )
            )
            yield "".join(pieces if chance.random() < 0.8 else pieces[:other])


def refusal(query: str) -> str:
    try:
        parse(query)
    except Unparsable as error:
        return error.message
    return ""


def refusal_of(url: str, query: str) -> str:
    """What the real server says of the text; not of what it finds when it evaluates it."""
    _, body = ask(url, f"api/v1/query?{urlencode({'query': query})}")
    named, error = 'invalid parameter "query": ', body.get("error", "")
    return error.removeprefix(named) if error.startswith(named) else ""


@pytest.mark.parametrize("seed", range(BATCHES))
def test_spoilt_queries_are_refused_alike(url: str, seed: int) -> None:
    queries = sorted(set(spoilt(seed)))
    told = {query: refusal_of(url, query) for query in queries}
    assert {query: refusal(query) for query in queries} == told
    assert sum(map(bool, told.values())) > len(told) / 3
