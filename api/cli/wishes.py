"""What somebody wants changed, as the command line takes it."""

from typing import Annotated, Any

import typer

from api.cli.languages import Language, chosen
from api.cli.source import EverywhereOption, LanguageOption, NamespaceOption, gathered

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
                help="scale, restart, rollback, cordon, uncordon, drain, resume, rerun, evict, pin, expire, rightsize, resources.",
            ),
        ],
        "",
    ),
    "replicas": (
        Annotated[int, typer.Option("--replicas", help="For --change scale.")],
        NO_REPLICAS,
    ),
    "revision": (Annotated[int, typer.Option("--revision", min=0, help="For rollback.")], 0),
    "resources": (
        Annotated[
            str,
            typer.Option(
                "--set",
                help="Requests and limits with commas between, e.g. limits.memory=512Mi,requests.cpu+=200m,memory*=2.",
            ),
        ],
        "",
    ),
    "container": (
        Annotated[str, typer.Option("--container", "-c", help="For --set: which of several.")],
        "",
    ),
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
    resources: str,
    container: str,
    namespace: str,
    everywhere: bool,
    lang: Language,
) -> dict[str, Any]:
    """The arguments of autofix_plan. To set amounts says which change is meant."""
    kind, slash, name = target.partition("/")
    if not slash:
        kind, name = "", target
    amounts = [one.strip() for one in resources.split(",") if one.strip()]
    wanted: dict[str, Any] = {
        "finding": finding, "change": change or ("resources" if amounts else ""), "revision": revision,
        "resources": amounts, "container": container,
        "namespace": "" if everywhere else namespace, "kind": kind, "name": name,
        "language": chosen(lang),
    }  # fmt: skip
    given = {key: value for key, value in wanted.items() if value}
    return given if replicas == NO_REPLICAS else {**given, "replicas": replicas}


# Gives a command(wish=…) the options that say what is to be changed.
with_wish = gathered("wish", {**OPTIONS, **LANGUAGE}, wish)
