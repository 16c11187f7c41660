"""`midwatch usage`: what the models were used for, and what that cost."""

from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption

if TYPE_CHECKING:
    from core.storage.records import UsageTotal

HEAD = ("model", "calls", "failed", "input", "cached", "output", "USD")
UNPRICED = "unpriced"


def usage(
    days: Annotated[int, typer.Option(min=1, max=366, help="How far back to look.")] = 30,
    user: Annotated[str, typer.Option(help="Only what this user asked.")] = "",
    output: OutputOption = Output.TEXT,
) -> None:
    """Tokens and cost of each model, the dearest first."""
    finish(_usage(days, user, output))


async def _usage(days: int, user: str, output: Output) -> int:
    from datetime import timedelta

    from core.clock import utc_now
    from core.settings import load
    from core.storage.database import Database
    from core.storage.repositories.usage import Usage

    until = utc_now()
    since = until - timedelta(days=days)
    async with Database.opened(load().database_url) as database, database.session() as session:
        totals = await Usage(session).totals(since=since, until=until, subject=user)
    if output is Output.JSON:
        put_json({"since": since, "until": until, "items": totals})
    elif totals:
        put("\n".join(_line(*row) for row in (HEAD, *map(_row, totals))))
    else:
        put(SENTENCES.said("no_model_asked", days=days).told(spoken()))
    return OK


def _row(total: "UsageTotal") -> tuple[object, ...]:
    """A sum that lacks unpriced calls says so: it is not all that was spent."""
    some = f"{total.cost_usd:.4f}" if total.unpriced < total.calls else ""
    cost = f"{some} + {total.unpriced} {UNPRICED}" if some and total.unpriced else some or UNPRICED
    name = f"{total.provider}/{total.model}"
    tokens = total.input_tokens, total.cache_read_tokens, total.output_tokens
    return (name, total.calls, total.failed, *tokens, cost)


def _line(model: object, *figures: object) -> str:
    *counts, cost = figures
    return f"{model!s:<36}" + "".join(f"{count!s:>12}" for count in counts) + f"  {cost}"
