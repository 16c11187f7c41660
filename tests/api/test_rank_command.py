"""`midwatch rca rank` as a program."""

import json
from pathlib import Path

import pytest

from evals.made_systems import MadeCase, made_case
from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run
from tests.servers.test_rank_table import logs_csv, metrics_csv


@pytest.fixture(scope="module")
def case() -> MadeCase:
    return made_case(78, fault="errors", components=8)


@pytest.fixture(scope="module")
def files(case: MadeCase, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("table")
    (folder / "metrics.csv").write_text(metrics_csv(case))
    (folder / "logs.csv").write_text(logs_csv(case))
    (folder / "graph.json").write_text(json.dumps({"edges": case.edges}))
    return folder


def test_it_prints_the_ranking_as_json_and_nothing_else(case: MadeCase, files: Path) -> None:
    done = run(
        "rca", "rank", "--metrics", "metrics.csv", "--at", str(case.at), "--graph", "graph.json",
        "--logs", "logs.csv", "--target", case.target, "-o", "json", cwd=files,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert {"component", "metric", "score"} <= set(report["ranking"][0])
    assert {"ranking", "method", "window"} <= set(report)
    assert set(report["window"]) == {"from", "at", "to"}
    assert report["ranking"][0]["component"] == case.root


def test_it_tells_people_what_moved(case: MadeCase, files: Path) -> None:
    done = run("rca", "rank", "--metrics", "metrics.csv", "--at", str(case.at), cwd=files)
    assert done.stdout.startswith("Root cause found")
    assert f"1. {case.root}" in done.stdout
    assert "of its usual spreads" in done.stdout


def test_a_table_needs_no_kubeconfig_not_even_a_whole_one(case: MadeCase, files: Path) -> None:
    (files / "broken.yaml").write_text("{clusters: [")
    broken = {"KUBECONFIG": str(files / "broken.yaml")}
    done = run("rca", "rank", "--metrics", "metrics.csv", cwd=files, **broken)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--metrics", "absent.csv"), "Cannot read absent.csv"),
        (("--metrics", "metrics.csv", "--graph", "logs.csv"), "logs.csv is no JSON"),
        (("--metrics", "metrics.csv", "--at", "noon"), "'noon' is not a moment"),
    ],
)
def test_bad_input_is_one_sentence(files: Path, options: tuple[str, ...], sentence: str) -> None:
    done = run("rca", "rank", *options, cwd=files)
    assert (done.returncode, done.stdout) == (2, "")
    assert sentence in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_graph_of_another_shape_is_refused(files: Path) -> None:
    (files / "odd.json").write_text('{"edges": [["a"]]}')
    done = run("rca", "rank", "--metrics", "metrics.csv", "--graph", "odd.json", cwd=files)
    assert done.returncode == 2
    assert "odd.json is no call graph" in done.stderr


async def test_rest_ranks_the_same_table(case: MadeCase, midwatch: Midwatch) -> None:
    body = {"metrics": metrics_csv(case), "at": str(case.at), "edges": case.edges}
    async with midwatch.client() as http:
        response = await http.post("/api/v1/rca/rank", json=body)
    assert response.status_code == 200
    assert response.json()["ranking"][0]["component"] == case.root
