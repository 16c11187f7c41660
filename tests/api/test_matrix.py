"""Every route and every tool, asked by every role. What a route takes stands beside it, in the OpenAPI document."""

import inspect
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import pytest

from api.app import create_app, running
from api.app.doors import MODULES
from api.editions import prepared
from core.http import Client, client
from core.principal import Permission
from core.security.permissions import ROLES
from tests.api.conftest import offline, serving

# What anybody may do, signed in or not.
OPEN = {
    "issueToken", "refreshToken", "openSession", "followLoginLink", "signOut", "waysToSignIn",
    "livez", "readyz", "metrics", "version",
}  # fmt: skip
# What everybody may do who is signed in: each sees and changes there only what is theirs, or is asked
# for more where more is wanted (`everybody`, another user, the permission of one tool).
# What makes of two servers' answers one takes the rights of both.
TWO_RIGHTS = frozenset({"reportAuditedChange", "planRulePlacement"})
SIGNED_IN = {
    "whoAmI", "listTokens", "createToken", "revokeToken", "listSessions", "endSession", "endSessions",
    "listTools", "callTool", "listComponents", "agentCapabilities", "replayRun", "cancelRun",
}  # fmt: skip
# What is heavy, and says nothing of rights beyond what one role shows that has them.
HEAVY = {"investigate", "analyze", "refreshKnowledge", "refreshAssistant"}
Wire = dict[str, Any]


@dataclass(frozen=True)
class Operation:
    id: str
    method: str
    path: str
    takes: frozenset[str]
    secured: bool

    @property
    def place(self) -> str:
        """Its path with names in it of what is not there."""
        return re.sub(r"\{(\w+)\}", "nothing-here", self.path)


@dataclass
class Service:
    address: str
    tokens: Mapping[str, str]
    operations: list[Operation]
    scoped: Mapping[str, str]

    def client(self, token: str) -> Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return client(self.address, timeout_s=120, headers=headers)


@pytest.fixture(scope="module")
async def service(
    anyio_backend: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Service]:
    """A service of its own: what is asked of it here deletes and ends things."""
    unlimited = {"user": 0, "key": 0, "password": 0}
    settings = offline(tmp_path_factory.mktemp("matrix"), rates=unlimited)
    app = create_app(settings)
    operations = [
        Operation(
            told["operationId"],
            method.upper(),
            path,
            frozenset(told.get("x-permissions", ())),
            bool(told.get("security")),
        )
        for path, methods in app.openapi()["paths"].items()
        for method, told in methods.items()
    ]
    async with prepared(settings) as ready, running(app, ready) as opened, serving(app) as address:
        sign_in, tokens = opened.sign_in, dict[str, str]()
        await sign_in.ensure_admin()
        for role in ROLES:
            await sign_in.add_user(f"a-{role}", role=role)
            _, tokens[role] = await sign_in.make_api_token(f"a-{role}", label="matrix")
        scoped = {
            one.value: (
                await sign_in.make_api_token("admin", label="one", scopes=frozenset({one.value}))
            )[1]
            for one in Permission
        }
        yield Service(address, tokens, operations, scoped)


def test_every_route_says_what_it_takes_or_is_known_to_take_nothing(service: Service) -> None:
    silent = {one.id for one in service.operations if not one.takes}
    assert silent == OPEN | SIGNED_IN, "a route says so in its decorator: takes(Permission.…)"
    assert {one.id for one in service.operations if not one.secured} == OPEN
    for one in service.operations:
        assert len(one.takes) <= 1 or one.id in TWO_RIGHTS, one.id


async def test_nobody_comes_in_without_a_credential(service: Service) -> None:
    async with service.client("") as http, service.client("mw_unknown") as forged:
        for one in service.operations:
            if one.id in OPEN:
                continue
            for asking in (http, forged):
                answer = await asking.request(one.method, one.place)
                assert answer.status_code == 401, one
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize("role", ROLES)
async def test_every_route_is_refused_to_a_role_without_its_permission_and_to_no_other(
    service: Service, role: str
) -> None:
    """A body is left out: whoever may is told that it is missing, whoever may not is not even told that."""
    may = {one.value for one in ROLES[role]}
    async with service.client(service.tokens[role]) as http:
        for one in service.operations:
            if one.id in OPEN | HEAVY and one.takes <= may:
                continue
            answer = await http.request(one.method, one.place)
            if not one.takes <= may:
                assert answer.status_code == 403, (role, one, answer.text[:300])
                assert _refused(answer.json()), (role, one, answer.text[:300])
            elif answer.status_code == 403:
                # A person's own hand is wanted there, or the thing is somebody else's.
                assert "permission" not in answer.text, (role, one, answer.text[:300])
            else:
                assert answer.status_code not in (401, 500, 501), (role, one, answer.text[:300])


def _refused(answer: Wire) -> bool:
    """As a problem document, or as OpenAI's clients read one."""
    told = answer.get("detail") or answer["error"]["message"]
    return "takes the permission" in told


async def _tools(service: Service, token: str) -> set[str]:
    async with service.client(token) as http:
        return {one["name"] for one in (await http.get("/api/v1/tools")).json()["items"]}


@pytest.fixture(scope="module")
async def needs(service: Service) -> dict[str, str]:
    """The one permission that each tool needs, as seen by callers who have one alone."""
    found: dict[str, str] = {}
    for permission, token in service.scoped.items():
        for tool in await _tools(service, token):
            assert tool not in found, f"{tool} is offered for {found[tool]} and for {permission}"
            found[tool] = permission
    return found


@pytest.mark.parametrize("role", ROLES)
async def test_every_tool_is_offered_and_answers_to_the_roles_that_have_its_permission_alone(
    service: Service, needs: dict[str, str], role: str
) -> None:
    assert len(needs) > 100
    may = {one.value for one in ROLES[role]}
    assert await _tools(service, service.tokens[role]) == {
        tool for tool, permission in needs.items() if permission in may
    }
    async with service.client(service.tokens[role]) as http:
        for tool, permission in needs.items():
            wrong = {"no such argument": 1}
            answer = await http.post(f"/api/v1/tools/{tool}", json=wrong)
            wanted = 422 if permission in may else 403
            assert answer.status_code == wanted, (role, tool, answer.text[:300])
            if wanted == 403:
                assert permission in answer.json()["detail"]


async def test_what_a_route_takes_is_what_its_tool_needs(
    service: Service, needs: dict[str, str]
) -> None:
    takes = {one.id: one.takes for one in service.operations}
    compared = 0
    for module in MODULES:
        for route in import_module(module.removeprefix("*")).router.routes:
            source = inspect.getsource(route.endpoint)
            for name in re.findall(r'"([a-z]+_[a-z_]+)"', source):
                if name in needs:
                    compared += 1
                    assert takes[route.operation_id] >= {needs[name]}, (route.operation_id, name)
    assert compared > 90


async def test_a_refusal_is_in_the_audit_trail_and_in_the_readers_language(
    service: Service,
) -> None:
    async with client(service.address, timeout_s=60) as http:
        guest = {"Authorization": f"Bearer {service.tokens['guest']}", "Accept-Language": "zh"}
        refused = await http.get("/api/v1/usage", headers=guest)
        assert "此操作需要权限 usage:read" in refused.json()["detail"]
        admin = {"Authorization": f"Bearer {service.tokens['admin']}"}
        asked = {"action": "access.denied", "subject": "a-guest"}
        listed = (await http.get("/api/v1/audit", params=asked, headers=admin)).json()["items"]
    assert "GET /api/v1/usage" in {one["target"] for one in listed}
