"""Thousands of generated queries, answered by the evaluator and by a real Prometheus alike."""

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
        return str(error)[:400]
    return ""
