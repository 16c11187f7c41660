"""One answer as it grows in Feishu: a card with what is done, then the text, then what is asked."""

from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from agent.intents import Language
from agent.wording import phrase
from api.bots.feishu_api import FeishuApi, NotTaken
from api.bots.feishu_cards import TEXT_BYTES, answer_card, approval_card, working_card
from api.turns.watching import Piece, Silence, Step, Told
from core.clock import monotonic_s

# Feishu takes five changes of a card a second; one is enough to follow.
EVERY_S = 1.0


class FeishuAnswer:
    """A card that begins with the first step, or with the end when there was none.

    `where` says what is answered, in words that come back with a button.
    """

    def __init__(self, api: FeishuApi, where: Mapping[str, str], language: Language) -> None:
        self._api, self._where = api, where
        self._language: Language = language
        self._card = ""
        self._steps: dict[str, Step] = {}
        self._told_s = float("-inf")

    async def show(self, piece: Piece) -> None:
        """Steps that come fast are shown together. Raises `NotTaken` where the end was not taken."""
        if isinstance(piece, Told):
            done = piece.run_id if not piece.shape["approvals"] else ""
            await self._end(piece.text, done)
            for asked in piece.shape["approvals"]:
                asking = approval_card(asked, self._where, self._language)
                await self._api.reply(self._where["reply_to"], asking)
        elif not isinstance(piece, Silence):
            await self._step(piece)

    async def _step(self, step: Step) -> None:
        self._steps[step.id] = step
        if monotonic_s() - self._told_s >= EVERY_S:
            self._told_s = monotonic_s()
            with suppress(NotTaken):  # the text is what matters, and comes whole at the end
                await self._put(working_card(self._steps.values(), self._language))

    async def _end(self, text: str, run_id: str) -> None:
        head, rest = _cut(text)
        if rest:
            head += f"\n\n*{phrase('bots.whole_as_file', self._language)}*"
        asked = {**self._where, "run": run_id} if run_id else None
        card = answer_card(head, self._language, asked)
        try:
            await self._put(card)
        except NotTaken:
            self._card = ""  # the card may be gone; the answer is not to go with it
            await self._put(card)
        if rest:
            await self._api.attach(self._where["reply_to"], "answer.md", text)

    async def _put(self, card: dict[str, Any]) -> None:
        if self._card:
            await self._api.change(self._card, card)
        else:
            self._card = await self._api.reply(self._where["reply_to"], card)


def _cut(text: str) -> tuple[str, str]:
    """At the end of a line, so that no Markdown is torn apart."""
    told = text.encode()
    if len(told) <= TEXT_BYTES:
        return text, ""
    head = told[:TEXT_BYTES].decode(errors="ignore")
    place = head.rfind("\n")
    head = head[:place] if place > 0 else head
    return head, text[len(head) :]
