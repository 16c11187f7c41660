"""`midwatch logs patterns` as a program."""

import json
from pathlib import Path

import pytest

from api.cli.words import word
from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run

LOG = (
    "2026-11-20T12:00:00Z INFO served cart 7 in 12 ms\n"
    "2026-11-20T12:00:01Z ERROR cannot reach ledger\n"
    "java.net.ConnectException: Connection refused\n"
    "\tat com.shop.Ledger.call(Ledger.java:88)\n"
    "2026-11-20T12:00:02Z INFO served cart 9 in 15 ms\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "a.log").write_text(LOG)
    (tmp_path / "b.log").write_text("2026-11-20T11:59:00Z INFO served cart 1 in 9 ms")
    return tmp_path


def test_it_prints_the_patterns_as_json_and_nothing_else(folder: Path) -> None:
    done = run("logs", "patterns", "a.log", "b.log", "-o", "json", cwd=folder)
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    served = report["patterns"][0]
    assert (report["lines"], "assignments" in report) == (6, False)
    assert {"id", "template", "count", "first", "last", "examples"} <= set(served)
    assert served["template"] == "INFO served cart <*> in <*> ms"
    assert served["count"] == 3
    assert (served["first"], served["last"]) == ("2026-11-20T11:59:00Z", "2026-11-20T12:00:02Z")
    assert served["examples"][0] == LOG.splitlines()[0]


def test_every_line_of_the_input_is_assigned_in_order(folder: Path) -> None:
    done = run("logs", "patterns", "a.log", "b.log", "--assign", "-o", "json", cwd=folder)
    report = json.loads(done.stdout)
    ids = {one["template"]: one["id"] for one in report["patterns"]}
    served = ids["INFO served cart <*> in <*> ms"]
    failed = report["assignments"][1]
    assert failed in ids.values()
    assert failed != served
    assert report["assignments"] == [served, failed, failed, failed, served, served]


def test_a_large_file_is_assigned_to_the_last_line(tmp_path: Path) -> None:
    lines = "".join(f"2026-11-20T12:00:00Z INFO job {n} done\n" for n in range(60_000))
    done = run("logs", "patterns", "-", "--assign", "-o", "json", cwd=tmp_path, stdin=lines)
    report = json.loads(done.stdout)
    assert (report["lines"], len(report["assignments"])) == (60_000, 60_000)


def test_standard_input_is_read_like_a_file(folder: Path) -> None:
    piped = run("logs", "patterns", "-", "-o", "json", cwd=folder, stdin=LOG)
    named = run("logs", "patterns", "a.log", "-o", "json", cwd=folder)
    assert json.loads(piped.stdout) == json.loads(named.stdout)


def test_people_read_it_in_their_language(folder: Path) -> None:
    for language in ("en", "zh"):
        done = run("logs", "patterns", "a.log", "--lang", language, cwd=folder)
        assert done.stdout.startswith(word("log_kinds", language, kinds=2, lines=5))
        assert "INFO served cart <*> in <*> ms" in done.stdout


def test_a_file_that_is_not_there_is_one_sentence(folder: Path) -> None:
    done = run("logs", "patterns", "a.log", "absent.log", cwd=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.strip() == "Cannot read absent.log: No such file or directory."


def test_an_empty_file_has_no_patterns(folder: Path) -> None:
    (folder / "empty.log").write_text("")
    done = run("logs", "patterns", "empty.log", "--assign", "-o", "json", cwd=folder)
    report = json.loads(done.stdout)
    assert (report["lines"], report["patterns"], report["assignments"]) == (0, [], [])


async def test_rest_sums_up_the_same_files(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        response = await http.post("/api/v1/logs/patterns", json={"logs": [LOG], "assign": True})
        empty = await http.post("/api/v1/logs/patterns", json={"logs": []})
    assert (response.status_code, empty.status_code) == (200, 422)
    assert len(response.json()["assignments"]) == 5
