"""A tool server of somebody else, accepted and withdrawn by REST by a person's own hand."""

from pathlib import Path

from api.app import create_app, running
from api.editions import prepared
from tests.api.conftest import Midwatch, offline, serving
from tests.api.doors import printed
from tests.servers.foreign_server import Wiki
from tests.servers.foreign_server import serving as serving_wiki

AT = "/api/v1/servers"


async def test_a_server_is_accepted_as_it_was_shown_and_withdrawn(tmp_path: Path) -> None:
    async with serving_wiki(Wiki()) as wiki:
        settings = offline(tmp_path, foreign={"wiki": {"url": wiki}})
        app = create_app(settings)
        async with (
            prepared(settings) as ready,
            running(app, ready) as opened,
            serving(app) as address,
        ):
            admin = await opened.sign_in.ensure_admin()
            scopes = frozenset({"foreign:use", "foreign:accept"})
            made = opened.sign_in.make_api_token
            _, program = await made(admin.name, label="program")
            _, hand = await made(admin.name, label="hand", scopes=scopes)
            midwatch = Midwatch(address, opened, hand, app.state.turns)
            async with midwatch.client() as http, midwatch.client(program) as other:
                [shown] = (await http.get(AT)).json()["items"]
                body = {"digest": shown["digest"]}
                refused = await other.put(f"{AT}/wiki/acceptance", json=body)
                late = {"digest": f"sha256:{'0' * 64}"}
                changed = await http.put(f"{AT}/wiki/acceptance", json=late)
                accepted = await http.put(f"{AT}/wiki/acceptance", json=body)
                reach = ["--server", address, "--token", program]
                listed = await printed("servers", "list", "-o", "json", *reach)
                told = await printed("servers", "show", "wiki", "-o", "json", *reach)
                own = ["-o", "json", "--server", address, "--token", hand]
                gone = await printed("servers", "withdraw", "wiki", *own)
                taken = await printed("servers", "accept", "wiki", "--digest", body["digest"], *own)
                withdrawn = await http.delete(f"{AT}/wiki/acceptance")
    assert (taken["state"], gone["state"]) == ("accepted", "not_accepted")
    assert (refused.status_code, changed.status_code) == (403, 409)
    assert (accepted.status_code, withdrawn.status_code) == (200, 200)
    assert accepted.json() != withdrawn.json()
    assert (listed["items"], told["state"]) == ([told], "accepted")
