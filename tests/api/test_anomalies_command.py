"""`midwatch anomalies` as a program."""

import json
from pathlib import Path

import pytest

from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run
from tests.servers.test_metric_anomalies import csv, noise


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    values = noise()
    values[150] = 300
    (tmp_path / "load.csv").write_text(csv(values))
    return tmp_path


def test_it_prints_every_point_as_json_and_nothing_else(folder: Path) -> None:
    done = run("anomalies", "--csv", "load.csv", "--kind", "metric", "-o", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert {"method", "verdict", "points"} <= set(report)
    assert set(report["points"][0]) == {"at", "value", "expected", "score", "anomaly", "severity"}
    assert [one["value"] for one in report["points"] if one["anomaly"]] == [300]


@pytest.mark.parametrize(
    ("language", "said"), [("en", "1 of 200 values"), ("zh", "200 个值中有 1 个异常")]
)
def test_people_read_it_in_their_language(folder: Path, language: str, said: str) -> None:
    done = run("anomalies", "--csv", "load.csv", "--lang", language, cwd=folder)
    assert done.stdout.startswith(said)
    assert "300" in done.stdout


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("timestamp,value\nnoon,1\n", "begins with 'noon'"), ("timestamp\n", "no column")],
)
def test_bad_input_is_one_sentence(folder: Path, text: str, sentence: str) -> None:
    (folder / "bad.csv").write_text(text)
    done = run("anomalies", "--csv", "bad.csv", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_file_that_is_not_there_is_said(folder: Path) -> None:
    done = run("anomalies", "--csv", "absent.csv", cwd=folder)
    assert (done.returncode, done.stderr.strip()) == (
        2,
        "Cannot read absent.csv: No such file or directory.",
    )


async def test_rest_judges_the_same_table_and_the_metrics_of_a_service(midwatch: Midwatch) -> None:
    values = noise()
    values[150] = 300
    async with midwatch.client() as http:
        table = await http.post("/api/v1/metrics/anomalies", json={"values": csv(values)})
        asked = {"namespace": "shop", "name": "checkout", "window": "PT2H"}
        service = await http.get("/api/v1/metrics/anomalies", params=asked)
        nothing = await http.get("/api/v1/metrics/anomalies")
        names = await http.get("/api/v1/metrics", params={"contains": "http_requests"})
    assert [one["value"] for one in table.json()["points"] if one["anomaly"]] == [300]
    assert service.json()["rows"][0]["severity"] == "critical"
    assert nothing.status_code == 422
    assert names.json()["rows"] == ["http_requests_total"]
