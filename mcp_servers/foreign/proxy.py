"""The tools of one foreign server, under its name, behind the same gate as our own."""

from typing import Any, cast

from mcp.server.mcpserver import Context
from mcp.types import CallToolResult, TextContent
from mcp.types import Tool as Listing
from pydantic import BaseModel

from core.errors import Forbidden, OpsError, UpstreamUnavailable
from core.principal import Permission, Principal
from mcp_servers.access import Gate, Published, ToolServer
from mcp_servers.foreign.adopting import Adopted
from mcp_servers.foreign.standing import Standing
from mcp_servers.replies import MAX_DATA_CHARACTERS, MAX_TEXT_CHARACTERS, success
from mcp_servers.sentences import SENTENCES

MAX_ERROR_CHARACTERS = 300
MAX_ARGUMENTS_BYTES = 16 * 1024


class ForeignResult(BaseModel):
    """What a foreign tool said. `data` is its structured answer, where it has one that fits."""

    server: str
    tool: str
    text: str
    data: dict[str, Any] | None = None

    def as_text(self) -> str:
        return self.text


class Proxy(ToolServer):
    """Shows and calls only what was accepted, and only for those who see the whole cluster:
    a foreign server knows nothing of who may see which namespace."""

    def __init__(self, standing: Standing, gate: Gate) -> None:
        super().__init__(standing.name, gate)
        self._standing = standing

    async def list_tools(self) -> list[Listing]:
        principal = self.gate.caller()
        if principal.namespaces is not None or not principal.may(Permission.FOREIGN_USE):
            return []
        try:
            self._take_up(await self._standing.usable())
        except OpsError:
            return []  # `foreign_list_servers` and `midwatch doctor` say why
        return await super().list_tools()

    async def admit(self, principal: Principal, tool: str) -> None:
        """Raises `Forbidden` with what would have to be true."""
        if not principal.may(Permission.FOREIGN_USE):
            permission = str(Permission.FOREIGN_USE)
            raise SENTENCES.error(Forbidden, "not_yours", tool=tool, permission=permission)
        if principal.namespaces is not None:
            raise SENTENCES.error(Forbidden, "foreign_sees_all", tool=tool, name=self.name)
        self._take_up(await self._standing.usable())

    async def run_tool(
        self, name: str, arguments: dict[str, Any], context: Context[None, Any] | None
    ) -> CallToolResult:
        tool = name.removeprefix(f"{self.name}_")
        answer = await self._standing.server.call(tool, arguments)
        text = "\n".join(_told(one) for one in answer.content)
        if answer.is_error:
            raise SENTENCES.error(
                UpstreamUnavailable, "foreign_failed", name=name, text=text[:MAX_ERROR_CHARACTERS]
            )
        if len(text) > MAX_TEXT_CHARACTERS - 100:
            text = f"{text[: MAX_TEXT_CHARACTERS - 100]}\n… {len(text)} characters in all"
        result = ForeignResult(server=self.name, tool=tool, text=text)
        structured = cast("dict[str, Any] | None", answer.structured_content)
        whole = result.model_copy(update={"data": structured})
        fits = len(whole.model_dump_json()) <= MAX_DATA_CHARACTERS
        return success(whole if fits else result, MAX_DATA_CHARACTERS)

    def _take_up(self, offer: Adopted) -> None:
        self.published = {
            one.name: Published(
                needs=Permission.FOREIGN_USE,
                changes=False,
                by_hand=False,
                arguments=frozenset(one.input_schema.get("properties", {})),
                takes_bytes=MAX_ARGUMENTS_BYTES,
                listing=one,
            )
            for one in offer.tools
        }


def _told(content: object) -> str:
    """Texts as they are; of anything else only that it was there."""
    return content.text if isinstance(content, TextContent) else f"[{type(content).__name__}]"
