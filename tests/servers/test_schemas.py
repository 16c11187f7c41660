"""What a model is offered must be short: it is paid for on every turn."""

import orjson

from agent.subagents.rca import RCA
from mcp_servers.client import Sessions, Tools
from tests.servers.conftest import ANN

CHARACTERS_PER_TOKEN = 4


async def test_the_tools_of_an_investigation_fit_their_budget(sessions: Sessions) -> None:
    offered = await RCA.offered(Tools(sessions, ANN))
    characters = sum(
        len(spec.name) + len(spec.description) + len(orjson.dumps(spec.input_schema))
        for spec in offered
    )
    assert len(offered) == 24
    assert characters / CHARACTERS_PER_TOKEN < 2_350


async def test_a_tool_for_files_stays_with_programs_and_people(sessions: Sessions) -> None:
    mine = Tools(sessions, ANN)
    listed = {spec.name for spec in await mine.list()}
    offered = {spec.name for spec in await RCA.offered(mine)}
    assert RCA.without | RCA.on_demand <= listed - offered
    assert "rca_investigate" in offered


async def test_a_tool_on_demand_is_offered_to_the_question_that_asks_for_it(
    sessions: Sessions,
) -> None:
    mine = Tools(sessions, ANN)
    usual = {spec.name for spec in await RCA.offered(mine)}
    wanted = {"rca_event_patterns", "rca_list_custom_rules"}
    offered = {spec.name for spec in await RCA.offered(mine, wanted)}
    assert offered - usual == {"rca_event_patterns"}


async def test_every_tool_says_what_it_does_and_hides_its_hands(sessions: Sessions) -> None:
    for spec in await Tools(sessions, ANN).list():
        assert spec.name.startswith(f"{spec.server}_")
        assert spec.description[0].isupper()
        assert spec.input_schema["type"] == "object"
        hands = {"cluster", "prometheus", "alertmanager", "caller", "hands", "backends"}
        assert not hands & set(spec.input_schema["properties"])
        assert "title" not in spec.input_schema
