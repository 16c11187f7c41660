"""Signing in at a provider of identities, and everything that does not let anybody in."""

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest

from api.app import create_app, running
from api.dependencies import Opened
from api.editions import prepared
from core.clock import utc_now
from core.errors import Invalid
from core.http import Client, client
from core.settings import load
from tests.api.conftest import Stage, offline, serving
from tests.api.provider import CLIENT, SECRET, Claims, Idp, Key, provided, unsigned

ANN: Claims = {"sub": "a-1", "preferred_username": "ann", "groups": ["staff", "sre"]}
Change = Callable[[Claims], Claims]


@dataclass
class Service:
    address: str
    opened: Opened
    idp: Idp

    def client(self, token: str = "", **headers: str) -> Client:
        given = {"Authorization": f"Bearer {token}"} if token else {}
        return client(self.address, timeout_s=120, headers={**given, **headers})

    async def outcomes(self) -> list[tuple[str, str, str]]:
        rows = await self.opened.audit.latest()
        return [(row.subject, row.target, row.outcome) for row in rows]


@asynccontextmanager
async def service(folder: Path, idp: Idp, **more: Any) -> AsyncGenerator[Service]:
    oidc = {
        "issuer": idp.address,
        "client_id": CLIENT,
        "client_secret": SECRET,
        "roles": "boss=admin,sre=manager",
        "label": "Example",
        **more,
    }
    settings = offline(folder, oidc=oidc)
    app = create_app(settings)
    async with prepared(settings) as ready, running(app, ready) as opened, serving(app) as address:
        await opened.sign_in.ensure_admin()
        yield Service(address, opened, idp)


@pytest.fixture(scope="module")
async def running_service(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    async with provided() as idp, service(tmp_path_factory.mktemp("oidc"), idp) as here:
        yield here


@pytest.fixture
def here(running_service: Service) -> Service:
    """Each test begins with an honest provider and ann before it."""
    idp = running_service.idp
    fresh = Idp(address=idp.address, person=dict(ANN), keys=idp.keys)
    idp.__dict__.update(fresh.__dict__)
    return running_service


async def went_round(http: Client) -> Any:
    """What a browser gets that follows the button to the provider and back."""
    sent = await http.get("/auth/oidc/login")
    assert sent.status_code == 303, sent.text
    at_provider = await http.get(sent.headers["location"])
    return await http.get(at_provider.headers["location"])


async def test_a_page_comes_in_by_the_provider_with_the_role_of_its_group(here: Service) -> None:
    async with here.client() as http:
        ways = (await http.get("/auth/ways")).json()
        assert ways["provider"] == {"label": "Example", "address": "/auth/oidc/login"}
        back = await went_round(http)
        assert (back.status_code, back.headers["location"]) == (303, "/")
        assert "samesite=strict" in back.headers["set-cookie"].lower()
        me = (await http.get("/auth/me")).json()
        assert (me["subject"], me["roles"]) == ("ann", ["manager"])
        assert (await http.get("/api/v1/sessions")).json()["items"][0]["this"]
    assert ("ann", "oidc", "ok") in await here.outcomes()


async def test_the_groups_say_the_role_anew_each_time_and_the_first_that_fits_counts(
    here: Service,
) -> None:
    seen: list[list[str]] = []
    for groups in (["sre"], ["sre", "boss"], "boss other", {"sre": {"org": 1}}):
        here.idp.person = {"sub": "a-2", "preferred_username": "ben", "groups": groups}
        async with here.client() as http:
            await went_round(http)
            seen.append((await http.get("/auth/me")).json()["roles"])
    assert seen == [["manager"], ["admin"], ["admin"], ["manager"]]


async def test_what_the_id_token_does_not_say_is_asked_of_the_userinfo_endpoint(
    here: Service,
) -> None:
    here.idp.person = {"sub": "a-3"}
    here.idp.beside = {"preferred_username": "cho", "groups": ["sre"]}
    async with here.client() as http:
        await went_round(http)
        assert (await http.get("/auth/me")).json()["subject"] == "cho"
    assert "userinfo" in here.idp.asked


async def test_a_name_that_changes_at_the_provider_stays_the_same_person(here: Service) -> None:
    for name in ("dora", "dora-married"):
        here.idp.person = {"sub": "a-4", "preferred_username": name, "groups": ["sre"]}
        async with here.client() as http:
            await went_round(http)
            assert (await http.get("/auth/me")).json()["subject"] == "dora"


def but(**changes: Any) -> Change:
    return lambda claims: {**claims, **changes}


@pytest.mark.parametrize(
    ("lies", "says"),
    [
        (but(nonce="another"), "does not hold: nonce"),
        (but(nonce=None), "does not hold: nonce"),
        (but(aud="somebody-else"), "Audience"),
        (but(aud=[CLIENT, "more"], azp="more"), "azp"),
        (but(iss="https://elsewhere.example"), "issuer"),
        (but(exp=utc_now() - timedelta(hours=1)), "expired"),
        (but(exp=None), "exp"),
        (but(iat=utc_now() + timedelta(hours=1)), "not yet valid"),
        (but(sub=None), "sub"),
        (but(groups=["staff"]), "None of your groups"),
        (but(sub="a-9", preferred_username="admin"), "already, and whether that is you"),
        (but(sub="a-9", preferred_username="x" * 201), "no name that can be used"),
        (but(sub="a-9", preferred_username="a\u202eb"), "no name that can be used"),
    ],
)
async def test_a_token_that_says_anything_wrong_lets_nobody_in(
    here: Service, lies: Change, says: str
) -> None:
    here.idp.lies = lies
    async with here.client() as http:
        back = await went_round(http)
        assert back.status_code == 401
        assert says in back.text
        assert '<p lang="zh">' in back.text
        assert (await http.get("/auth/me")).status_code == 401
    assert ("unknown", "oidc", "refused") in await here.outcomes()


async def test_a_key_that_is_not_the_providers_signs_nothing(here: Service) -> None:
    async with here.client(here.idp.token(ANN)) as http:
        assert (await http.get("/auth/me")).status_code == 200
    for other in (Key.rsa("one"), Key.rsa("nobody's"), Key.ec("one")):
        async with here.client(here.idp.token(ANN, key=other)) as http:
            assert (await http.get("/auth/me")).status_code == 401


async def test_a_sign_in_that_was_begun_elsewhere_is_not_finished_here(here: Service) -> None:
    async with here.client() as victim, here.client() as attacker:
        sent = await attacker.get("/auth/oidc/login")
        stolen = (await attacker.get(sent.headers["location"])).headers["location"]
        back = await victim.get(stolen)
        assert (back.status_code, "not begun in this browser" in back.text) == (401, True)
        await victim.get("/auth/oidc/login")
        assert (await victim.get(stolen)).status_code == 401
        assert (await victim.get("/auth/me")).status_code == 401


async def test_a_code_works_once_and_its_answer_is_not_to_be_repeated(here: Service) -> None:
    async with here.client() as http:
        sent = await http.get("/auth/oidc/login")
        flow = {"Cookie": sent.headers["set-cookie"].split(";")[0]}
        place = (await http.get(sent.headers["location"])).headers["location"]
        assert (await http.get(place)).status_code == 303
        assert (await http.get(place)).status_code == 401
    async with here.client(**flow) as again:
        refused = await again.get(place)
        assert (refused.status_code, "invalid_grant" in refused.text) == (401, True)
        mixed = f"{place.partition('iss=')[0]}iss=https://other.example"
        assert "not begun in this browser" in (await again.get(mixed)).text


async def test_what_the_provider_says_is_shown_as_text(here: Service) -> None:
    here.idp.refuses = "<script>alert(1)</script>"
    async with here.client() as http:
        back = await went_round(http)
    assert back.status_code == 401
    assert "<script" not in back.text
    assert "&lt;script&gt;" in back.text
    assert back.headers["Content-Security-Policy"] == "default-src 'none'"


async def test_each_sign_in_has_its_own_state_nonce_and_challenge(here: Service) -> None:
    async with here.client() as http:
        asked = [
            parse_qs(urlsplit((await http.get("/auth/oidc/login")).headers["location"]).query)
            for _ in range(2)
        ]
    for name in ("state", "nonce", "code_challenge"):
        assert asked[0][name] != asked[1][name]


async def test_a_bearer_token_of_the_provider_comes_in_and_decides_nothing_by_hand(
    here: Service,
) -> None:
    token = here.idp.token({**ANN, "sub": "b-1", "preferred_username": "eve"})
    async with here.client(token) as http:
        me = (await http.get("/auth/me")).json()
        assert (me["subject"], me["roles"]) == ("eve", ["manager"])
        decided = await http.post("/api/v1/autofix/approve", json={"plan_id": "fix-1"})
        assert (decided.status_code, decided.json()["reason"]) == (403, "own_hand")
        await here.opened.sign_in.add_user("other-admin", role="admin")
    async with here.client((await here.opened.sign_in.make_api_token("admin", label="t"))[1]) as a:
        assert (await a.patch("/api/v1/users/eve", json={"disabled": True})).status_code == 200
    async with here.client(token) as http:
        refused = await http.get("/auth/me")
        assert (refused.status_code, refused.json()["reason"]) == (401, "oidc_disabled")


async def test_a_bearer_token_that_does_not_hold_is_refused(here: Service) -> None:
    public = here.idp.keys[0].private.public_key()
    now = utc_now()
    whole = {**ANN, "iss": here.idp.address, "aud": CLIENT, "iat": now, "exp": now + timedelta(1)}
    numbers = str(public.public_numbers().n)
    by_hmac = jwt.encode(whole, numbers, algorithm="HS256", headers={"kid": "one"})
    good = here.idp.token(ANN)
    body = good.split(".")[1]
    for token in (
        unsigned(whole),
        by_hmac,
        here.idp.token({**ANN, "aud": "another"}),
        here.idp.token({**ANN, "exp": now - timedelta(hours=1)}),
        f"{good[:-6]}AAAAAA",
        f"eyJhbGciOiJSUzI1NiJ9.{body}.{good.rpartition('.')[2]}",
        f"eyJ{'A' * 20_000}.e30.AA",
        "eyJ..",
    ):
        async with here.client(token) as http:
            refused = await http.get("/auth/me")
            assert (refused.status_code, refused.json()["reason"]) == (401, "oidc_token"), token


async def test_a_client_without_a_token_is_told_where_to_get_one(here: Service) -> None:
    async with here.client() as http:
        for door in ("/mcp", "/api/v1/query"):
            refused = await http.post(door, json={})
            assert refused.status_code == 401
            place = refused.headers["WWW-Authenticate"].partition('resource_metadata="')[2]
            told = (await http.get(place.rstrip('"'))).json()
            assert told["resource"] == f"{here.address}{door}"
            assert told["authorization_servers"] == [here.idp.address]
    async with here.client(here.idp.token(ANN)) as http:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        accepts = {"Accept": "application/json, text/event-stream"}
        listed = await http.post("/mcp", json=asked, headers=accepts)
        assert listed.status_code == 200, listed.text


async def test_keys_are_rotated_under_way_and_forged_ones_are_not_asked_for_each_time(
    tmp_path: Path,
) -> None:
    async with provided() as idp, service(tmp_path, idp, default_role="guest") as here:
        idp.person = {"sub": "f-1"}
        async with here.client(idp.token(idp.person)) as http:
            assert (await http.get("/auth/me")).json()["roles"] == ["guest"]
        known = idp.asked.count("keys")
        for _ in range(20):
            async with here.client(idp.token(idp.person, key=Key.ec("forged"))) as http:
                assert (await http.get("/auth/me")).status_code == 401
        assert idp.asked.count("keys") <= known + 1


async def test_who_comes_in_may_be_a_user_there_is_where_the_settings_say_so(
    tmp_path: Path,
) -> None:
    async with provided() as idp, service(tmp_path, idp, link_existing=True) as here:
        await here.opened.sign_in.add_user("ann", role="guest")
        await here.opened.sign_in.add_user("robot", service=True)
        for sub, name, status in (
            ("a-1", "ann", 303),
            ("a-1", "ann", 303),
            ("a-2", "ann", 401),
            ("a-3", "robot", 401),
        ):
            idp.person = {"sub": sub, "preferred_username": name, "groups": ["sre"]}
            async with here.client() as http:
                assert (await went_round(http)).status_code == status, (sub, name)


async def test_while_the_provider_is_away_other_ways_in_go_on(tmp_path: Path) -> None:
    async with provided() as idp:
        gone = Idp(address=idp.address)
    async with service(tmp_path, gone) as here, here.client() as http:
        refused = await http.get("/auth/oidc/login")
        assert (refused.status_code, "did not answer" in refused.text) == (503, True)
        link = await here.opened.login_link("")
        assert (await http.get(link)).status_code == 303


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://elsewhere.example"},
        {"token_endpoint": "http://10.0.0.1/token"},
        {"jwks_uri": "file:///etc/passwd"},
    ],
)
async def test_a_provider_that_describes_another_or_sends_in_the_clear_is_not_believed(
    tmp_path: Path, about: Claims
) -> None:
    async with provided() as idp:
        idp.about = about
        async with service(tmp_path, idp) as here, here.client() as http:
            refused = await http.get("/auth/oidc/login")
            assert (refused.status_code, "cannot be believed" in refused.text) == (503, True)


async def test_without_a_provider_its_doors_are_not_there(stage: Stage) -> None:
    async with stage.client("") as http:
        assert (await http.get("/auth/ways")).json() == {"password": True, "provider": None}
        for place in ("login", "callback"):
            assert (await http.get(f"/auth/oidc/{place}")).status_code == 404


@pytest.mark.parametrize(
    ("oidc", "says"),
    [
        ({"issuer": "https://id.example"}, "CLIENT_ID"),
        ({"issuer": "https://id.example", "client_id": "m"}, "nobody could come in"),
        ({"issuer": "http://id.example", "client_id": "m", "default_role": "user"}, "https://"),
        ({"issuer": "https://id.example", "client_id": "m", "roles": "sre"}, "GROUP=ROLE"),
        (
            {"issuer": "https://id.example", "client_id": "m", "roles": "a=b", "scopes": "email"},
            "openid",
        ),
    ],
)
def test_settings_that_could_let_nobody_in_are_refused_at_start(
    tmp_path: Path, oidc: Claims, says: str
) -> None:
    with pytest.raises(Invalid, match=says):
        load(env_file=None, data_dir=tmp_path, oidc=oidc)
