"""`midwatch usage`: what the models were used for, and what that cost."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption, Source, with_source

HEAD = ("model", "calls", "failed", "input", "cached", "output", "USD")
UNPRICED = "unpriced"


@with_source
def usage(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back to look.")] = 30,
    user: Annotated[str, typer.Option(help="Only what this user asked.")] = "",
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Tokens and cost of each model, the dearest first."""
    finish(_usage(source, days, user, output))


async def _usage(source: Source, days: int, user: str, output: Output) -> int:
    told = await (_there if source.server else _here)(source, days, user)
    if output is Output.JSON:
        put_json(told)
    elif totals := told["items"]:
        put("\n".join(_line(*row) for row in (HEAD, *map(_row, totals))))
    else:
        put(SENTENCES.said("no_model_asked", days=days).told(spoken()))
    return OK


async def _there(source: Source, days: int, user: str) -> dict[str, Any]:
    from api.cli.remote import get

    return await get(source, "/api/v1/usage", {"days": days, "subject": user})


async def _here(source: Source, days: int, user: str) -> dict[str, Any]:
    from dataclasses import asdict
    from datetime import timedelta

    from core.clock import utc_now
    from core.storage.database import Database
    from core.storage.repositories.usage import Usage

    until = utc_now()
    since = until - timedelta(days=days)
    address = source.settings().database_url
    async with Database.opened(address) as database, database.session() as session:
        totals = await Usage(session).totals(since=since, until=until, subject=user)
    return {"since": since, "until": until, "items": [asdict(one) for one in totals]}


def _row(total: Mapping[str, Any]) -> tuple[object, ...]:
    """A sum that lacks unpriced calls says so: it is not all that was spent."""
    unpriced, calls = total["unpriced"], total["calls"]
    some = f"{total['cost_usd']:.4f}" if unpriced < calls else ""
    cost = f"{some} + {unpriced} {UNPRICED}" if some and unpriced else some or UNPRICED
    name = f"{total['provider']}/{total['model']}"
    tokens = total["input_tokens"], total["cache_read_tokens"], total["output_tokens"]
    return (name, calls, total["failed"], *tokens, cost)


def _line(model: object, *figures: object) -> str:
    *counts, cost = figures
    return f"{model!s:<36}" + "".join(f"{count!s:>12}" for count in counts) + f"  {cost}"
