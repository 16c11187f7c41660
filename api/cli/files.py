"""Commands over files: what they share. No cluster is opened for them."""

import base64
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api.cli.sentences import SENTENCES
from api.cli.source import Source
from core.errors import Invalid

STDIN = Path("-")

ServerOption = Annotated[
    str, typer.Option("--server", metavar="URL", help="A running Midwatch to ask instead.")
]
TokenOption = Annotated[
    str,
    typer.Option(
        "--token", metavar="TOKEN", envvar="MIDWATCH_TOKEN", help="A token for --server.",
        show_default=False,
    ),
]  # fmt: skip


def read(path: Path) -> str:
    """The text of a file, or of standard input for `-`. Raises `Invalid` in one sentence."""
    if path == STDIN:
        return sys.stdin.buffer.read().decode("utf-8", errors="replace")
    try:
        return path.read_bytes().decode("utf-8", errors="replace")
    except OSError as error:
        raise SENTENCES.error(
            Invalid, "cannot_read_file", path=str(path), strerror=str(error.strerror)
        ) from error


def bill_of(path: Path) -> str:
    """The text of a bill, and of Parquet its Base64: what the tool takes."""
    try:
        with path.open("rb") as file:
            if file.read(4) != b"PAR1":
                return read(path)
            return base64.b64encode(b"PAR1" + file.read()).decode()
    except OSError:
        return read(path)  # which says why, or reads standard input


async def asked(source: Source, tool: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The tool alone, here or in a running Midwatch."""
    if source.server:
        from api.cli.remote import call_tool

        return await call_tool(source, tool, arguments)
    from api.cli.identity import OPERATOR
    from api.editions import offline_sessions
    from mcp_servers.client import Tools

    async with offline_sessions() as sessions:
        return (await Tools(sessions, OPERATOR).call(tool, **arguments)).data
