"""rca_rank_table over the wire: tables as text in, ranked rows with evidence out."""

import csv
from collections.abc import AsyncGenerator
from datetime import UTC, datetime
from io import StringIO
from math import isfinite
from typing import Any

import pytest

from core.errors import Forbidden, Invalid
from evals.made_systems import MadeCase, made_case
from mcp_servers.client import Connections, Tools, in_process
from tests.servers.conftest import ANN, BOB


@pytest.fixture
async def tools() -> AsyncGenerator[Tools]:
    """No cluster is there: a table needs none."""
    async with in_process(Connections(clusterless=True)) as sessions:
        yield Tools(sessions, ANN)


@pytest.fixture(scope="module")
def case() -> MadeCase:
    return made_case(80, fault="errors", components=8)


def metrics_csv(case: MadeCase) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["timestamp", *case.columns])
    for row, at in enumerate(case.timestamps):
        values = (values[row] for values in case.columns.values())
        writer.writerow([int(at), *(f"{one:.6g}" if isfinite(one) else "" for one in values)])
    return text.getvalue()


def logs_csv(case: MadeCase) -> str:
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["timestamp", "component", "message"])
    writer.writerows(
        (datetime.fromtimestamp(at, UTC).isoformat(), *said) for at, *said in case.logs
    )
    return text.getvalue()


async def asked(tools: Tools, case: MadeCase, **more: Any) -> dict[str, Any]:
    whole = {"metrics": metrics_csv(case), "at": str(case.at), **more}
    return (await tools.call("rca_rank_table", **whole)).data


async def test_the_broken_component_is_first_and_its_evidence_is_in_the_table(
    tools: Tools, case: MadeCase
) -> None:
    report = await asked(tools, case, edges=list(case.edges), logs=logs_csv(case))
    first = report["ranking"][0]
    assert (report["verdict"], first["rank"], first["component"]) == ("found", 1, case.root)
    assert first["evidence"]
    for row in report["ranking"]:
        for one in row["evidence"]:
            assert one["metric"] == "logs" or f"{row['component']}:{one['metric']}" in case.columns
            assert row["component"] in one["text"]
    assert report["ranking"] == sorted(report["ranking"], key=lambda row: -row["score"])


async def test_confidences_are_probabilities(tools: Tools, case: MadeCase) -> None:
    report = await asked(tools, case)
    rows = report["ranking"]
    assert all(0 <= row["confidence"] <= 1 for row in rows)
    assert sum(row["confidence"] for row in rows) <= 1.01
    assert len({row["confidence"] for row in rows}) > 1


async def test_metrics_are_ranked_one_a_row(tools: Tools, case: MadeCase) -> None:
    report = await asked(tools, case, granularity="metric")
    pairs = [(row["component"], row["metric"]) for row in report["ranking"]]
    assert len(set(pairs)) == len(pairs) > 20
    assert pairs[0] == (case.root, case.moved[0])


async def test_the_window_is_told_in_rfc_3339(tools: Tools, case: MadeCase) -> None:
    window = (await asked(tools, case))["window"]
    moments = [datetime.fromisoformat(window[key]).timestamp() for key in ("from", "at", "to")]
    assert moments == [case.timestamps[0], case.at, case.timestamps[-1]]


async def test_rfc_3339_and_milliseconds_are_read_like_seconds(
    tools: Tools, case: MadeCase
) -> None:
    at = datetime.fromtimestamp(case.at, UTC).isoformat()
    assert (await asked(tools, case, at=at))["ranking"] == (await asked(tools, case))["ranking"]
    millis = await asked(tools, case, at=f"{int(case.at)}000")
    assert millis["ranking"][0]["component"] == case.root


async def test_without_a_moment_one_is_found(tools: Tools, case: MadeCase) -> None:
    report = await asked(tools, case, at="")
    assert "change point" in report["method"]
    assert report["window"]["at"]


async def test_too_little_data_is_an_answer_that_says_so(tools: Tools) -> None:
    short = "timestamp,a:cpu\n0,1\n60,2\n"
    report = (await tools.call("rca_rank_table", metrics=short, at="60")).data
    assert (report["verdict"], report["ranking"]) == ("insufficient_data", [])
    assert report["notes"] == [
        "There are 1 rows before that moment and 1 from it on; at least 2 and 1 are needed."
    ]


async def test_notes_and_evidence_are_told_in_chinese_too(tools: Tools, case: MadeCase) -> None:
    report = await asked(tools, case, language="zh", target="nobody:cpu")
    assert any("没有名为 nobody:cpu 的组件" in note for note in report["notes"])
    assert "为其通常波动的" in report["ranking"][0]["evidence"][0]["text"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"metrics": "timestamp\n1\n"}, "no column beside the first"),
        ({"metrics": "timestamp,a:b\n1,2\nnoon,2\n"}, "Line 3 of the metrics begins with 'noon'"),
        ({"metrics": "timestamp,a:b\n1,2,3\n"}, "Line 2 of the metrics has 3 fields"),
        ({"metrics": "timestamp,a:b\n1,two\n"}, "Line 2 of the metrics: a:b is 'two'"),
        ({"metrics": "timestamp,a:b\n1,2\n", "at": "noon"}, "'noon' is not a moment"),
        ({"metrics": "timestamp,a:b\n1,2\n", "logs": "when,what\n"}, "no column timestamp"),
    ],
)
async def test_what_is_wrong_in_a_file_is_named(
    tools: Tools, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence):
        await tools.call("rca_rank_table", **arguments)


async def test_words_that_stand_for_no_value_are_gaps(tools: Tools) -> None:
    rows = "".join(f"{60 * i},{1 + i % 2},{'NaN' if i % 3 else 'null'}\n" for i in range(12))
    report = (
        await tools.call("rca_rank_table", metrics=f"timestamp,a:cpu,b:cpu\n{rows}", at="480")
    ).data
    assert [row["component"] for row in report["ranking"]] == ["a"]


async def test_it_needs_the_right_to_read_incidents() -> None:
    async with in_process(Connections(clusterless=True)) as sessions:
        with pytest.raises(Forbidden, match="incidents:read"):
            await Tools(sessions, BOB).call("rca_rank_table", metrics="timestamp,a:b\n1,2\n")
