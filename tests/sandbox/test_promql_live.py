"""PromQL compared, query by query, with a real Prometheus over the same samples."""

import json
import math
import shutil
import urllib.error
import urllib.request
from collections.abc import Generator
from typing import Any
from urllib.parse import urlencode

import pytest

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox import promql_cases as cases
from tests.sandbox.prometheus_servers import real_prometheus, serving

pytestmark = pytest.mark.live

RANGE = {"start": cases.START_S - 100, "end": cases.END_S + 500, "step": cases.STEP_S}
INSTANTS = (cases.START_S + 3600, cases.START_S + 7777.5, cases.END_S)
TOLERANCE = 1e-9

Urls = tuple[str, str]


@pytest.fixture(scope="module")
def urls(tmp_path_factory: pytest.TempPathFactory) -> Generator[Urls]:
    """Ours and the real one."""
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    folder = tmp_path_factory.mktemp("prometheus")
    metrics = folder / "metrics.om"
    cases.write_metrics(metrics)
    series = SeriesStore.read([metrics], grows=False)
    ours = routes(series, [], lambda: cases.END_S + 600.0)
    with serving(ours) as practice, real_prometheus(folder, metrics) as real:
        yield practice, real


def ask(url: str, path: str, **fields: Any) -> tuple[int, Any]:
    request = urllib.request.Request(f"{url}/api/v1/{path}", urlencode(fields).encode())  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310
            return response.status, json.load(response)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def both(urls: Urls, path: str, **fields: Any) -> tuple[Any, Any]:
    ours, real = (ask(url, path, **fields) for url in urls)
    assert ours[0] == real[0], (ours, real)
    return ours[1], real[1]


def by_labels(result: Any) -> dict[str, dict[float, float]]:
    return {
        json.dumps(one["metric"], sort_keys=True): {
            at: float(value) for at, value in one.get("values") or [one["value"]]
        }
        for one in result
    }


def assert_same(ours: Any, real: Any) -> None:
    assert ours["resultType"] == real["resultType"]
    if ours["resultType"] == "scalar":
        assert ours["result"][0] == real["result"][0]
        assert close(float(ours["result"][1]), float(real["result"][1]))
        return
    if ours["resultType"] == "string":
        assert ours["result"] == real["result"]
        return
    found, expected = by_labels(ours["result"]), by_labels(real["result"])
    assert set(found) == set(expected)
    for labels, points in expected.items():
        assert set(found[labels]) == set(points), labels
        for at, value in points.items():
            assert close(found[labels][at], value), (labels, at, found[labels][at], value)


def close(found: float, expected: float) -> bool:
    if math.isnan(found) or math.isnan(expected):
        return math.isnan(found) and math.isnan(expected)
    return math.isclose(found, expected, rel_tol=TOLERANCE)


@pytest.mark.parametrize("query", cases.ALL)
def test_over_time(urls: Urls, query: str) -> None:
    ours, real = both(urls, "query_range", query=query, **RANGE)
    assert_same(ours["data"], real["data"])


@pytest.mark.parametrize("query", cases.ALL)
def test_at_once(urls: Urls, query: str) -> None:
    for at in INSTANTS:
        ours, real = both(urls, "query", query=query, time=at)
        assert_same(ours["data"], real["data"])


@pytest.mark.parametrize("query", cases.cases(cases.ORDERED))
def test_order(urls: Urls, query: str) -> None:
    ours, real = both(urls, "query", query=query, time=INSTANTS[0])
    order = [[one["metric"] for one in answer["data"]["result"]] for answer in (ours, real)]
    assert order[0] == order[1]


@pytest.mark.parametrize("query", cases.cases(cases.SAMPLES))
def test_raw_samples(urls: Urls, query: str) -> None:
    ours, real = both(urls, "query", query=query, time=INSTANTS[1])
    assert_same(ours["data"], real["data"])


@pytest.mark.parametrize("query", cases.cases(cases.REFUSED))
def test_what_cannot_be_evaluated_is_told_in_the_same_words(urls: Urls, query: str) -> None:
    ours, real = both(urls, "query_range", query=query, **RANGE)
    assert ours == real


@pytest.mark.parametrize("query", cases.cases(cases.UNPARSABLE))
def test_what_is_not_promql_is_bad_data(urls: Urls, query: str) -> None:
    ours, real = both(urls, "query", query=query)
    assert ours["errorType"] == real["errorType"] == "bad_data"
    assert "parse error: " in ours["error"]
