"""Prometheus's HTTP API: the same expectations of the practice cluster's and of the real one."""

import json
import shutil
import subprocess
import urllib.error
import urllib.request
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect

from sandbox.prometheus_api import routes
from sandbox.series import SeriesStore
from tests.sandbox.prometheus_servers import real_prometheus, serving

T = 1_700_000_000
METRICS = "\n".join(
    [
        "# TYPE up gauge",
        "# HELP up Whether the last scrape succeeded.",
        *(f'up{{job="api",instance="api:80"}} 1 {T + at}' for at in range(0, 600, 30)),
        *(f'up{{job="db",instance="db:80"}} {at % 60 // 30} {T + at}' for at in range(0, 600, 30)),
        "# TYPE hits counter",
        *(f'hits_total{{job="api",code="200"}} {at * 2} {T + at}' for at in range(0, 600, 30)),
        "# EOF",
        "",
    ]
)


@pytest.fixture(scope="module", params=["practice", pytest.param("real", marks=pytest.mark.live)])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Generator[str]:
    folder = tmp_path_factory.mktemp("prometheus")
    metrics = folder / "metrics.om"
    metrics.write_text(METRICS)
    if request.param == "practice":
        series = SeriesStore.read([metrics], grows=False)
        with serving(routes(series, [], lambda: T + 630.0)) as address:
            yield address
        return
    assert shutil.which("prometheus"), "Debian's prometheus is missing"
    with real_prometheus(folder, metrics) as address:
        yield address


def ask(url: str, path: str, form: Any = None, method: str | None = None) -> tuple[int, Any]:
    """Status and JSON, or text where it is none."""
    data = None if form is None else urlencode(form, doseq=True).encode()
    request = urllib.request.Request(f"{url}/{path}", data, method=method)  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
            status, content = response.status, response.read()
    except urllib.error.HTTPError as error:
        status, content = error.code, error.read()
    try:
        return status, json.loads(content)
    except json.JSONDecodeError:
        return status, content.decode()


def data(url: str, path: str, **fields: Any) -> Any:
    status, answer = ask(url, f"api/v1/{path}?{urlencode(fields, doseq=True)}")
    assert (status, answer["status"]) == (200, "success"), answer
    return answer["data"]


API_UP = {"__name__": "up", "instance": "api:80", "job": "api"}


def test_a_vector_has_one_value_a_series(url: str) -> None:
    assert data(url, "query", query='up{job="api"}', time=T + 100.1234) == {
        "resultType": "vector",
        "result": [{"metric": API_UP, "value": [T + 100.123, "1"]}],
    }


@pytest.mark.parametrize(
    ("query", "kind", "result"),
    [
        ("1.5", "scalar", [T, "1.5"]),
        ("1e21", "scalar", [T, "1000000000000000000000"]),
        ("vector(1e21)", "vector", [{"metric": {}, "value": [T, "1e+21"]}]),
        ("123456789012345678", "scalar", [T, "123456789012345680"]),
        ("0.000001", "scalar", [T, "0.000001"]),
        ("1e-7", "scalar", [T, "0.0000001"]),
        ("vector(1e-7)", "vector", [{"metric": {}, "value": [T, "1e-07"]}]),
        ("vector(0.000012)", "vector", [{"metric": {}, "value": [T, "0.000012"]}]),
        ("-1/0", "scalar", [T, "-Inf"]),
        ("0/0", "scalar", [T, "NaN"]),
        ('"text"', "string", [T, "text"]),
        ("nothing", "vector", []),
    ],
)
def test_values_are_written_as_go_writes_them(url: str, query: str, kind: str, result: Any) -> None:
    assert data(url, "query", query=query, time=T) == {"resultType": kind, "result": result}


def test_a_range_selector_gives_its_samples(url: str) -> None:
    found = data(url, "query", query='up{job="db"}[1m]', time=T + 70)
    assert found["resultType"] == "matrix"
    assert found["result"][0]["values"] == [[T + 30, "1"], [T + 60, "0"]]


def test_a_range_query_has_a_value_a_step(url: str) -> None:
    fields = {"query": 'up{job="api"}', "start": T, "end": T + 100.5, "step": "45s"}
    expected = [{"metric": API_UP, "values": [[T, "1"], [T + 45, "1"], [T + 90, "1"]]}]
    assert data(url, "query_range", **fields) == {"resultType": "matrix", "result": expected}


def test_a_form_is_taken_like_a_query_string(url: str) -> None:
    form = {"query": "hits_total", "start": T, "end": T + 60, "step": 60}
    status, answer = ask(url, "api/v1/query_range", form)
    assert status == 200
    assert answer["data"] == data(url, "query_range", **form)


def test_times_may_be_rfc_3339(url: str) -> None:
    at = datetime.fromtimestamp(T + 60, UTC).isoformat().replace("+00:00", "Z")
    assert data(url, "query", query="time()", time=at)["result"] == [T + 60, str(T + 60)]


def test_series_labels_and_values(url: str) -> None:
    during = {"start": T, "end": T + 600}
    assert data(url, "series", **during, **{"match[]": ['up{job="api"}', "hits_total"]}) == [
        {"__name__": "hits_total", "code": "200", "job": "api"},
        API_UP,
    ]
    assert data(url, "labels") == ["__name__", "code", "instance", "job"]
    assert data(url, "labels", **during, **{"match[]": "up"}) == ["__name__", "instance", "job"]
    assert data(url, "label/job/values") == ["api", "db"]
    assert data(url, "label/__name__/values", **during, **{"match[]": '{job="db"}'}) == ["up"]
    assert data(url, "label/nothing/values") == []


def test_it_is_ready_and_healthy(url: str) -> None:
    assert ask(url, "-/ready") == (200, "Prometheus Server is Ready.\n")
    assert ask(url, "-/healthy") == (200, "Prometheus Server is Healthy.\n")
    about = {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}
    assert set(data(url, "status/buildinfo")) == about
    assert data(url, "query_exemplars", query="up") == []


TIME = 'cannot parse "x" to a valid timestamp'


@pytest.mark.parametrize(
    ("path", "error"),
    [
        ("query?query=up&time=x", f"invalid parameter \"time\": Invalid time value for 'time': {TIME}"),
        ("query?query=up&timeout=x", 'invalid parameter "timeout": cannot parse "x" to a valid duration'),
        ("query_range?query=up&start=x", f'invalid parameter "start": {TIME}'),
        (
            "query_range?query=up&start=2&end=1&step=1",
            'invalid parameter "end": end timestamp must not be before start time',
        ),
        (
            "query_range?query=up&start=1&end=2",
            'invalid parameter "step": cannot parse "" to a valid duration',
        ),
        (
            "query_range?query=up&start=1&end=2&step=0",
            'invalid parameter "step": zero or negative query resolution step widths are not accepted.'
            + " Try a positive integer",
        ),
        (
            "query_range?query=up&start=0&end=11001&step=1",
            "exceeded maximum resolution of 11,000 points per timeseries."
            + " Try decreasing the query resolution (?step=XX)",
        ),
        (
            "query_range?query=up[1m]&start=1&end=2&step=1",
            'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
        ),
        ("series", "no match[] parameter provided"),
        (
            "labels?start=x",
            f"invalid parameter \"start\": Invalid time value for 'start': {TIME}",
        ),
        ("label/a-b/values", 'invalid label name: "a-b"'),
        ("rules?type=x", 'invalid parameter "type": not supported value "x"'),
        ("metadata?limit=x", "limit must be a number"),
    ],
)  # fmt: skip
def test_bad_data_is_told_in_the_same_words(url: str, path: str, error: str) -> None:
    expected = {"status": "error", "errorType": "bad_data", "error": error}
    assert ask(url, f"api/v1/{path}") == (400, expected)


@pytest.mark.parametrize("path", ["query?query=up{", "query?query=", "series?match[]=up{"])
def test_what_is_not_promql_is_bad_data(url: str, path: str) -> None:
    status, answer = ask(url, f"api/v1/{path}")
    assert (status, answer["errorType"]) == (400, "bad_data")
    assert answer["error"].startswith('invalid parameter "')
    assert "parse error: " in answer["error"]


def test_the_largest_resolution_is_allowed(url: str) -> None:
    fields = {"query": "vector(1)", "start": 0, "end": 11_000, "step": 1}
    assert len(data(url, "query_range", **fields)["result"][0]["values"]) == 11_001


@pytest.mark.parametrize(
    ("method", "path", "status", "text"),
    [
        ("GET", "api/v1/nothing", 404, "404 page not found"),
        ("DELETE", "api/v1/query", 405, "Method Not Allowed"),
        ("POST", "api/v1/targets", 405, "Method Not Allowed"),
    ],
)
def test_other_addresses(url: str, method: str, path: str, status: int, text: str) -> None:
    found, answer = ask(url, path, method=method)
    assert (found, str(answer).strip()) == (status, text)


def test_the_public_client_works_against_it(url: str) -> None:
    client = PrometheusConnect(url)
    begin, end = (datetime.fromtimestamp(T + at, UTC) for at in (0, 300))
    assert client.check_prometheus_connection()
    assert client.all_metrics() == ["hits_total", "up"]
    assert client.get_label_values("job") == ["api", "db"]
    found = client.custom_query_range("sum(rate(hits_total[2m]))", begin, end, "60")
    assert [float(value) for _, value in found[0]["values"][2:]] == [2.0] * 3
    samples = client.get_metric_range_data("up", {"job": "api"}, begin, end)
    assert len(samples[0]["values"]) == 11
    with pytest.raises(PrometheusApiClientException, match="parse error"):
        client.custom_query("up{")


@pytest.mark.live
def test_promtool_works_against_it(url: str) -> None:
    def promtool(*arguments: str) -> str:
        command = ["promtool", "query", *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    at = f"--time={T + 100}"
    assert promtool("instant", at, url, 'up{job="api"}') == (
        f'up{{instance="api:80", job="api"}} => 1 @[{T + 100}]\n'
    )
    during = [f"--start={T}", f"--end={T + 60}"]
    assert promtool("labels", *during, url, "job").split() == ["api", "db"]
    assert "hits_total" in promtool("series", *during, "--match=hits_total", url)
    assert promtool("range", *during, "--step=30s", url, 'up{job="db"}').count("@[") == 3
