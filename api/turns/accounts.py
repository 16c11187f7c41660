"""What the model calls of a run are charged to: the usage log, under who asked and where."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import uuid4

import structlog

from agent.accounts import Tried, UsedUp
from agent.events import ModelCall
from agent.pricing import Price
from api.turns.budgets import Ledger, unpriced_models
from api.turns.flags import Switches
from api.turns.price_board import PriceBoard
from api.turns.shadows import Shadows
from api.turns.spans import Spans
from core.flags import State
from core.settings import Settings
from core.settings.groups import UsageSettings
from core.storage.database import Database
from core.storage.records import UsageRow
from core.storage.usage_log import UsageLog
from core.telemetry import logger

UNPRICED = "They count in tokens only. Give them a price by MIDWATCH_LLM__PRICES."
warnings = logger("midwatch.budgets")


@dataclass(frozen=True, slots=True)
class Accounts:
    """Of everybody who asks models through this process."""

    log: UsageLog
    settings: UsageSettings
    ledger: Ledger
    switch: Switches
    shadows: Shadows
    board: PriceBoard
    spans: Spans | None = None

    @classmethod
    def over(
        cls, database: Database, log: UsageLog, settings: Settings, spans: Spans | None = None
    ) -> "Accounts":
        if settings.budgets.in_usd and (unpriced := unpriced_models(settings)):
            warnings.warning("budget.unpriced", models=unpriced, hint=UNPRICED)
        ledger = Ledger(database, log, settings.budgets)
        switch, board, shadows = Switches(database), PriceBoard(database), Shadows(database)
        return cls(log, settings.usage, ledger, switch, shadows, board, spans)

    def of(
        self, subject: str, thread_id: str = "", run_id: str = "", *, app: str = ""
    ) -> "RunAccount":
        """To be called in the task of the request, whose id goes with every call.

        Without a conversation there is only the question where it belongs.
        """
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        return RunAccount(self, subject, thread_id, run_id or str(uuid4()), request_id, app)


@dataclass(frozen=True, slots=True)
class RunAccount:
    accounts: Accounts
    subject: str
    thread_id: str
    run_id: str
    request_id: str
    app: str = ""

    @property
    def prices(self) -> Sequence[Price]:
        return self.accounts.board.prices

    @property
    def keeps_texts(self) -> bool:
        return self.accounts.settings.texts

    def charge(self, call: ModelCall) -> None:
        row = self._row(call)
        self.accounts.log.add(row)
        self.accounts.ledger.charge(row)
        if self.accounts.spans:
            self.accounts.spans.add(row)

    async def used_up(self) -> UsedUp:
        """Asked before each call, which is when prices are looked at anew, too."""
        if await self.state_of("models") != "on":
            return "models_off"
        return await self._spent()

    async def state_of(self, function: str) -> State:
        return await self.accounts.switch.state_of(function, self.subject)

    async def may_try(self) -> bool:
        return await self.state_of("models") == "shadow" and not await self._spent()

    def beside(self, function: str, tried: Tried) -> None:
        self.accounts.shadows.begin(function, self.subject, {"run": self.run_id}, tried)

    async def _spent(self) -> UsedUp:
        await self.accounts.board.refresh()
        return await self.accounts.ledger.used_up(self.subject, self.thread_id)

    def _row(self, call: ModelCall) -> UsageRow:
        tokens = call.tokens
        return UsageRow(
            subject=self.subject,
            conversation_id=self.thread_id,
            run_id=self.run_id,
            request_id=self.request_id[:128],
            subagent=call.subagent,
            provider=call.provider,
            model=call.model,
            outcome=call.outcome,
            input_tokens=tokens.input,
            output_tokens=tokens.output,
            cache_read_tokens=tokens.cache_read,
            cache_write_tokens=tokens.cache_write,
            reasoning_tokens=tokens.reasoning,
            estimated=tokens.estimated,
            cost_usd=None if call.cost_usd is None else float(call.cost_usd),
            first_token_ms=call.first_token_ms,
            duration_ms=call.duration_ms,
            created_at=call.at,
            app=self.app,
            prompt=call.prompt,
            reply=call.reply,
        )
