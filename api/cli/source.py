"""The options every command shares: where the cluster is, and how to print."""

import functools
import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.outcome import speak
from core.errors import Invalid

if TYPE_CHECKING:
    from core.settings import Settings

CLUSTER = "Where the cluster is"


class Output(StrEnum):
    TEXT = "text"
    JSON = "json"


class Language(StrEnum):
    AUTO = "auto"
    EN = "en"
    ZH = "zh"


OutputOption = Annotated[Output, typer.Option("-o", "--output", help="How to print the result.")]
LanguageOption = Annotated[Language, typer.Option("--lang", help="Language of the answer.")]
NamespaceOption = Annotated[str, typer.Option("-n", "--namespace", help="Look only here.")]
EverywhereOption = Annotated[
    bool, typer.Option("-A", "--all-namespaces", help="Look in every namespace.")
]


@dataclass(frozen=True, slots=True)
class Source:
    """Which cluster a command is about, as far as the command line says."""

    snapshot: Path | None = None
    kubeconfig: Path | None = None
    context: str = ""
    impersonate: str = ""
    prometheus: str = ""
    alertmanager: str = ""
    server: str = ""
    token: str = ""
    rules: Path | None = None

    def settings(self) -> "Settings":
        """The settings with what the command line says on top."""
        from core.settings import load

        return load(**self._overrides())

    def _overrides(self) -> dict[str, Any]:
        kubernetes = {
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "impersonate": self.impersonate,
        }
        live = any((self.kubeconfig, self.context, self.prometheus, self.alertmanager))
        if self.snapshot and live:
            raise Invalid(
                "A snapshot and a running cluster cannot both be asked.",
                hint="Give --snapshot alone, or the addresses of the cluster.",
            )
        overrides: dict[str, Any] = {
            "cluster": "live" if live else None,
            "snapshot": self.snapshot,
            "kubernetes": {name: value for name, value in kubernetes.items() if value},
            "prometheus": {"url": self.prometheus} if self.prometheus else {},
            "alertmanager": {"url": self.alertmanager} if self.alertmanager else {},
            "rules": {"folder": self.rules} if self.rules else {},
        }
        return {name: value for name, value in overrides.items() if value}


OPTIONS: dict[str, Any] = {
    "snapshot": Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="A snapshot folder, or the name of a shipped one.",
            rich_help_panel=CLUSTER,
        ),
    ],
    "kubeconfig": Annotated[
        Path | None, typer.Option(metavar="FILE", help="A kubeconfig.", rich_help_panel=CLUSTER)
    ],
    "context": Annotated[
        str, typer.Option(metavar="NAME", help="Its context.", rich_help_panel=CLUSTER)
    ],
    "impersonate": Annotated[
        str,
        typer.Option(
            "--as", metavar="USER", help="Act as this user, as kubectl does.",
            rich_help_panel=CLUSTER,
        ),
    ],
    "prometheus": Annotated[
        str, typer.Option(metavar="URL", help="Prometheus.", rich_help_panel=CLUSTER)
    ],
    "alertmanager": Annotated[
        str, typer.Option(metavar="URL", help="Alertmanager.", rich_help_panel=CLUSTER)
    ],
    "server": Annotated[
        str,
        typer.Option(
            metavar="URL", help="A running Midwatch to ask instead.", rich_help_panel=CLUSTER
        ),
    ],
    "token": Annotated[
        str,
        typer.Option(
            metavar="TOKEN", envvar="MIDWATCH_TOKEN", help="A token for --server.",
            rich_help_panel=CLUSTER, show_default=False,
        ),
    ],
}  # fmt: skip


def with_source(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(source=…)` the options that say where the cluster is."""
    signature = inspect.signature(command, eval_str=True)

    @functools.wraps(command)
    def run(**arguments: Any) -> None:
        chosen = {name: arguments.pop(name) for name in OPTIONS}
        asked = arguments.get("lang", Language.AUTO)
        if asked is not Language.AUTO:
            speak(asked.value)
        command(**arguments, source=Source(**chosen))

    own = [parameter for name, parameter in signature.parameters.items() if name != "source"]
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None if name in {"snapshot", "kubeconfig"} else "",
            annotation=annotation,
        )
        for name, annotation in OPTIONS.items()
    ]
    parameters = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own] + shared
    run.__dict__["__signature__"] = signature.replace(parameters=parameters)
    run.__annotations__ = {p.name: p.annotation for p in parameters}
    return run
