"""Questions that no page answers are remembered, and so is whether answers helped; not who asked."""

import base64
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from core.errors import Forbidden, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from core.storage.database import Database
from core.storage.kept_questions import KeptQuestions
from core.storage.repositories import questions
from mcp_servers.client import Connections, KnowledgePlace, Tools, in_process

ANN = Principal("ann", permissions=frozenset(Permission))
BOB = Principal("bob", permissions=frozenset({Permission.KNOWLEDGE_READ}))
ASKED = "How do we rotate the badge printer's toner?"


@asynccontextmanager
async def asking(folder: Path, who: Principal = ANN) -> AsyncGenerator[Tools]:
    async with Database.opened(f"sqlite:///{folder / 'midwatch.db'}") as database:
        place = KnowledgePlace(questions=KeptQuestions(database))
        reach = Connections(clusterless=True, knowledge=place)
        async with in_process(reach, only=["knowledge"]) as sessions:
            yield Tools(sessions, who)


async def test_a_question_asked_in_vain_is_a_gap_until_a_page_answers_it(tmp_path: Path) -> None:
    async with asking(tmp_path) as tools:
        for said in (ASKED, "how do we rotate the badge  printer's toner"):
            await tools.call("knowledge_search", query=said)
        [gap] = (await tools.call("knowledge_gaps")).data["gaps"]
        assert (gap["found_nothing"], gap["question"]) == (2, ASKED)
        page = "# Rotate the toner of the badge printer\n\nOpen the printer, rotate the toner."
        encoded = base64.b64encode(page.encode()).decode()
        await tools.call("knowledge_add_document", name="toner.md", content_base64=encoded)
        told = (await tools.call("knowledge_gaps")).data
    assert (told["gaps"], told["filled"]) == ([], 1)


async def test_an_answer_that_did_not_help_is_a_gap_though_pages_were_found(tmp_path: Path) -> None:
    question = "How do I fix ImagePullBackOff?"
    async with asking(tmp_path) as tools:
        await tools.call("knowledge_search", query=question)
        assert (await tools.call("knowledge_gaps")).data["gaps"] == []
        told = {"docs": ["runbooks/image-pull.en.md"], "comment": "password=hunter2 is asked for"}
        await tools.call("knowledge_rate_answer", question=question, helpful=False, **told)
        [gap] = (await tools.call("knowledge_gaps")).data["gaps"]
        assert (gap["unhelpful"], gap["docs"]) == (1, told["docs"])
        assert "hunter2" not in gap["comment"]
        await tools.call("knowledge_rate_answer", question=question, helpful=True)
        assert (await tools.call("knowledge_gaps")).data["gaps"] == []


async def test_a_gap_can_be_closed_once(tmp_path: Path) -> None:
    async with asking(tmp_path) as tools:
        await tools.call("knowledge_search", query=ASKED)
        [gap] = (await tools.call("knowledge_gaps")).data["gaps"]
        await tools.call("knowledge_close_gap", gap_id=gap["id"])
        with pytest.raises(NotFound):
            await tools.call("knowledge_close_gap", gap_id=gap["id"])


async def test_readers_rate_and_managers_alone_see_the_gaps(tmp_path: Path) -> None:
    async with asking(tmp_path, BOB) as tools:
        await tools.call("knowledge_rate_answer", question=ASKED, helpful=True)
        with pytest.raises((Forbidden, NotFound)):
            await tools.call("knowledge_gaps")


async def test_without_a_database_searching_goes_on_and_rating_says_why_not() -> None:
    reach = Connections(clusterless=True, knowledge=KnowledgePlace())
    async with in_process(reach, only=["knowledge"]) as sessions:
        tools = Tools(sessions, ANN)
        assert not (await tools.call("knowledge_search", query=ASKED)).data["relevant"]
        with pytest.raises(UpstreamUnavailable, match="no database"):
            await tools.call("knowledge_rate_answer", question=ASKED, helpful=True)


async def test_the_oldest_questions_make_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(questions, "MOST", 10)
    async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
        kept = KeptQuestions(database)
        for n in range(25):
            await kept.found_nothing(f"question number {n}")
        told = [one.question for one in await kept.gaps(limit=100)]
    assert len(told) <= 10
    assert told[0] == "question number 24"
