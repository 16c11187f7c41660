"""The six stories through the doors that serve them, in both languages."""

import re
from pathlib import Path

import pytest

from api.app import create_app, running
from api.editions import prepared
from evals.graders import grade_text
from evals.truth import Truth, cases_in
from tests.api.conftest import Midwatch, offline, serving
from tests.api.doors import OVER_HTTP

STORIES = cases_in(Path(__file__).parents[2] / "sandbox" / "snapshots")
HAN = re.compile(r"[\u4e00-\u9fff]")


def questions(story: Truth) -> list[str]:
    """The first question of the story in each language."""
    asked = [str(question) for question in story.questions]
    english = next(one for one in asked if not HAN.search(one))
    return [english, next(one for one in asked if HAN.search(one))]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.name)
async def test_a_story_is_told_right_through_every_door(story: Truth, tmp_path: Path) -> None:
    settings = offline(tmp_path, snapshot=story.folder)
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
    ):
        await opened.sign_in.ensure_admin()
        _, token = await opened.sign_in.make_api_token("admin", label="test")
        midwatch = Midwatch(address, opened, token, app.state.turns)
        for question in questions(story):
            for door in OVER_HTTP:
                answer = (await door(midwatch, question))["answer"]
                assert list(grade_text(story, answer)) == [], (door.__name__, question, answer)
                assert bool(HAN.search(answer)) == bool(HAN.search(question))
