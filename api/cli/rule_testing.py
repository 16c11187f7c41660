"""`midwatch rules test`: unit tests of rules in promtool's format, by promtool or by our evaluator."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import typer

from api.cli.languages import Language, chosen
from api.cli.outcome import NO, OK, finish, put, put_json
from api.cli.placing import rules
from api.cli.sentences import SENTENCES
from api.cli.source import LanguageOption, Output, OutputOption, Source, with_source
from api.cli.words import word
from core.errors import Invalid

if TYPE_CHECKING:
    from sandbox.prometheus_api.rule_tests import Failure, Tested


class By(StrEnum):
    AUTO = "auto"
    PROMTOOL = "promtool"
    MIDWATCH = "midwatch"


@rules.command("test")
@with_source
def run_tests(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="As `promtool test rules` reads them.")
    ],
    by: Annotated[
        By, typer.Option("--by", help="Else promtool where it is found, and Midwatch where not.")
    ] = By.AUTO,
    lang: LanguageOption = Language.AUTO,
    output: OutputOption = Output.TEXT,
    *,
    source: Source,
) -> None:
    """Unit tests of rules: which alerts fire when, over series that are written down. Exit code 1 on failures."""
    _ = source
    finish(_tested(files, by, chosen(lang), output))


async def _tested(files: list[Path], by: By, language: str, output: Output) -> int:
    promtool = shutil.which("promtool") if by is not By.MIDWATCH else None
    if by is By.PROMTOOL and promtool is None:
        raise SENTENCES.error(Invalid, "no_promtool")
    if promtool:
        return await _by_promtool(promtool, files, language, output)
    found = {file: by_midwatch(file) for file in files}
    failed = sum(len(one.failures) for one in found.values())
    if output is Output.JSON:
        put_json({"by": By.MIDWATCH, "files": {str(file): one for file, one in found.items()}})
        return NO if failed else OK
    told = [
        _failure(file, failure, language) for file, one in found.items() for failure in one.failures
    ]
    checks = sum(one.checks for one in found.values())
    put("\n".join([*told, word("rule_tests", language, checks=checks, failed=failed)]))
    return NO if failed else OK


async def _by_promtool(promtool: str, files: list[Path], language: str, output: Output) -> int:
    done = await asyncio.create_subprocess_exec(
        promtool, "test", "rules", *map(str, files), stdout=PIPE, stderr=STDOUT
    )
    told = (await done.communicate())[0].decode(errors="replace").strip()
    if output is Output.JSON:
        put_json({"by": By.PROMTOOL, "ok": done.returncode == 0, "output": told})
    else:
        put(f"{told}\n{word('rule_tests_promtool', language)}")
    return NO if done.returncode else OK


def by_midwatch(file: Path) -> "Tested":
    """Raises `Invalid` for what cannot be read, or is understood by promtool alone."""
    from sandbox.prometheus_api.rule_tests import tested

    document = _document(file)
    listed: Any = document.get("rule_files") or []
    named = [str(one) for one in cast("list[Any]", listed)] if isinstance(listed, list) else []
    paths = [path for one in named for path in _matching(file.parent, one)]
    return tested(document, [group for path in paths for group in _groups(path)])


def _matching(folder: Path, pattern: str) -> list[Path]:
    """Raises `Invalid` where nothing is there: a test without its rules would test nothing."""
    beside = Path(pattern)
    base, name = (beside.parent, beside.name) if beside.is_absolute() else (folder, pattern)
    found = sorted(base.glob(name))
    if not found:
        raise SENTENCES.error(Invalid, "no_such_rules", pattern=pattern)
    return found


def _groups(path: Path) -> list[Mapping[str, Any]]:
    document = _document(path)
    body = document.get("spec") if document.get("kind") == "PrometheusRule" else document
    found = cast("dict[str, Any]", body).get("groups") if isinstance(body, Mapping) else None
    if not isinstance(found, list):
        raise SENTENCES.error(Invalid, "no_rule_groups", file=str(path))
    return [{**one, "file": str(path)} for one in cast("list[Mapping[str, Any]]", found)]


def _document(file: Path) -> Mapping[str, Any]:
    import yaml

    try:
        found: Any = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        why = " ".join(str(error).split())
        raise SENTENCES.error(Invalid, "unreadable_file", file=str(file), why=why) from error
    if not isinstance(found, Mapping):
        raise SENTENCES.error(Invalid, "no_rule_groups", file=str(file))
    return cast("Mapping[str, Any]", found)


def _failure(file: Path, one: "Failure", language: str) -> str:
    head = word("rule_test_failed", language, file=file, test=one.test, about=one.about, at=one.at)
    expected = [f"    {word('expected', language)}  {text}" for text in one.expected or ("-",)]
    got = [f"    {word('got', language)}  {text}" for text in one.got or ("-",)]
    return "\n".join([head, *expected, *got])
