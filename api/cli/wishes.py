"""What somebody wants changed, as the command line takes it."""

from typing import Annotated, Any

import typer

from api.cli.source import (
    EverywhereOption,
    Language,
    LanguageOption,
    NamespaceOption,
    gathered,
)
from api.cli.words import chosen

# Options have no null; nobody asks for so many.
NO_REPLICAS = -1
# The name of a kept plan, which stands where an object would.
PLAN_PREFIX, BATCH_PREFIX, CHANGE_PREFIX = "fix-", "bat-", "chg-"

OPTIONS: dict[str, tuple[Any, Any]] = {
    "target": (
        Annotated[
            str,
            typer.Argument(metavar="[KIND/NAME]", help="One object, e.g. deployment/checkout."),
        ],
        "",
    ),
    "finding": (
        Annotated[str, typer.Option("--finding", help="Id or fingerprint of a finding.")],
        "",
    ),
    "change": (
        Annotated[
            str,
            typer.Option(
                "--change",
                help="scale, restart, rollback, cordon, uncordon, drain, resume, rerun, evict, pin, expire, rightsize.",
            ),
        ],
        "",
    ),
    "replicas": (
        Annotated[int, typer.Option("--replicas", help="For --change scale.")],
        NO_REPLICAS,
    ),
    "revision": (Annotated[int, typer.Option("--revision", min=0, help="For rollback.")], 0),
    "namespace": (NamespaceOption, ""),
    "everywhere": (EverywhereOption, False),
}
LANGUAGE: dict[str, tuple[Any, Any]] = {"lang": (LanguageOption, Language.AUTO)}


def wish(
    *,
    target: str,
    finding: str,
    change: str,
    replicas: int,
    revision: int,
    namespace: str,
    everywhere: bool,
    lang: Language,
) -> dict[str, Any]:
    """The arguments of autofix_plan."""
    kind, slash, name = target.partition("/")
    if not slash:
        kind, name = "", target
    wanted: dict[str, Any] = {
        "finding": finding, "change": change, "revision": revision,
        "namespace": "" if everywhere else namespace, "kind": kind, "name": name,
        "language": chosen(lang),
    }  # fmt: skip
    given = {key: value for key, value in wanted.items() if value}
    return given if replicas == NO_REPLICAS else {**given, "replicas": replicas}


# Gives a command(wish=…) the options that say what is to be changed.
with_wish = gathered("wish", {**OPTIONS, **LANGUAGE}, wish)
