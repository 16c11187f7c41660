"""What the model calls of a run are charged to: the usage log, under who asked and where."""

from dataclasses import dataclass
from uuid import uuid4

import structlog

from agent.accounts import UsedUp
from agent.events import ModelCall
from api.turns.budgets import Ledger, unpriced_models
from api.turns.spans import Spans
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
    spans: Spans | None = None

    @classmethod
    def over(
        cls, database: Database, log: UsageLog, settings: Settings, spans: Spans | None = None
    ) -> "Accounts":
        if settings.budgets.in_usd and (unpriced := unpriced_models(settings)):
            warnings.warning("budget.unpriced", models=unpriced, hint=UNPRICED)
        return cls(log, settings.usage, Ledger(database, log, settings.budgets), spans)

    def of(self, subject: str, thread_id: str = "", run_id: str = "") -> "RunAccount":
        """To be called in the task of the request, whose id goes with every call.

        Without a conversation there is only the question where it belongs.
        """
        request_id = str(structlog.contextvars.get_contextvars().get("request_id", ""))
        return RunAccount(self, subject, thread_id, run_id or str(uuid4()), request_id)


@dataclass(frozen=True, slots=True)
class RunAccount:
    accounts: Accounts
    subject: str
    thread_id: str
    run_id: str
    request_id: str

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
            prompt=call.prompt,
            reply=call.reply,
        )
