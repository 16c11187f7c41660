"""`midwatch mcp install`: the file by which an editor or agent finds Midwatch, written or printed."""

import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

from api.cli.outcome import OK, put, say
from api.cli.sentences import SENTENCES
from core.errors import Conflict, Invalid

NAME = "midwatch"
# Named in the file, never written into it: such files are shared and checked in.
TOKEN = "MIDWATCH_TOKEN"  # noqa: S105 - a variable's name


class EditorChoice(StrEnum):
    CLAUDE = "claude"
    CURSOR = "cursor"
    VSCODE = "vscode"


@dataclass(frozen=True, slots=True)
class _Editor:
    """Where a project's file is, under which key servers are listed, and how a variable is written."""

    file: Path
    servers: str
    variable: str
    stdio_type: bool = False


EDITORS: Mapping[EditorChoice, _Editor] = {
    EditorChoice.CLAUDE: _Editor(Path(".mcp.json"), "mcpServers", "${%s}"),
    EditorChoice.CURSOR: _Editor(Path(".cursor/mcp.json"), "mcpServers", "${env:%s}"),
    EditorChoice.VSCODE: _Editor(Path(".vscode/mcp.json"), "servers", "${env:%s}", stdio_type=True),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Where the editor's file is and what it starts: a `server` over HTTP, else us with `arguments`."""

    folder: Path
    server: str
    arguments: list[str]
    toolsets: str = ""

    @property
    def url(self) -> str:
        asked = f"?toolsets={quote(self.toolsets, safe=',')}" if self.toolsets else ""
        return f"{self.server.rstrip('/')}/mcp{asked}"

    @property
    def words(self) -> list[str]:
        more = ["--toolsets", self.toolsets] if self.toolsets else []
        return ["mcp", *self.arguments, *more]


async def install(client: EditorChoice, place: Place, *, only_print: bool) -> int:
    """Add Midwatch to the file of `client` in that place; whatever else is in it stays.

    Raises `Invalid` for a file that is no JSON object, `Conflict` for one that cannot be written.
    """
    editor = EDITORS[client]
    path = place.folder / editor.file
    before = _read(path)
    listed: object = before.get(editor.servers, {})
    if not isinstance(listed, dict):
        raise SENTENCES.error(Invalid, "no_json_object", path=str(path))
    entries = {**cast("dict[str, Any]", listed), NAME: _entry(editor, place)}
    after = {**before, editor.servers: entries}
    text = json.dumps(after, indent=2, ensure_ascii=False) + "\n"
    if only_print:
        put(text)
        return OK
    if after != before:
        _write(path, text)
    put(str(path))
    if place.server:
        say(SENTENCES.said("give_token", variable=TOKEN).told(_language()))
    return OK


def _entry(editor: _Editor, place: Place) -> dict[str, Any]:
    if place.server:
        bearer = f"Bearer {editor.variable % TOKEN}"
        headers = {"Authorization": bearer}
        return {"type": "http", "url": place.url, "headers": headers}
    program = {"command": _program(), "args": place.words}
    return {"type": "stdio", **program} if editor.stdio_type else program


def _program() -> str:
    """The command as it was typed where it is found by its name, else where it is."""
    typed = Path(sys.argv[0])
    return NAME if typed.parent == Path() or typed.name != NAME else str(typed.resolve())


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text("utf-8") or "{}")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise SENTENCES.error(Invalid, "no_json_object", path=str(path)) from error
    if not isinstance(found, dict):
        raise SENTENCES.error(Invalid, "no_json_object", path=str(path))
    return cast("dict[str, Any]", found)


def _write(path: Path, text: str) -> None:
    """Whole or not at all: an editor may be reading it."""
    beside = path.with_name(f"{path.name}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        beside.write_text(text, "utf-8")
        os.replace(beside, path)
    except OSError as error:
        raise SENTENCES.error(Conflict, "not_written", path=str(path), why=str(error)) from error


def _language() -> str:
    from api.cli.outcome import spoken

    return spoken()
