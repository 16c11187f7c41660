"""`midwatch prices`: what models cost, and prices of one's own from a day on."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer

from api.cli.outcome import OK, finish, put, put_json
from api.cli.people import note, opened_doors
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption

if TYPE_CHECKING:
    from core.storage.repositories.model_prices import PriceRow

prices = typer.Typer(help="What models cost.", no_args_is_help=True)
HEAD = ("id", "model", "from", "input", "output", "cache read", "cache write")

Usd = Annotated[str, typer.Argument(help="USD for a million tokens.")]
Cached = Annotated[str, typer.Option(help="USD for a million tokens; left out: as input.")]


@prices.command("list")
def list_prices(output: OutputOption = Output.TEXT) -> None:
    """The prices that were set here; `agent/prices.toml` has those that come with Midwatch."""
    finish(_list(output))


@prices.command("add")
def add_price(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="* stands for anything.")],
    input_usd: Usd,
    output_usd: Usd,
    provider: Annotated[str, typer.Option(help="* is any.")] = "*",
    since: Annotated[
        datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="The first UTC day.")
    ] = None,
    above: Annotated[int, typer.Option(min=0, help="Only of requests with more input.")] = 0,
    cache_read: Cached = "",
    cache_write: Cached = "",
    comment: Annotated[str, typer.Option("--note", help="Where the price is from.")] = "",
) -> None:
    """Set a price; calls from then on are counted with it."""
    told = {
        "model": model,
        "provider": provider,
        "since": since.date() if since else None,
        "above_input_tokens": above,
        "input": input_usd,
        "output": output_usd,
        "cache_read": cache_read,
        "cache_write": cache_write,
        "note": comment,
    }
    finish(_add({name: value for name, value in told.items() if value not in ("", None)}))


@prices.command("remove")
def remove_price(price: Annotated[str, typer.Argument(metavar="ID")]) -> None:
    """Take a price away."""
    finish(_remove(price))


async def _list(output: Output) -> int:
    from core.storage.repositories.model_prices import ModelPrices

    async with opened_doors() as (_, database, _), database.session() as session:
        rows = await ModelPrices(session).all()
    if output is Output.JSON:
        put_json({"items": rows})
    elif rows:
        put("\n".join(map(_line, (HEAD, *map(_cells, rows)))))
    else:
        put("No price was set here.")
    return OK


async def _add(told: dict[str, object]) -> int:
    from secrets import token_hex

    from pydantic import ValidationError

    from api.cli.identity import OPERATOR
    from api.routes.prices import Terms
    from core.errors import Invalid
    from core.faults import inside
    from core.storage.repositories.model_prices import ModelPrices

    try:
        row = Terms.model_validate(told).row(token_hex(8), OPERATOR.subject)
    except ValidationError as error:
        first = error.errors()[0]
        facts = {"field": str(first["loc"][0]), "why": inside(first)}
        raise SENTENCES.error(Invalid, "wrong_value", **facts) from error
    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            await ModelPrices(session).add(row)
        await note(database, "price.add", f"{row.provider}/{row.model} {row.since}", price=row.id)
    put(row.id)
    return OK


async def _remove(price: str) -> int:
    from core.storage.repositories.model_prices import ModelPrices

    async with opened_doors() as (_, database, _):
        async with database.session() as session:
            await ModelPrices(session).remove(price)
        await note(database, "price.remove", price)
    put(f"{price} is gone.")
    return OK


def _cells(row: "PriceRow") -> tuple[object, ...]:
    name = f"{row.provider}/{row.model}"
    size = f" >{row.above_input_tokens}" if row.above_input_tokens else ""
    return (row.id, name + size, row.since, row.input, row.output, row.cache_read, row.cache_write)


def _line(cells: tuple[object, ...]) -> str:
    number, model, since, *amounts = cells
    told = "".join(f"{amount!s:>13}" for amount in amounts)
    return f"{number!s:<18}{model!s:<36}{since!s:<12}{told}"
