"""Threads, their messages and the tool calls behind each answer."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast

from sqlalchemy import (
    Select,
    Table,
    bindparam,
    case,
    column,
    delete,
    func,
    insert,
    select,
    table,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from core.errors import Conflict, Invalid, NotFound
from core.redaction import redact_fields, redact_text
from core.storage.forks import line_to, rows_of, steps_of
from core.storage.models import Conversation, Message, ToolCall
from core.storage.records import (
    Beginning,
    ConversationRow,
    MessageRow,
    SearchHit,
    ToolCallRow,
    Turn,
)
from core.storage.repositories.listing import Key, Listing, Part, part
from core.storage.repositories.mapping import columns
from core.storage.sentences import SENTENCES

TITLE_CHARACTERS = 80
SNIPPET_CHARACTERS = 120

# A trigram index cannot find fewer; shorter words are compared row by row.
TRIGRAM = 3
# What every turn writes goes by tables, not by mapped classes, which cost twice as much.
MESSAGES, CALLS, THREADS = (
    cast("Table", model.__table__) for model in (Message, ToolCall, Conversation)
)
# Statements of every turn are built once: building one costs as much as carrying it out.
OWNER = select(THREADS.c.owner).where(THREADS.c.id == bindparam("thread"))
USED = (
    update(THREADS)
    .where(THREADS.c.id == bindparam("thread"), THREADS.c.owner == bindparam("theirs"))
    .values(updated_at=bindparam("now"))
    .returning(THREADS.c.id)
)
USED_TOO = (
    update(THREADS).where(THREADS.c.id == bindparam("thread")).values(updated_at=bindparam("now"))
)
BEGIN, ADD_MESSAGES, ADD_CALLS = insert(THREADS), insert(MESSAGES), insert(CALLS)
THREAD_LIST = Listing(
    {one: THREADS.c[one] for one in ("title", "created_at", "updated_at", "pinned")},
    tuple(Key(THREADS.c[one], descending=True) for one in ("pinned", "updated_at", "id")),
)
# Messages are numbered as they are said.
MESSAGE_LIST = Listing({"created_at": MESSAGES.c.number}, (Key(MESSAGES.c.number),))
FULL_TEXT = table("messages_fts", column("rowid"), column("messages_fts"))


class Conversations:
    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, owner: str, *, sort: str = "", cursor: str = "", limit: int = 30
    ) -> Part[ConversationRow]:
        """The owner's conversations: pinned ones, then the others, of both the one used last first."""
        query = select(Conversation).where(Conversation.owner == owner)
        return await part(
            self._session, query, THREAD_LIST, _conversation, sort=sort, cursor=cursor, limit=limit
        )

    async def get(self, thread_id: str, *, owner: str) -> ConversationRow:
        """Raises `NotFound` for another's conversation too: that it exists is theirs to know."""
        found = await self._session.get(Conversation, thread_id)
        if found is None or found.owner != owner:
            raise SENTENCES.error(NotFound, "no_conversation", thread_id=thread_id)
        return _conversation(found)

    async def owner_of(self, thread_id: str) -> str | None:
        """None for a thread that has not begun. For deciding, not for showing."""
        return await self._session.scalar(OWNER, {"thread": thread_id})

    async def begin(
        self,
        thread_id: str,
        owner: str,
        question: str,
        at: datetime,
        *,
        used_at: datetime | None = None,
    ) -> None:
        """A conversation without messages yet. Raises `Conflict` when it has begun already."""
        begun = _begun(Beginning(thread_id, owner, question, at))
        await self._session.execute(BEGIN, {**begun, "updated_at": used_at or at})

    async def begin_all(self, beginnings: Sequence[Beginning]) -> None:
        """Several at once, all or none. Raises `Conflict` when one has begun already."""
        await self._session.execute(BEGIN, [_begun(one) for one in beginnings])

    async def messages(self, thread_id: str, *, owner: str) -> list[MessageRow]:
        """All messages in order, each answer with its tool calls, without those that a fork left behind."""
        return list((await self.message_page(thread_id, owner=owner)).rows)

    async def every_message(self, thread_id: str, *, owner: str) -> list[MessageRow]:
        """Those of all forks, in the order they were said."""
        await self.get(thread_id, owner=owner)
        query = select(Message).where(Message.conversation_id == thread_id)
        found = list(await self._session.scalars(query.order_by(Message.number)))
        calls = await self._tool_calls([message.id for message in found])
        return [_message(message, calls[message.id]) for message in found]

    async def message_page(
        self,
        thread_id: str,
        *,
        owner: str,
        sort: str = "",
        cursor: str = "",
        limit: int | None = None,
    ) -> Part[MessageRow]:
        """The same part by part. Raises `NotFound` as `get` does."""
        await self.get(thread_id, owner=owner)
        query = select(Message).where(Message.conversation_id == thread_id, Message.aside == 0)
        found = await part(
            self._session, query, MESSAGE_LIST, _as_it_is, sort=sort, cursor=cursor, limit=limit
        )
        calls = await self._tool_calls([message.id for message in found.rows])
        rows = tuple(_message(message, calls[message.id]) for message in found.rows)
        return Part(rows, found.cursor)

    async def rename(self, thread_id: str, title: str, *, owner: str) -> ConversationRow:
        title = _title(title)
        if not title:
            raise SENTENCES.error(Invalid, "no_title")
        await self.get(thread_id, owner=owner)
        change = update(Conversation).where(Conversation.id == thread_id).values(title=title)
        await self._session.execute(change)
        return await self.get(thread_id, owner=owner)

    async def pin(self, thread_id: str, *, owner: str, pinned: bool) -> ConversationRow:
        """Before the others, or again among them. When it was used last stays as it is."""
        await self.get(thread_id, owner=owner)
        change = update(Conversation).where(Conversation.id == thread_id)
        await self._session.execute(change.values(pinned=int(pinned)))
        return await self.get(thread_id, owner=owner)

    async def delete(self, thread_id: str, *, owner: str) -> None:
        """With its messages and tool calls. What it cost stays on record."""
        await self.get(thread_id, owner=owner)
        await self._session.execute(delete(Conversation).where(Conversation.id == thread_id))

    async def search(self, owner: str, text: str, *, limit: int = 20) -> list[SearchHit]:
        """Conversations whose title or messages contain every word of `text`, newest first."""
        words = text.split()
        if not words:
            return []
        titles = select(Conversation).where(
            Conversation.owner == owner, *(_contains(Conversation.title, word) for word in words)
        )
        newest = titles.order_by(Conversation.updated_at.desc()).limit(limit)
        hits = {
            row.id: SearchHit(_conversation(row), "", row.title)
            for row in await self._session.scalars(newest)
        }
        found = await self._session.execute(self._matching(owner, words, limit))
        for message, conversation in found:
            hit = SearchHit(_conversation(conversation), message.id, _snippet(message.text, words))
            hits.setdefault(conversation.id, hit)
        ordered = sorted(hits.values(), key=lambda hit: hit.conversation.updated_at, reverse=True)
        return ordered[:limit]

    async def append_turn(self, turn: Turn) -> None:
        """Keep one turn; the first of a thread begins its conversation.

        Secrets are taken out here, so that no door can forget it. Raises `NotFound` when the
        thread is another person's.
        """
        await self._touch(turn)
        if turn.fork:
            await self._leave_behind(turn)
        messages = [one for one in (turn.question, turn.answer) if one]
        await self._session.execute(
            ADD_MESSAGES, [_message_values(message, turn.thread_id) for message in messages]
        )
        calls = [_call_values(call, turn.answer) for call in turn.answer.tool_calls]
        if calls:
            await self._session.execute(ADD_CALLS, calls)

    async def append_turns(self, turns: Sequence[Turn]) -> None:
        """Several at once, all or none. Raises `Conflict` where one is of a thread that is not there
        or another person's: alone it is told which."""
        if len(turns) == 1:
            await self.append_turn(turns[0])
            return
        query = select(THREADS.c.id, THREADS.c.owner)
        found = await self._session.execute(
            query.where(THREADS.c.id.in_([one.thread_id for one in turns]))
        )
        owners = {row.id: row.owner for row in found}
        if any(owners.get(one.thread_id) != one.owner for one in turns):
            raise SENTENCES.error(Conflict, "changed_meanwhile")
        used = [{"thread": one.thread_id, "now": one.answer.created_at} for one in turns]
        await self._session.execute(USED_TOO, used)
        for one in turns:
            if one.fork:
                await self._leave_behind(one)
        messages = [
            _message_values(message, one.thread_id)
            for one in turns
            for message in (one.question, one.answer)
            if message
        ]
        await self._session.execute(ADD_MESSAGES, messages)
        calls = [_call_values(call, one.answer) for one in turns for call in one.answer.tool_calls]
        if calls:
            await self._session.execute(ADD_CALLS, calls)

    async def _leave_behind(self, turn: Turn) -> None:
        """What is not on the way to where the turn forks off stands aside, and what is, no longer."""
        steps = steps_of(await self.every_message(turn.thread_id, owner=turn.owner))
        kept = [row.id for row in rows_of(line_to(steps, turn.fork))]
        aside = case((Message.id.in_(kept), 0), else_=1)
        change = update(Message).where(Message.conversation_id == turn.thread_id)
        await self._session.execute(change.values(aside=aside))

    async def _touch(self, turn: Turn) -> None:
        now = turn.answer.created_at
        about = {"thread": turn.thread_id, "theirs": turn.owner, "now": now}
        found = await self._session.execute(USED, about)
        if found.first():
            return
        if await self.owner_of(turn.thread_id):
            raise SENTENCES.error(NotFound, "no_conversation", thread_id=turn.thread_id)
        first = turn.question or turn.answer
        await self.begin(turn.thread_id, turn.owner, first.text, first.created_at, used_at=now)

    async def _tool_calls(self, message_ids: Sequence[str]) -> Mapping[str, list[ToolCallRow]]:
        calls: dict[str, list[ToolCallRow]] = defaultdict(list)
        query = select(ToolCall).where(ToolCall.message_id.in_(message_ids))
        for row in await self._session.scalars(query.order_by(ToolCall.number)):
            calls[row.message_id].append(_tool_call(row))
        return calls

    def _matching(
        self, owner: str, words: Sequence[str], limit: int
    ) -> Select[Message, Conversation]:
        """The newest message of each conversation that contains all words."""
        indexed = self._session.get_bind().dialect.name == "sqlite"
        long = [word for word in words if indexed and len(word) >= TRIGRAM]
        newest = func.max(Message.number)
        numbers = (
            select(newest)
            .join(Conversation, Conversation.id == Message.conversation_id)
            .where(Conversation.owner == owner)
            .where(*(_contains(Message.text, word) for word in words if word not in long))
            .group_by(Message.conversation_id)
            .order_by(newest.desc())
            .limit(limit)
        )
        if long:
            phrases = " ".join('"' + word.replace('"', '""') + '"' for word in long)
            found = select(FULL_TEXT.c.rowid).where(FULL_TEXT.c.messages_fts.op("MATCH")(phrases))
            numbers = numbers.where(Message.number.in_(found))
        both = select(Message, Conversation).join(
            Conversation, Conversation.id == Message.conversation_id
        )
        return both.where(Message.number.in_(numbers))


def _contains(text: Any, word: str) -> Any:
    return text.icontains(word, autoescape=True)


def _snippet(text: str, words: Sequence[str]) -> str:
    """The part of `text` around the first of the words, on one line."""
    lowered = text.lower()
    at = min((found for word in words if (found := lowered.find(word.lower())) >= 0), default=0)
    start = max(0, at - SNIPPET_CHARACTERS // 3)
    end = start + SNIPPET_CHARACTERS
    part = " ".join(text[start:end].split())
    return ("…" if start else "") + part + ("…" if end < len(text) else "")


def _begun(one: Beginning) -> dict[str, Any]:
    return {
        "id": one.thread_id,
        "owner": one.owner,
        "title": _title(redact_text(one.question)),
        "created_at": one.at,
        "updated_at": one.at,
        "branch_of": "",
        "branched_at": "",
    }


def _title(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= TITLE_CHARACTERS else line[: TITLE_CHARACTERS - 1] + "…"


def _conversation(row: Conversation) -> ConversationRow:
    return ConversationRow(
        row.id,
        row.owner,
        row.title,
        row.created_at,
        row.updated_at,
        row.branch_of,
        row.branched_at,
        bool(row.pinned),
    )


def _as_it_is(row: Message) -> Message:
    return row


def _message(row: Message, calls: Sequence[ToolCallRow]) -> MessageRow:
    return MessageRow(
        row.id, row.role, row.text, row.language, row.created_at, row.detail, tuple(calls)
    )


def _tool_call(row: ToolCall) -> ToolCallRow:
    return ToolCallRow(
        id=row.id,
        server=row.server,
        tool=row.tool,
        arguments=row.arguments,
        status=row.status,
        duration_ms=row.duration_ms,
        result=row.result,
        result_tokens=row.result_tokens,
        subagent=row.subagent,
        cached=row.cached,
    )


def _message_values(message: MessageRow, thread_id: str) -> dict[str, Any]:
    return {
        "id": message.id,
        "conversation_id": thread_id,
        "role": message.role,
        "text": redact_text(message.text),
        "language": message.language,
        "detail": redact_fields(message.detail),
        "created_at": message.created_at,
    }


def _call_values(call: ToolCallRow, answer: MessageRow) -> dict[str, Any]:
    values = {name: value for name, value in columns(call).items() if name != "arguments"}
    return {
        **values,
        "arguments": redact_fields(call.arguments),
        "result": redact_text(call.result),
        "message_id": answer.id,
        "created_at": answer.created_at,
    }
