"""Every way in, and every way it is refused."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from unittest.mock import ANY

import pytest
from sqlalchemy import select

from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound, TooMany, Unauthenticated
from core.principal import Permission
from core.security.passwords import hash_password
from core.security.permissions import ROLES
from core.security.signin import Lifetimes, SignIn, counted
from core.security.tokens import TOOLS, Signer, signing_key
from core.settings import Settings
from core.storage.database import Database
from core.storage.models import ApiToken, LoginLink, RefreshToken, User
from core.storage.repositories.tokens import Tokens
from core.storage.repositories.users import Users

KEY = "k" * 40
PASSWORD = "correct horse battery"


@pytest.fixture
async def database() -> AsyncIterator[Database]:
    async with Database.opened("sqlite://") as database:
        yield database


@pytest.fixture
async def sign_in(database: Database) -> SignIn:
    sign_in = SignIn(database, Signer(KEY))
    await sign_in.add_user("ann", role="manager", password=PASSWORD, namespaces=frozenset({"shop"}))
    return sign_in


async def disable(database: Database, name: str) -> None:
    async with database.session() as session:
        users = Users(session)
        await users.save(replace(await users.get(name), disabled=True))


async def test_a_password_gives_a_token_for_who_it_belongs_to(sign_in: SignIn) -> None:
    grant = await sign_in.by_password("ann", PASSWORD)
    principal = await sign_in.principal(grant.access_token)
    assert principal == grant.principal
    assert (principal.subject, principal.namespaces) == ("ann", frozenset({"shop"}))
    assert principal.permissions == ROLES["manager"]
    assert grant.expires_in_s == 900


@pytest.mark.parametrize(
    ("name", "password"),
    [("ann", "wrong horse battery"), ("bob", PASSWORD), ("ann", ""), ("ann", "x" * 5000)],
)
async def test_a_wrong_name_and_a_wrong_password_read_the_same(
    sign_in: SignIn, name: str, password: str
) -> None:
    with pytest.raises(Unauthenticated, match=r"^The name or the password is wrong\.$"):
        await sign_in.by_password(name, password)


async def test_a_user_without_a_password_cannot_come_in_by_one(sign_in: SignIn) -> None:
    await sign_in.add_user("bot")
    with pytest.raises(Unauthenticated):
        await sign_in.by_password("bot", "")


async def test_a_link_works_once(sign_in: SignIn) -> None:
    code = await sign_in.make_link("ann")
    assert (await sign_in.by_link(code)).principal.subject == "ann"
    with pytest.raises(Unauthenticated, match="used or has expired"):
        await sign_in.by_link(code)


async def test_of_two_that_follow_a_link_at_once_one_comes_in(
    database: Database, sign_in: SignIn
) -> None:
    code = await sign_in.make_link("ann")
    grants = await asyncio.gather(
        *(sign_in.by_link(code) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(grant).__name__ for grant in grants) == ["Grant", "Unauthenticated"]


async def test_an_expired_link_and_an_unknown_one_are_refused(
    database: Database, sign_in: SignIn
) -> None:
    expired = SignIn(database, Signer(KEY), Lifetimes(link=timedelta(0)))
    for code in (await expired.make_link("ann"), "never-made"):
        with pytest.raises(Unauthenticated):
            await sign_in.by_link(code)


async def test_a_link_for_nobody_names_the_nearest(sign_in: SignIn) -> None:
    with pytest.raises(NotFound, match=r"no user 'anne'. Did you mean ann\?"):
        await sign_in.make_link("anne")


async def test_a_refresh_token_is_exchanged_for_a_new_pair(sign_in: SignIn) -> None:
    first = await sign_in.by_password("ann", PASSWORD)
    second = await sign_in.by_refresh_token(first.refresh_token)
    third = await sign_in.by_refresh_token(second.refresh_token)
    assert len({first.refresh_token, second.refresh_token, third.refresh_token}) == 3


async def test_a_refresh_token_used_twice_ends_the_whole_session(sign_in: SignIn) -> None:
    stolen = (await sign_in.by_password("ann", PASSWORD)).refresh_token
    other = (await sign_in.by_password("ann", PASSWORD)).refresh_token
    honest = (await sign_in.by_refresh_token(stolen)).refresh_token
    for token in (stolen, honest):
        with pytest.raises(Unauthenticated, match="session has ended"):
            await sign_in.by_refresh_token(token)
    await sign_in.by_refresh_token(other)


async def test_signing_out_ends_the_session(sign_in: SignIn) -> None:
    grant = await sign_in.by_password("ann", PASSWORD)
    await sign_in.sign_out(grant.refresh_token)
    await sign_in.sign_out("never-made")
    with pytest.raises(Unauthenticated):
        await sign_in.by_refresh_token(grant.refresh_token)


async def test_an_expired_refresh_token_is_refused(database: Database, sign_in: SignIn) -> None:
    short = SignIn(database, Signer(KEY), Lifetimes(refresh=timedelta(0)))
    grant = await short.by_password("ann", PASSWORD)
    with pytest.raises(Unauthenticated):
        await sign_in.by_refresh_token(grant.refresh_token)


async def test_a_disabled_user_is_refused_everywhere(database: Database, sign_in: SignIn) -> None:
    grant = await sign_in.by_password("ann", PASSWORD)
    link = await sign_in.make_link("ann")
    _, secret = await sign_in.make_api_token("ann", label="ci")
    await disable(database, "ann")
    for attempt in (
        sign_in.by_password("ann", PASSWORD),
        sign_in.by_link(link),
        sign_in.by_refresh_token(grant.refresh_token),
        sign_in.principal(secret),
    ):
        with pytest.raises(Unauthenticated):
            await attempt


async def test_an_api_token_permits_its_scopes_and_no_more_than_its_user(sign_in: SignIn) -> None:
    scopes = frozenset({Permission.LOGS_READ.value, Permission.USERS_MANAGE.value})
    token, secret = await sign_in.make_api_token("ann", label="ci", scopes=scopes)
    principal = await sign_in.principal(secret)
    assert secret.startswith("mw_")
    assert principal.permissions == {Permission.LOGS_READ}
    assert token.scopes == scopes


async def test_an_unknown_scope_is_refused(sign_in: SignIn) -> None:
    with pytest.raises(Invalid, match=r"no scope 'everything'. Scopes: .*chat:use"):
        await sign_in.make_api_token("ann", label="x", scopes=frozenset({"everything"}))


async def test_a_revoked_and_an_expired_api_token_are_refused(
    database: Database, sign_in: SignIn
) -> None:
    revoked, first = await sign_in.make_api_token("ann", label="a")
    _, second = await sign_in.make_api_token("ann", label="b", ttl=timedelta(seconds=-1))
    async with database.session() as session:
        with pytest.raises(NotFound):
            await Tokens(session).revoke_api_token(revoked.id, utc_now(), user_name="bob")
        await Tokens(session).revoke_api_token(revoked.id, utc_now(), user_name="ann")
    for secret in (first, second, "mw_never-made"):
        with pytest.raises(Unauthenticated):
            await sign_in.principal(secret)


async def test_when_an_api_token_was_used_is_noted(database: Database, sign_in: SignIn) -> None:
    token, secret = await sign_in.make_api_token("ann", label="ci")
    await sign_in.principal(secret)
    async with database.session() as session:
        [kept] = await Tokens(session).api_tokens("ann")
    assert kept.id == token.id
    assert kept.last_used_at is not None


async def test_no_secret_is_in_the_database(database: Database, sign_in: SignIn) -> None:
    grant = await sign_in.by_link(code := await sign_in.make_link("ann"))
    _, secret = await sign_in.make_api_token("ann", label="ci")
    kept = ""
    async with database.session() as session:
        for model in (User, ApiToken, RefreshToken, LoginLink):
            kept += repr((await session.execute(select(model.__table__))).all())
    for value in (PASSWORD, code, secret, grant.refresh_token, grant.access_token):
        assert value not in kept


async def test_a_deleted_user_takes_the_tokens_along(database: Database, sign_in: SignIn) -> None:
    _, secret = await sign_in.make_api_token("ann", label="ci")
    async with database.session() as session:
        await Users(session).delete("ann")
    with pytest.raises(Unauthenticated):
        await sign_in.principal(secret)


async def test_the_first_user_is_an_administrator_and_is_made_once(database: Database) -> None:
    sign_in = SignIn(database, Signer(KEY))
    assert (await sign_in.ensure_admin()).role == "admin"
    assert (await sign_in.ensure_admin()).name == "admin"


async def test_another_administrator_stands_in_for_one_of_another_name(sign_in: SignIn) -> None:
    with pytest.raises(NotFound):
        await sign_in.ensure_admin()
    await sign_in.add_user("zoe", role="admin")
    assert (await sign_in.ensure_admin()).name == "zoe"
    await sign_in.add_user("admin", role="admin")
    assert (await sign_in.ensure_admin()).name == "admin"


async def test_a_user_needs_a_known_role_a_free_name_and_a_long_password(sign_in: SignIn) -> None:
    with pytest.raises(Invalid, match=r"no role 'root'. Roles: guest, user, manager, admin"):
        await sign_in.add_user("bob", role="root")
    with pytest.raises(Conflict, match="already a user 'ann'"):
        await sign_in.add_user("ann")
    with pytest.raises(Invalid, match="10 to 1024 characters"):
        await sign_in.add_user("bob", password="short")
    with pytest.raises(Invalid, match="needs a name"):
        await sign_in.add_user("  ")


async def test_a_new_password_replaces_the_old(database: Database, sign_in: SignIn) -> None:
    async with database.session() as session:
        users = Users(session)
        kept = await hash_password("another long password")
        await users.save(replace(await users.get("ann"), password_hash=kept))
    await sign_in.by_password("ann", "another long password")
    with pytest.raises(Unauthenticated):
        await sign_in.by_password("ann", PASSWORD)


async def test_a_token_for_the_tool_servers_opens_no_other_door(sign_in: SignIn) -> None:
    signer = Signer(KEY)
    token = signer.issue("ann", ttl=timedelta(minutes=1), audience=TOOLS)
    assert signer.verify(token, audience=TOOLS).subject == "ann"
    with pytest.raises(Unauthenticated):
        await sign_in.principal(token)


async def test_a_token_that_was_forged_or_has_expired_is_refused(sign_in: SignIn) -> None:
    good = (await sign_in.by_password("ann", PASSWORD)).access_token
    session, minute = Signer(KEY).verify(good).session, timedelta(minutes=1)
    body, _, signature = good.rpartition(".")
    await sign_in.add_user("root", role="admin")
    other = Signer(KEY).issue("root", session=session, ttl=minute)
    forged = [
        other,
        Signer(KEY).issue("ann", session="another", ttl=minute),
        Signer(KEY).issue("ann", ttl=minute),
        Signer("o" * 40).issue("ann", session=session, ttl=minute),
        Signer(KEY).issue("ann", session=session, ttl=timedelta(seconds=-1)),
        f"{other.rpartition('.')[0]}.{signature}",
        f"{body}.{signature[:-4]}AAAA",
        f"{body}.",
        body,
        "",
        "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ.",
        "ünïcode",
    ]
    for token in forged:
        with pytest.raises(Unauthenticated):
            await sign_in.principal(token)


async def test_an_access_token_ends_with_its_session_and_follows_its_users_rights(
    database: Database, sign_in: SignIn
) -> None:
    first, other = [await sign_in.by_password("ann", PASSWORD) for _ in range(2)]
    renewed = await sign_in.by_refresh_token(first.refresh_token)
    async with database.session() as session:
        users = Users(session)
        await users.save(replace(await users.get("ann"), role="guest"))
    for token in (first.access_token, renewed.access_token):
        assert (await sign_in.principal(token)).permissions == ROLES["guest"]
    await sign_in.sign_out(renewed.refresh_token)
    for token in (first.access_token, renewed.access_token):
        with pytest.raises(Unauthenticated, match="session has ended"):
            await sign_in.principal(token)
    assert (await sign_in.principal(other.access_token)).subject == "ann"
    await disable(database, "ann")
    with pytest.raises(Unauthenticated):
        await sign_in.principal(other.access_token)


async def wrong(sign_in: SignIn, name: str, times: int) -> None:
    for _ in range(times):
        with pytest.raises(Unauthenticated):
            await sign_in.by_password(name, "wrong horse battery")


@pytest.mark.parametrize("name", ["ann", "nobody", " ANN "])
async def test_too_many_wrong_passwords_in_a_row_shut_a_name_whosever_it_is(
    database: Database, sign_in: SignIn, name: str
) -> None:
    strict = SignIn(database, Signer(KEY), Lifetimes(wrong_passwords=3))
    await wrong(strict, name, 3)
    for process in (strict, SignIn(database, Signer(KEY))):
        with pytest.raises(TooMany, match=r"too many wrong passwords.* another 15 minutes"):
            await process.by_password(name, PASSWORD)
    assert await strict.shut() == {counted(name): ANY}
    assert (await strict.by_link(await strict.make_link("ann"))).principal.subject == "ann"
    if counted(name) == "ann":
        assert await strict.unlock("ann")
        assert (await strict.by_password("ann", PASSWORD)).principal.subject == "ann"
        assert not await strict.unlock("ann")


async def test_a_right_password_and_a_long_time_forget_the_wrong_ones(database: Database) -> None:
    strict = SignIn(database, Signer(KEY), Lifetimes(wrong_passwords=3))
    await strict.add_user("ann", password=PASSWORD)
    for _ in range(3):
        await wrong(strict, "ann", 2)
        await strict.by_password("ann", PASSWORD)
    brief = SignIn(database, Signer(KEY), Lifetimes(wrong_passwords=3, shut=timedelta(0)))
    await wrong(brief, "ann", 7)
    never = SignIn(database, Signer(KEY), Lifetimes(wrong_passwords=0))
    await wrong(never, "bob", 7)
    assert await never.shut() == {}


async def test_of_many_wrong_passwords_at_once_none_is_left_uncounted(database: Database) -> None:
    strict = SignIn(database, Signer(KEY), Lifetimes(wrong_passwords=8))
    await asyncio.gather(*(wrong(strict, "ann", 1) for _ in range(8)))
    assert set(await strict.shut()) == {"ann"}


async def test_a_service_account_comes_in_by_api_tokens_alone(sign_in: SignIn) -> None:
    with pytest.raises(Invalid, match="has no password"):
        await sign_in.add_user("robot", service=True, password=PASSWORD)
    assert (await sign_in.add_user("robot", service=True)).service
    with pytest.raises(Invalid, match="no sign-in link"):
        await sign_in.make_link("robot")
    _, secret = await sign_in.make_api_token("robot", label="ci")
    assert (await sign_in.principal(secret)).subject == "robot"


def test_a_practice_installation_makes_its_signing_key_once(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / "data")
    key = signing_key(settings)
    assert len(key) >= 32
    assert signing_key(settings) == key
    assert (tmp_path / "data" / "signing-key").stat().st_mode & 0o777 == 0o600


def test_a_stated_signing_key_is_used_and_a_live_cluster_needs_one(tmp_path: Path) -> None:
    stated = Settings.model_validate({"signing_key": KEY, "data_dir": tmp_path})
    assert signing_key(stated) == KEY
    live = Settings.model_validate({"cluster": "live", "data_dir": tmp_path})
    with pytest.raises(
        Invalid, match="MIDWATCH_SIGNING_KEY is required when MIDWATCH_CLUSTER=live"
    ):
        signing_key(live)
    assert list(tmp_path.iterdir()) == []


def test_a_data_folder_that_cannot_hold_a_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Invalid, match=r"Cannot keep a signing key in .*MIDWATCH_DATA_DIR"):
        signing_key(Settings(data_dir=tmp_path / "file"))


def test_each_role_permits_what_the_one_below_does() -> None:
    guest, user, manager, admin = ROLES.values()
    assert guest < user < manager < admin == frozenset(Permission)
