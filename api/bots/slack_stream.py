"""One answer as it grows in a Slack thread: tasks, then the text, and what is too long as a file."""

# pyright: reportUnknownMemberType=false, reportMissingTypeStubs=false

import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.models.messages.chunk import TaskUpdateChunk

from agent.intents import Language
from agent.wording import phrase
from api.turns.watching import Silence, Step
from core.clock import monotonic_s

# Slack takes 12,000 characters of Markdown in a call; the rest of the room is for our own line.
TEXT_CHARACTERS = 11_500
TITLE_CHARACTERS = 250
# A call each second stays within Slack's limits, however many tools are at work.
EVERY_S = 1.0
# Slack reads `<!channel>`, `<@person>` and `<#place>` in any text as a call, quoted or not.
CALL = re.compile(r"<(?=[!@#])")
STATUSES = {"started": "in_progress", "ok": "complete", "failed": "error"}


class SlackStream:
    """A message that begins with its first step, or with its end when there was none."""

    def __init__(self, client: Any, channel: str, root: str, team: str, person: str) -> None:
        self._client = client
        self._where = {"channel": channel, "thread_ts": root}
        self._to = {"recipient_team_id": team, "recipient_user_id": person}
        self._stream: Any = None
        self._steps: dict[str, Step] = {}
        self._told_s = float("-inf")

    async def step(self, piece: Step | Silence) -> None:
        """Show what is at work; what comes fast is shown together."""
        if isinstance(piece, Silence):
            return
        self._steps[piece.id] = piece
        if monotonic_s() - self._told_s >= EVERY_S:
            self._told_s = monotonic_s()
            with suppress(SlackApiError):  # the text is what matters, and comes whole at the end
                await (await self._opened()).append(chunks=self._taken())

    async def end(
        self, text: str, blocks: Sequence[dict[str, Any]] = (), *, language: Language
    ) -> None:
        """The whole text and its buttons."""
        shown, rest = _cut(calling_nobody(text))
        if rest:
            shown += f"\n\n_{phrase('bots.whole_as_file', language)}_"
        await self._finish(shown, list(blocks))
        if rest:
            title = phrase("bots.file_title", language)
            file = {"content": text, "filename": "answer.md", "title": title}
            await self._client.files_upload_v2(**file, **self._where)

    async def _finish(self, text: str, blocks: list[dict[str, Any]]) -> None:
        """As a message of its own where a workspace or a place does not take streams."""
        chunks: Any = self._taken() or None
        try:
            stream = await self._opened()
            await stream.stop(markdown_text=text, chunks=chunks, blocks=blocks or None)
        except SlackApiError:
            shown: Any = [{"type": "markdown", "text": text}, *blocks]
            short = text[:TITLE_CHARACTERS]
            await self._client.chat_postMessage(text=short, blocks=shown, **self._where)

    def _taken(self) -> list[TaskUpdateChunk]:
        taken, self._steps = self._steps, {}
        return [
            TaskUpdateChunk(
                id=one.id,
                title=calling_nobody(one.text)[:TITLE_CHARACTERS],
                status=STATUSES[one.status],
            )
            for one in taken.values()
        ]

    async def _opened(self) -> Any:
        if self._stream is None:
            self._stream = await self._client.chat_stream(
                task_display_mode="plan", **self._where, **self._to
            )
        return self._stream


def calling_nobody(text: str) -> str:
    """The text with nothing in it that would call people: what it cites is data."""
    return CALL.sub("&lt;", text)


def _cut(text: str) -> tuple[str, str]:
    """At the end of a line, so that no Markdown is torn apart."""
    if len(text) <= TEXT_CHARACTERS:
        return text, ""
    place = text.rfind("\n", 0, TEXT_CHARACTERS)
    place = place if place > 0 else TEXT_CHARACTERS
    return text[:place], text[place:]
