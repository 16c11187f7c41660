"""The options every command shares: where the cluster is, and how to print."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.cli.languages import Language
from api.cli.outcome import print_as, speak
from api.cli.sentences import SENTENCES
from core.errors import Invalid

if TYPE_CHECKING:
    from core.settings import Settings

CLUSTER = "Where the cluster is"


class Output(StrEnum):
    """How results are printed. Inside a command there are two: for people, and as data."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"
    JSONL = "jsonl"


def _as_data(asked: Output) -> Output:
    """Which kind of data is printed is remembered for the moment when it is."""
    if asked is not Output.TEXT:
        print_as(asked.value)
    return Output.TEXT if asked is Output.TEXT else Output.JSON


def _spoken(asked: Language) -> Language:
    """Failures are told in the language that the answer was asked in."""
    if asked is not Language.AUTO:
        speak(asked.value)
    return asked


OutputOption = Annotated[
    Output, typer.Option("-o", "--output", callback=_as_data, help="How to print the result.")
]
LanguageOption = Annotated[
    Language, typer.Option("--lang", callback=_spoken, help="Language of the answer.")
]
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

    def arguments(self) -> list[str]:
        """The same said again on a command line, from wherever it is started; no token."""
        places = {
            "--snapshot": self.snapshot,
            "--kubeconfig": self.kubeconfig,
            "--rules": self.rules,
        }
        named = {
            one: str(path.absolute()) for one, path in places.items() if path and path.exists()
        }
        named |= {one: str(path) for one, path in places.items() if path and not path.exists()}
        named |= {
            "--context": self.context,
            "--as": self.impersonate,
            "--prometheus": self.prometheus,
            "--alertmanager": self.alertmanager,
        }
        return [part for one, value in named.items() if value for part in (one, value)]

    def _overrides(self) -> dict[str, Any]:
        kubernetes = {
            "kubeconfig": self.kubeconfig,
            "context": self.context,
            "impersonate": self.impersonate,
        }
        live = any((self.kubeconfig, self.context, self.prometheus, self.alertmanager))
        if self.snapshot and live:
            raise SENTENCES.error(Invalid, "both_sources")
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


def gathered(
    into: str, options: Mapping[str, tuple[Any, Any]], build: Callable[..., Any]
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """A decorator that gives a command options, and the command what `build` makes of them.

    `options` are annotations and defaults by name; the command takes the result as `into`.
    """

    def decorated(command: Callable[..., None]) -> Callable[..., None]:
        signature = inspect.signature(command, eval_str=True)

        @functools.wraps(command)
        def run(**arguments: Any) -> None:
            chosen = {name: arguments.pop(name) for name in options}
            command(**arguments, **{into: build(**chosen)})

        keyword = inspect.Parameter.KEYWORD_ONLY
        own = [one for name, one in signature.parameters.items() if name != into]
        shared = [
            inspect.Parameter(name, keyword, default=default, annotation=annotation)
            for name, (annotation, default) in options.items()
        ]
        parameters = [*(one.replace(kind=keyword) for one in own), *shared]
        run.__dict__["__signature__"] = signature.replace(parameters=parameters)
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        return run

    return decorated


def with_source(command: Callable[..., None]) -> Callable[..., None]:
    """Give `command(source=…)` the options that say where the cluster is.

    And `--lang`, where it has none of its own: by it lists and failures are told.
    """
    unset = {name: None if name in {"snapshot", "kubeconfig"} else "" for name in OPTIONS}
    options = {name: (annotation, unset[name]) for name, annotation in OPTIONS.items()}
    if not _asks_language(command):
        options["lang"] = (LanguageOption, Language.AUTO)
    return gathered("source", options, _source)(command)


def _source(*, lang: Language = Language.AUTO, **told: Any) -> Source:
    """`lang` was taken note of when it was read."""
    return Source(**told)


def _asks_language(command: Callable[..., None]) -> bool:
    parameters = inspect.signature(command, eval_str=True).parameters.values()
    infos = [info for one in parameters for info in getattr(one.annotation, "__metadata__", ())]
    # Typer takes the first name of an annotation for its default until it builds the command.
    return any("--lang" in (one.default, *(one.param_decls or ())) for one in infos)
