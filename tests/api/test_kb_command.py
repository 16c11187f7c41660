"""`midwatch kb` as a program, and the knowledge base by REST."""

import json
from pathlib import Path

from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run


def test_pages_are_added_searched_and_kept_in_step(tmp_path: Path) -> None:
    pages = tmp_path / "pages"
    pages.mkdir()
    (pages / "walrus.md").write_text("# Walrus feeding\n\nFeed the walrus at noon.")
    (pages / "bad.md").write_bytes(b"\xff\xfe\x00")
    index = ("--index", str(tmp_path / "index"))
    added = run("kb", "add", "pages", *index, "-o", "json", cwd=tmp_path)
    report = json.loads(added.stdout)["sources"][0]
    assert (added.returncode, report["added"], report["skipped_total"]) == (1, 1, 1)
    assert report["skipped"][0]["doc"] == "pages/bad.md"
    chinese = run("kb", "add", "pages", *index, "--lang", "zh", cwd=tmp_path)
    assert "pages/bad.md: 不是 UTF-8、UTF-16 或 GB 18030 编码的文本。" in chinese.stdout

    queries = tmp_path / "questions.txt"
    queries.write_text("when do we feed the walrus\n怎么做红烧肉\n")
    asked = run("kb", "search", "--queries", "questions.txt", "-k", "5", *index, cwd=tmp_path)
    first, second = (json.loads(line) for line in asked.stdout.splitlines())
    assert {"doc", "title", "heading", "score", "snippet"} <= set(first["hits"][0])
    assert first["hits"][0]["doc"] == "pages/walrus.md"
    assert first["relevant"]
    assert not second["relevant"]

    (pages / "walrus.md").unlink()
    (pages / "bad.md").unlink()
    again = run("kb", "reindex", *index, "-o", "json", cwd=tmp_path)
    assert json.loads(again.stdout)["sources"][0]["removed"] == 1
    gone = run("kb", "search", "walrus", *index, cwd=tmp_path)
    assert gone.returncode == 1


def test_a_question_without_a_service_finds_pages_that_were_added_here(tmp_path: Path) -> None:
    (tmp_path / "walrus.md").write_text("# Walrus feeding\n\nFeed the walrus at noon.")
    before = run("ask", "how do we feed the walrus?", cwd=tmp_path)
    assert "Feed the walrus at noon" not in before.stdout
    assert not (tmp_path / "data" / "knowledge").exists()
    assert run("kb", "add", "walrus.md", cwd=tmp_path).returncode == 0
    after = run("ask", "how do we feed the walrus?", cwd=tmp_path)
    assert "Feed the walrus at noon" in after.stdout


def test_wrong_use_is_one_sentence(tmp_path: Path) -> None:
    for words in (("search",), ("add", "none")):
        done = run("kb", *words, cwd=tmp_path)
        assert (done.returncode, done.stdout) == (2, "")
        assert "Traceback" not in done.stderr


async def test_the_knowledge_base_is_used_by_rest(midwatch: Midwatch) -> None:
    name = "/api/v1/knowledge/documents/team/walrus.md"
    async with midwatch.client() as http:
        put = await http.put(name, content=b"# Walrus\n\nFeed the walrus at noon.")
        found = await http.post("/api/v1/knowledge/search", json={"query": "walrus feeding"})
        read = await http.get(name)
        listed = await http.get("/api/v1/knowledge/documents", params={"rule": "pod.oom_killed"})
        counted = await http.get("/api/v1/knowledge/stats")
        outside = await http.put("/api/v1/knowledge/documents/..%2Fx.md", content=b"x")
        deleted = await http.delete(name)
        absent = await http.get(name)
    assert (put.status_code, put.json()["added"]) == (200, 1)
    assert found.json()["hits"][0]["doc"] == "team/walrus.md"
    assert read.json()["text"].startswith("# Walrus")
    pages = [one["doc"] for one in listed.json()["rows"]]
    runbooks = [one for one in pages if not one.startswith("past-incidents/")]
    assert [one.partition(".")[0] for one in runbooks] == ["runbooks/oom-killed"] * 2
    assert counted.json()["documents"] > 120
    assert outside.status_code in (404, 422)
    assert (deleted.status_code, absent.status_code) == (200, 404)
