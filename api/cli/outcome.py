"""How a command ends: results on stdout, one sentence on stderr, and the exit code."""

import gc
import sys
from collections.abc import Coroutine
from contextvars import ContextVar
from typing import Any, cast

import typer

from api.cli.languages import Language, chosen
from core.errors import OpsError

OK, NO, BAD_INPUT, UPSTREAM_AWAY, INTERRUPTED = 0, 1, 2, 3, 130

# Importing makes hundreds of thousands of objects that stay; looking through them every 700 as
# Python does by default is a fifth of the CPU a start costs.
STARTING = (100_000, 50, 100)

_language: ContextVar[str] = ContextVar("language", default="")
_data: ContextVar[str] = ContextVar("data", default="json")


def finish(work: Coroutine[Any, Any, int]) -> None:
    """Run a command to its end and leave with its exit code.

    An expected failure is one sentence; a mistake of ours keeps its traceback.
    """
    import asyncio

    from core.deferred import build_models_on_first_use

    gc.set_threshold(*STARTING)
    build_models_on_first_use()
    from core.telemetry import configure_logging

    configure_logging("pretty", "warning")
    try:
        code = asyncio.run(work)
    except OpsError as error:
        code = told(error)
    except KeyboardInterrupt:
        code = INTERRUPTED
    raise typer.Exit(code)


def told(error: OpsError) -> int:
    """Say why it failed. Gives the exit code."""
    say(error.told(spoken()))
    return UPSTREAM_AWAY if error.code == "upstream_unavailable" else BAD_INPUT


def speak(language: str) -> None:
    """From now on this command's failures are told so: `en` or `zh`."""
    _language.set(language)


def spoken() -> str:
    """The language a command was asked in, else that of the terminal."""
    if not _language.get():
        _language.set(chosen(Language.AUTO))
    return _language.get()


def say(sentence: str) -> None:
    """To the person at the terminal; never into a result."""
    sys.stderr.write(sentence.rstrip("\n") + "\n")
    sys.stderr.flush()


def put(text: str) -> None:
    """A part of the result."""
    sys.stdout.write(text.rstrip("\n") + "\n")
    sys.stdout.flush()


def print_as(data: str) -> None:
    """From now on this command's data is `json`, `jsonl` or `yaml`."""
    _data.set(data)


def put_json(value: Any, *, lines: bool = False) -> None:
    """The whole result, as data of the kind that was asked for; `lines`: one compact object a line.

    As `jsonl` a result that is a list of things is one thing a line, without what stands beside them.
    """
    import orjson

    kind = _data.get()
    whole = orjson.dumps(value, option=0 if lines else orjson.OPT_INDENT_2, default=_plain)
    if kind == "json" or (lines and kind == "jsonl"):
        put(whole.decode())
    elif kind == "yaml":
        put(("---\n" if lines else "") + _yaml(orjson.loads(whole)))
    else:
        for one in _things(orjson.loads(whole)):
            put(orjson.dumps(one).decode())


def _things(value: Any) -> list[Any]:
    """A list, or the one list of an object; anything else is one thing."""
    if isinstance(value, list):
        return cast("list[Any]", value)
    if isinstance(value, dict):
        held = cast("dict[str, Any]", value).values()
        lists = [cast("list[Any]", one) for one in held if isinstance(one, list)]
        if len(lists) == 1:
            return lists[0]
    return [value]


def _yaml(value: Any) -> str:
    import yaml

    return yaml.safe_dump(value, sort_keys=False, allow_unicode=True, width=120)


def _plain(value: Any) -> Any:
    """Permissions and namespaces are sets inside; JSON has none."""
    return sorted(cast("frozenset[str]", value)) if isinstance(value, frozenset) else str(value)
