"""The retrieval suite: what counts as found, and that it keeps held-out questions to itself."""

import json
from pathlib import Path

from evals.suites.retrieval import run

LINES = """# language, page, question
en\toom-killed\tcontainer was OOMKilled
en\toom-killed\thow are certificates renewed
zh\toom-killed\t容器内存超限被杀
en\t-\tWho won the football championship?
"""


async def test_a_page_among_the_first_five_is_found_and_another_is_a_failure(
    tmp_path: Path,
) -> None:
    (tmp_path / "own.txt").write_text(LINES, "utf-8")
    (tmp_path / "unseen.txt").write_text(LINES, "utf-8")
    own, unseen = await run(tmp_path)
    assert own.metrics["en_en"] == {"questions": 2, "at_1": 0.5, "at_5": 0.5}
    assert own.metrics["zh_en"]["at_5"] == 1
    assert own.metrics["not_in_the_base_recognised"] == 1
    assert {failure.case for failure in own.told} == {
        "en->en how are certificates renewed",
        "en->zh how are certificates renewed",
    }
    assert unseen.told == ()
    assert unseen.metrics["en_en"] == own.metrics["en_en"]


async def test_a_set_of_ones_own_is_judged_without_the_shipped_pages(tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "walrus.md").write_text("# Walrus\n\nFeed it.")
    queries = [{"query": "walrus", "gold": "walrus"}, {"query": "walrus", "gold": "seal"}]
    (tmp_path / "queries.json").write_text(json.dumps(queries))
    [told] = await run(tmp_path)
    assert told.metrics == {"questions": 2, "at_1": 0.5, "at_5": 0.5}
