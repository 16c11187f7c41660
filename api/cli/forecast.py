"""`midwatch forecast`: what comes next in a file."""

import re
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.files import ServerOption, TokenOption, asked, read
from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source
from api.cli.words import word
from core.errors import Invalid

LONGEST = 1000
SEASON_WORD = re.compile(r"[a-z]+| and ")


def forecast(
    csv: Annotated[
        Path, typer.Option(metavar="F.csv", help="timestamp,value; - for standard input.")
    ],
    horizon: Annotated[int, typer.Option(help="How many values ahead.")],
    level: Annotated[float, typer.Option(help="Of the interval, in percent.")] = 80,
    server: ServerOption = "",
    token: TokenOption = "",
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
) -> None:  # fmt: skip
    """Foretell a series, with an interval and how well the same was foretold before."""
    arguments: dict[str, Any] = {"horizon": horizon, "level": level}
    finish(_forecast(Source(server=server, token=token), csv, arguments, chosen(lang), output))


async def _forecast(
    source: Source, csv: Path, arguments: dict[str, Any], language: str, output: Output
) -> int:
    if not 1 <= arguments["horizon"] <= LONGEST:
        raise SENTENCES.error(
            Invalid, "horizon_range", longest=LONGEST, horizon=arguments["horizon"]
        )
    if not 50 <= arguments["level"] <= 99:
        raise SENTENCES.error(Invalid, "level_range", level=f"{arguments['level']:g}")
    report = await asked(
        source, "forecast_table", {"values": read(csv), "language": language, **arguments}
    )
    if output is Output.JSON:
        put_json(report)
    else:
        put(forecast_text(report, language))
    return OK if report["verdict"] == "ok" else NO


def forecast_text(report: dict[str, Any], language: str) -> str:
    if report["verdict"] != "ok":
        return f"{word('verdict_insufficient_data', language)}: {report['missing']}"
    season = season_text(report["season"], language)
    lines = [word("forecast", language, method=report["method"], season=season)]
    if report["backtest"]:
        lines.append(_scored(report, language))
    for one in report["forecast"]:
        told = {key: _number(one[key]) for key in ("mean", "lower", "upper")}
        lines.append("  " + word("forecast_point", language, at=one["at"], **told))
    return "\n".join(lines)


def season_text(season: str, language: str) -> str:
    """`season` is as a report has it: "", week, 4 weeks, day and week, 900 s."""
    if not season:
        return word("no_season", language)
    units = dict(one.split("=") for one in word("season_units", language).split("|"))
    return SEASON_WORD.sub(lambda found: units.get(found[0].strip(), found[0]), season)


def _scored(report: dict[str, Any], language: str) -> str:
    scored = report["backtest"]
    share = "-" if scored["coverage"] is None else f"{scored['coverage']:.0%}"
    numbers = {"smape": f"{scored['smape']:.1f}", "mase": f"{scored['mase']:.2f}"}
    return word("backtest", language, origins=report["origins"], coverage=share, **numbers)


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.6g}"
