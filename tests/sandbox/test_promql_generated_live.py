"""Thousands of generated queries, answered by the evaluator and by a real Prometheus alike."""

import json
import urllib.request
from collections.abc import Generator
from typing import Any

import pytest

from tests.sandbox import promql_cases as cases
from tests.sandbox.promql_generated import Grammar
from tests.sandbox.test_promql_live import Urls, ask, assert_same, urls

pytestmark = pytest.mark.live

__all__ = ["urls"]

SEEDS = range(32)
QUERIES_A_SEED = 100

RANGE = {"start": cases.START_S + 1000, "end": cases.END_S - 1000, "step": 1111}
INSTANT = cases.START_S + 7777.5


@pytest.mark.parametrize("seed", SEEDS)
def test_generated_queries_are_answered_alike(urls: Urls, seed: int) -> None:
    differences = list(differing(urls, seed))
    assert differences == []


@pytest.mark.parametrize("seed", [101, 102])
def test_generated_queries_are_laid_out_alike(urls: Urls, seed: int) -> None:
    """But for a unary plus, which the parser does not keep, and a subquery over brackets.

    The real server begins a short one of these at the left edge, whatever it stands in.
    """
    generated = Grammar(seed).queries(2 * QUERIES_A_SEED)
    queries = (one for one in generated if "+(" not in one and ")[" not in one)
    for query in queries:
        ours, real = (ask(url, "format_query", query=query) for url in urls)
        assert ours[0] == real[0], query
        assert ours[0] != 200 or ours == real


@pytest.mark.parametrize(
    "path",
    ["labels", "label/service/values", "label/__name__/values", "targets", "rules", "alerts"],
)
def test_what_there_is_to_ask_for_is_listed_alike(urls: Urls, path: str) -> None:
    ours, real = (read(f"{url}/api/v1/{path}") for url in urls)
    assert ours == real


@pytest.mark.parametrize("seed", [201, 202])
def test_series_and_labels_of_generated_selectors_are_listed_alike(urls: Urls, seed: int) -> None:
    grammar = Grammar(seed)
    during = {"start": cases.START_S, "end": cases.END_S}
    for selector in (grammar.plain_selector() for _ in range(60)):
        for path in ("series", "labels"):
            ours, real = (ask(url, path, **during, **{"match[]": selector}) for url in urls)
            assert ours[0] == real[0], selector
            assert ours[0] != 200 or ours == real, selector


def read(url: str) -> Any:
    with urllib.request.urlopen(url, timeout=30) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def differing(urls: Urls, seed: int) -> Generator[str]:
    for query in Grammar(seed).queries(QUERIES_A_SEED):
        for path, fields in (("query_range", RANGE), ("query", {"time": INSTANT})):
            ours, real = (ask(url, path, query=query, **fields) for url in urls)
            why = difference(ours, real)
            if why:
                yield f"{path} {query}: {why}"


def difference(ours: tuple[int, Any], real: tuple[int, Any]) -> str:
    """Refusals are compared by their kind: which of several series a sentence names is chance."""
    if ours[0] != real[0]:
        return f"{ours[0]} {ours[1].get('error')} for {real[0]} {real[1].get('error')}"
    if real[0] != 200:
        kinds = ours[1]["errorType"], real[1]["errorType"]
        return "" if kinds[0] == kinds[1] else f"{kinds}"
    try:
        assert_same(ours[1]["data"], real[1]["data"])
    except AssertionError as error:
        return str(error)[:400] or "other values"
    return ""
