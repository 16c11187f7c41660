"""Budgets of conversations, people and days, over what is on record and what is about to be."""

import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from api.turns.budgets import Ledger, unpriced_models
from core.clock import utc_now
from core.http import client
from core.settings.groups import BudgetSettings
from core.storage.database import Database
from core.storage.records import UsageRow
from core.storage.repositories.usage import Usage
from core.storage.usage_log import UsageLog
from evals.providers.saying import Say
from evals.providers.serving import provider_serving
from tests.api.conftest import offline
from tests.storage.test_usage import CALL
from tests.test_start import address, signed_in, up

# 120 tokens and 0.25 USD, of ann in t1.
NOW = replace(CALL, created_at=utc_now())
OLD = replace(NOW, created_at=utc_now() - timedelta(days=1))


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database.opened(f"sqlite:///{tmp_path}/midwatch.db") as database:
        yield database


async def used_up(database: Database, limits: BudgetSettings, subject: str, thread: str) -> str:
    async with UsageLog(database) as log:
        return await Ledger(database, log, limits).used_up(subject, thread)


async def keep(database: Database, *rows: UsageRow) -> None:
    async with database.session() as session:
        await Usage(session).add(rows)


@pytest.mark.parametrize(
    ("limits", "subject", "thread", "code"),
    [
        ({}, "ann", "t1", ""),
        ({"thread_tokens": 240}, "ann", "t1", "budget_thread"),
        ({"thread_tokens": 241}, "ann", "t1", ""),
        ({"thread_tokens": 1}, "ann", "t2", ""),
        ({"thread_tokens": 1}, "ann", "", ""),
        ({"thread_usd": "0.5"}, "ann", "t1", "budget_thread"),
        ({"user_tokens": 120}, "ann", "t9", "budget_user"),
        ({"user_tokens": 121}, "ann", "t9", ""),
        ({"user_usd": "0.25"}, "ann", "t9", "budget_user"),
        ({"user_usd": "0.25"}, "bob", "t9", ""),
        ({"day_tokens": 120}, "bob", "t9", "budget_day"),
        ({"day_tokens": 121}, "bob", "t9", ""),
        ({"day_usd": "0.25"}, "bob", "t9", "budget_day"),
    ],
)
async def test_a_budget_counts_what_its_conversation_person_or_day_spent(
    limits: dict[str, object], subject: str, thread: str, code: str, database: Database
) -> None:
    await keep(database, NOW, OLD)
    told = BudgetSettings.model_validate(limits)
    assert await used_up(database, told, subject, thread) == code


async def test_a_call_that_is_not_written_yet_counts(database: Database) -> None:
    limits = BudgetSettings(user_tokens=200, day_usd=Decimal("0.75"))
    async with UsageLog(database, linger_s=3600) as log:
        ledger = Ledger(database, log, limits)
        log.add(NOW)
        assert await ledger.used_up("ann", "t1") == ""
        for row in (NOW, replace(NOW, subject="bob")):
            log.add(row)
            ledger.charge(row)
        assert await ledger.used_up("ann", "t1") == "budget_user"
        assert await ledger.used_up("cid", "t3") == "budget_day"


async def test_a_model_without_a_known_price_counts_in_tokens_only(database: Database) -> None:
    await keep(database, replace(NOW, cost_usd=None))
    in_usd, in_tokens = BudgetSettings(day_usd=Decimal("0.01")), BudgetSettings(day_tokens=100)
    assert await used_up(database, in_usd, "ann", "t1") == ""
    assert await used_up(database, in_tokens, "ann", "t1") == "budget_day"


def test_models_that_a_budget_in_usd_cannot_hold_are_named(tmp_path: Path) -> None:
    own = {"provider": "openai", "model": "qwen3", "base_url": "http://127.0.0.1:1/v1"}
    llm = {"provider": "openai", "model": "gpt-4.1", "api_key": "k", "more": {"local": own}}
    assert unpriced_models(offline(tmp_path, llm=llm)) == ["openai/qwen3"]


async def test_a_service_out_of_budget_answers_by_rules_also_after_a_restart(
    tmp_path: Path,
) -> None:
    with provider_serving(Say("By the model.", input_tokens=900)) as provider:
        variables = {
            "ANTHROPIC_API_KEY": "key-x",
            "ANTHROPIC_BASE_URL": provider.base_url,
            "MIDWATCH_BUDGETS__USER_TOKENS": "900",
        }
        told: list[tuple[str, str]] = []
        for _ in range(2):
            with up(tmp_path, **variables) as (process, link):
                async with client(address(link), timeout_s=120) as http:
                    await signed_in(http, link)
                    for thread in ("t1", "t2"):
                        asked = {"question": "Why is checkout failing?", "thread_id": thread}
                        shape = (await http.post("/api/v1/query", json=asked)).json()
                        told.append((shape["answer"][:13], shape["incomplete_code"]))
                process.send_signal(signal.SIGTERM)
                assert process.wait(15) == 0
    assert len(provider.requests) == 1
    assert told[0] == ("By the model.", "")
    assert [code for _, code in told[1:]] == ["budget_user"] * 3
    assert told[1][0].startswith("**Root cause")
