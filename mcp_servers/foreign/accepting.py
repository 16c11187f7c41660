"""Which foreign servers there are, and a person's yes to what one of them offers."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.errors import Conflict, Invalid, NotFound, UpstreamUnavailable
from core.principal import Principal
from mcp_servers.backends import Acceptances
from mcp_servers.foreign.adopting import Adopted
from mcp_servers.foreign.standing import Standing, State
from mcp_servers.sentences import SENTENCES, near

Name = Annotated[str, Field(description="A foreign server's name.", max_length=20)]
Digest = Annotated[
    str,
    Field(description="`digest` of the list that was looked at.", pattern=r"^sha256:[0-9a-f]{64}$"),
]


class ForeignTool(BaseModel):
    """In the server's own words, which are not Midwatch's."""

    name: str
    description: str


class LeftOut(BaseModel):
    name: str
    why: str


class Standings(BaseModel):
    """`why` says what keeps an unreachable server from being used."""

    name: str
    url: str
    state: State
    digest: str = ""
    accepted_by: str = ""
    accepted_at: datetime | None = None
    why: str = ""
    tools: list[ForeignTool] = []
    left_out: list[LeftOut] = []


class ForeignServers(BaseModel):
    servers: list[Standings]


async def foreign_list_servers(*, standings: tuple[Standing, ...]) -> ForeignServers:
    """List the tool servers of others: reachable or not, accepted or not, and what they offer."""
    return ForeignServers(servers=[await _shape(one) for one in standings])


async def foreign_accept(
    name: Name,
    digest: Digest,
    *,
    standings: tuple[Standing, ...],
    acceptances: Acceptances | None,
    caller: Principal,
) -> Standings:
    """Accept a foreign server's tools exactly as they were shown."""
    standing = _unpinned(name, standings)
    store = _store(acceptances)
    standing.look_again()
    offer = await standing.offer()
    if offer is None:
        raise standing.away()
    if offer.digest != digest:
        raise SENTENCES.error(Conflict, "offers_otherwise", name=name)
    await store.accept(name, digest, caller.subject)
    return await _shape(standing)


async def foreign_withdraw(
    name: Name, *, standings: tuple[Standing, ...], acceptances: Acceptances | None
) -> Standings:
    """Take back the acceptance of a foreign server: its tools are offered no more."""
    standing = _unpinned(name, standings)
    store = _store(acceptances)
    if not await store.withdraw(name):
        raise SENTENCES.error(Conflict, "nobody_accepted", name=name)
    return await _shape(standing)


def _named(name: str, standings: tuple[Standing, ...]) -> Standing:
    for one in standings:
        if one.name == name:
            return one
    known = [one.name for one in standings]
    raise SENTENCES.error(NotFound, "no_foreign_server", name=name, hint=near(name, known))


def _store(acceptances: Acceptances | None) -> Acceptances:
    if acceptances is None:
        raise SENTENCES.error(UpstreamUnavailable, "acceptance_not_kept")
    return acceptances


def _unpinned(name: str, standings: tuple[Standing, ...]) -> Standing:
    standing = _named(name, standings)
    if standing.server.address.pin:
        raise SENTENCES.error(Invalid, "pinned", name=standing.name, upper=standing.name.upper())
    return standing


async def _shape(standing: Standing) -> Standings:
    state, accepted = await standing.state(), await standing.accepted()
    told = Standings(
        name=standing.name,
        url=standing.server.address.url,
        state=state,
        accepted_by=accepted.accepted_by if accepted else "",
        accepted_at=accepted.accepted_at if accepted else None,
        why=str(standing.failure or ""),
    )
    offer = await standing.offer()
    return told.model_copy(update=_offered(standing.name, offer)) if offer else told


def _offered(name: str, offer: Adopted) -> dict[str, object]:
    return {
        "digest": offer.digest,
        "tools": [
            ForeignTool(
                name=tool.name,
                description=tool.description or "",
            )
            for tool in offer.tools
        ],
        "left_out": [LeftOut(name=one, why=why) for one, why in offer.left_out],
    }
