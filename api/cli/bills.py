"""`midwatch costs --bill`: what a cloud's bill in a file is made of, and how its month will end."""

import tomllib
from pathlib import Path
from typing import Any

from api.cli.costs_text import amount
from api.cli.desk import called
from api.cli.files import asked, bill_of, read
from api.cli.grades import grave
from api.cli.outcome import OK, put, put_json
from api.cli.sentences import SENTENCES
from api.cli.source import Output, Source
from api.cli.tables import columns
from api.cli.words import word
from core.errors import Invalid
from core.payers import payer

DEFAULT_BY = "ServiceName"


async def tell_bill(
    source: Source, bill: Path, mapped: Path | None, given: dict[str, str], output: Output
) -> int:
    """`given`: by, currency and language."""
    wanted: dict[str, Any] = {"bill": bill_of(bill), "by": given["by"] or DEFAULT_BY}
    wanted |= {"currency": given["currency"]} if given["currency"] else {}
    wanted |= {"columns": _mapped(mapped)} if mapped else {}
    report = await asked(source, "budgets_bill", wanted)
    if output is Output.JSON:
        put_json(report)
    else:
        put(bill_text(report, given["language"]))
    return OK


async def keep_bill(
    source: Source,
    name: str,
    bill: Path,
    mapped: Path | None,
    given: dict[str, str],
    output: Output,
) -> int:
    """What was kept, and which known days the file changed."""
    wanted: dict[str, Any] = {"name": name, "bill": bill_of(bill), "language": given["language"]}
    wanted |= {"service": given["by"] or DEFAULT_BY}
    wanted |= {"columns": _mapped(mapped)} if mapped else {}
    report = await called(source, "budgets_keep_bill", wanted)
    if output is Output.JSON:
        put_json(report)
        return OK
    lines = [word("bill_kept", given["language"], **report)]
    days = ("day", "before", "after", "currency")
    lines += [f"  {day}: {before:.2f} -> {after:.2f} {code}" for day, before, after, code in
              ([one[key] for key in days] for one in report["changed"])]  # fmt: skip
    put("\n".join([*lines, *(f"! {one['text']}" for one in report["notes"])]))
    return OK


async def tell_kept(source: Source, name: str, given: dict[str, str], output: Output) -> int:
    """Of one kept bill, or of all."""
    wanted = {**given, "name": "" if name == "all" else name}
    report = await called(source, "budgets_kept_bills", wanted)
    language = given["language"]
    if output is Output.JSON:
        put_json(report)
        return OK
    told = (
        bill_text(report["report"], language) if report["report"] else word("bill_none", language)
    )
    put("\n".join([told, *(f"! {one['text']}" for one in report["notes"])]))
    return OK


def _mapped(path: Path) -> dict[str, str]:
    """The columns of a bill that is no FOCUS: `cost = "lineItem/UnblendedCost"`."""
    try:
        return {key: str(value) for key, value in tomllib.loads(read(path)).items()}
    except tomllib.TOMLDecodeError as error:
        raise SENTENCES.error(Invalid, "map_unread", path=str(path), error=str(error)) from error


def bill_text(report: dict[str, Any], language: str) -> str:
    facts = {key: report[key] for key in ("start", "end", "lines", "currency")}
    lines = [word("bill_head", language, total=amount(report["total"]), **facts)]
    rows = [
        [payer(one["name"], language), amount(one["cost"]), f"{one['share']:.1%}"]
        for one in report["rows"]
    ]
    lines += columns(["", report["currency"], ""], rows)
    if end := report["month"]:
        told = {key: amount(end[key]) for key in ("mean", "lower", "upper")}
        start, left = end["starts_on"], end["days_left"]
        lines.append(word("bill_month", language, start=start, left=left, **told))
    for one in report["episodes"]:
        grade = grave(one["severity"], language)
        told = {"impact": f"{one['impact']:+.2f}", "severity": grade}
        lines.append(word("bill_odd", language, start=one["start"], end=one["end"], **told))
    return "\n".join(lines)
