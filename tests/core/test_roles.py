"""Roles of one's own: what they grant, and that none goes beyond who made it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Conflict, Forbidden, Invalid, NotFound, OpsError, Stale
from core.principal import Permission, Principal
from core.security.permissions import check_within
from core.security.roles import OwnRoles, RoleTerms
from core.security.signin import SignIn
from core.security.tokens import Signer
from core.storage.database import Database

KEY = "k" * 40
ADMIN = Principal("root", frozenset({"admin"}), frozenset(Permission))
LEAD = Principal(
    "lead",
    frozenset({"lead"}),
    frozenset({Permission.USERS_MANAGE, Permission.CLUSTER_READ, Permission.CHAT_USE}),
    frozenset({"shop", "web"}),
)
LOOKS = RoleTerms(frozenset({"cluster:read"}), frozenset({"shop"}), "looks")


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database.opened("sqlite://") as database:
        yield database


@pytest.fixture
def roles(database: Database) -> OwnRoles:
    return OwnRoles(database)


@pytest.fixture
def sign_in(database: Database) -> SignIn:
    return SignIn(database, Signer(KEY))


async def test_who_holds_a_role_has_what_it_grants_now_in_its_namespaces(
    roles: OwnRoles, sign_in: SignIn
) -> None:
    await roles.add("looker", LOOKS, maker=ADMIN)
    await sign_in.add_user("ann", role="looker", namespaces=frozenset({"shop", "web"}))
    _, secret = await sign_in.make_api_token("ann", label="t")
    ann = await sign_in.principal(secret)
    assert (ann.permissions, ann.namespaces) == ({Permission.CLUSTER_READ}, {"shop"})
    more = RoleTerms(frozenset({"cluster:read", "logs:read"}))
    await roles.change("looker", more, maker=ADMIN)
    ann = await sign_in.principal(secret)
    assert ann.permissions == {Permission.CLUSTER_READ, Permission.LOGS_READ}
    assert ann.namespaces == {"shop", "web"}


async def test_a_role_bounds_the_clusters_of_who_holds_it(roles: OwnRoles, sign_in: SignIn) -> None:
    await roles.add("eu", replace(LOOKS, clusters=frozenset({"eu-1"})), maker=ADMIN)
    await sign_in.add_user("ann", role="eu")
    _, secret = await sign_in.make_api_token("ann", label="t")
    ann = await sign_in.principal(secret)
    assert (ann.reaches("eu-1"), ann.reaches("us-1")) == (True, False)
    await roles.change("eu", LOOKS, maker=ADMIN)
    assert (await sign_in.principal(secret)).clusters is None


async def test_a_role_that_is_held_stays_and_one_that_is_not_goes(
    roles: OwnRoles, sign_in: SignIn
) -> None:
    await roles.add("looker", LOOKS, maker=ADMIN)
    await sign_in.add_user("ann", role="looker")
    with pytest.raises(Conflict, match="held by ann"):
        await roles.remove("looker", maker=ADMIN)
    await roles.add("other", LOOKS, maker=ADMIN)
    await roles.remove("other", maker=ADMIN)
    assert [one.name for one in await roles.all()] == ["looker"]


@pytest.mark.parametrize(
    ("name", "terms", "kind", "says"),
    [
        ("Looker", LOOKS, Invalid, "lower-case"),
        ("x", LOOKS, Invalid, "2 to 16"),
        ("admin", LOOKS, Conflict, "already"),
        ("looker", replace(LOOKS, permissions=frozenset()), Invalid, "at least one"),
        ("looker", replace(LOOKS, permissions=frozenset({"sudo"})), Invalid, "no scope 'sudo'"),
    ],
)
async def test_what_cannot_be_a_role_is_told(
    roles: OwnRoles, name: str, terms: RoleTerms, kind: type[OpsError], says: str
) -> None:
    with pytest.raises(kind, match=says):
        await roles.add(name, terms, maker=ADMIN)
    assert await roles.all() == []


async def test_built_in_roles_and_unknown_ones_are_not_changed(
    roles: OwnRoles, sign_in: SignIn
) -> None:
    with pytest.raises(Invalid, match="built in"):
        await roles.change("guest", LOOKS, maker=ADMIN)
    with pytest.raises(NotFound, match="no role of that name"):
        await roles.remove("looker", maker=ADMIN)
    with pytest.raises(Invalid, match=r"no role 'looker'.*guest, user, manager, admin"):
        await sign_in.add_user("ann", role="looker")


async def test_of_two_who_read_the_same_role_the_second_is_told_that_it_moved_on(
    roles: OwnRoles,
) -> None:
    read = await roles.add("looker", LOOKS, maker=ADMIN)
    await roles.change("looker", LOOKS, maker=ADMIN, version=read.version)
    with pytest.raises(Stale, match="changed by root meanwhile"):
        await roles.change("looker", LOOKS, maker=ADMIN, version=read.version)


async def test_nobody_makes_changes_or_removes_a_role_beyond_their_own(roles: OwnRoles) -> None:
    for beyond in (
        RoleTerms(frozenset({"fixes:apply"}), frozenset({"shop"})),
        RoleTerms(frozenset({"cluster:read"})),
        RoleTerms(frozenset({"cluster:read"}), frozenset({"bank"})),
    ):
        with pytest.raises(Forbidden):
            await roles.add("mine", beyond, maker=LEAD)
        await roles.add("theirs", beyond, maker=ADMIN)
        with pytest.raises(Forbidden):
            await roles.change("theirs", LOOKS, maker=LEAD)
        with pytest.raises(Forbidden):
            await roles.remove("theirs", maker=LEAD)
        await roles.remove("theirs", maker=ADMIN)
    assert (await roles.add("mine", LOOKS, maker=LEAD)).changed_by == "lead"


some = st.frozensets(st.sampled_from([one.value for one in Permission]))
seen = st.none() | st.frozensets(st.sampled_from(["shop", "web", "bank"]))


@given(held=some, own=seen, mine=seen, asked=some, wanted=seen, reached=seen)
def test_what_is_let_through_is_never_beyond_what_is_held(
    held: frozenset[str],
    own: frozenset[str] | None,
    mine: frozenset[str] | None,
    asked: frozenset[str],
    wanted: frozenset[str] | None,
    reached: frozenset[str] | None,
) -> None:
    permissions = frozenset(Permission(one) for one in held)
    maker = Principal("m", frozenset(), permissions, own, clusters=mine)
    bounded = ((own, wanted), (mine, reached))
    within = asked <= held and all(
        has is None or (asks is not None and asks <= has) for has, asks in bounded
    )
    try:
        check_within(maker, asked, wanted, reached)
    except Forbidden:
        assert not within
    else:
        assert within
