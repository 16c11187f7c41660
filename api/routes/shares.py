"""Letting others read a conversation by a link: made, listed, taken back, followed."""

from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api.dependencies import Chatter, Current, Opened, noted
from api.listing import Cursor, Limit, sort_by
from api.routes.threads import message_shape
from api.sent import Sent
from api.sentences import SENTENCES
from core.clock import utc_now
from core.errors import Forbidden, NotFound
from core.principal import Principal
from core.redaction import redact_fields, redact_text
from core.security.share_links import share_of, signed
from core.security.tokens import new_id, signing_key
from core.storage.repositories.shares import ShareRow, Shares

router = APIRouter(prefix="/api/v1", tags=["threads"])


class NewShare(Sent):
    hours: int = Field(default=168, ge=1, le=2160, description="How long the link is good.")


class Share(BaseModel):
    id: str
    thread_id: str
    title: str
    created_at: datetime = Field(description="What was said later is not shown.")
    expires_at: datetime
    revoked_at: datetime | None


class ShareWithLink(Share):
    link: str = Field(description="What `openShare` takes.")
    path: str = Field(description="The same as an address of the page, below this service's own.")


class ShareList(BaseModel):
    items: list[Share]
    next_cursor: str = Field(description="Goes on after the last item; empty at the end.")


class Link(Sent):
    link: str = Field(min_length=1, max_length=500)


class SharedThread(BaseModel):
    """A conversation as `readThread` tells it, to be read only."""

    title: str
    owner: str
    shared_at: datetime
    expires_at: datetime
    messages: list[dict[str, Any]]


@router.post("/threads/{thread_id}/shares", operation_id="shareThread", status_code=201)
async def share_thread(
    thread_id: Annotated[str, Path(max_length=64)],
    body: NewShare,
    principal: Chatter,
    current: Current,
) -> ShareWithLink:
    """Make a link by which whoever is signed in, sees the same namespaces and reaches the same clusters
    reads what was said until now. It can be taken back."""
    now = utc_now()
    wanted = ShareRow(
        id=new_id(),
        thread_id=thread_id,
        title="",
        owner=principal.subject,
        namespaces=principal.namespaces,
        clusters=principal.clusters,
        created_at=now,
        expires_at=now + timedelta(hours=body.hours),
    )
    async with current.database.session() as session:
        row = await Shares(session).add(wanted)
    await noted(current, principal, "share.create", row.id, thread=thread_id, hours=body.hours)
    link = signed(signing_key(current.settings), row.id, row.expires_at)
    return ShareWithLink(**_share(row).model_dump(), link=link, path=f"/#/shared/{link}")


@router.get("/shares", operation_id="listShares")
async def list_shares(
    principal: Chatter,
    current: Current,
    sort: Annotated[str, sort_by("title created_at expires_at revoked_at")] = "",
    cursor: Cursor = "",
    limit: Limit = None,
) -> ShareList:
    """Your links, the newest first; never the links themselves."""
    async with current.database.session() as session:
        found = await Shares(session).page(principal.subject, sort=sort, cursor=cursor, limit=limit)
    return ShareList(items=[_share(row) for row in found.rows], next_cursor=found.cursor)


@router.delete("/shares/{share_id}", operation_id="revokeShare", status_code=204)
async def revoke_share(
    share_id: Annotated[str, Path(max_length=32)], principal: Chatter, current: Current
) -> None:
    """Take a link of yours back: nobody reads by it any more."""
    async with current.database.session() as session:
        await Shares(session).revoke(share_id, owner=principal.subject, at=utc_now())
    await noted(current, principal, "share.revoke", share_id)


@router.post("/shares/open", operation_id="openShare")
async def open_share(body: Link, principal: Chatter, current: Current) -> SharedThread:
    """Read a conversation by its link.

    404 for a link that was made up, has ended or was taken back, all alike; 403 when it may tell
    of namespaces that you do not see, or of clusters that you do not reach. The link is sent in the body, so that no log keeps it. Secrets
    that its owner typed are left out.
    """
    row, messages = await _opened(body.link, current)
    _check_sight(row, principal)
    await noted(current, principal, "share.open", row.id, owner=row.owner)
    return SharedThread(
        title=redact_text(row.title),
        owner=row.owner,
        shared_at=row.created_at,
        expires_at=row.expires_at,
        messages=redact_fields(messages),
    )


async def _opened(link: str, current: Opened) -> tuple[ShareRow, list[dict[str, Any]]]:
    now = utc_now()
    share_id = share_of(signing_key(current.settings), link, now)
    if share_id is not None:
        async with current.database.session() as session:
            found = await Shares(session).opened(share_id, now)
        if found is not None:
            return found[0], [message_shape(one) for one in found[1]]
    raise SENTENCES.error(NotFound, "link_ended")


def _check_sight(row: ShareRow, principal: Principal) -> None:
    """What one was told of a namespace or a cluster is for those who see it too."""
    if not _within(row.namespaces, principal.namespaces):
        raise SENTENCES.error(Forbidden, "beyond_your_namespaces")
    if not _within(row.clusters, principal.clusters):
        raise SENTENCES.error(Forbidden, "beyond_your_clusters")


def _within(told: frozenset[str] | None, seen: frozenset[str] | None) -> bool:
    """Whether all that the owner saw is seen by the reader; None is all there is."""
    return seen is None or (told is not None and told <= seen)


def _share(row: ShareRow) -> Share:
    return Share(
        id=row.id,
        thread_id=row.thread_id,
        title=row.title,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
    )
