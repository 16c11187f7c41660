"""Feishu's open API as far as a bot needs it: replies, cards that change, files."""

from collections.abc import Mapping
from typing import Any

import orjson

from api.sentences import SENTENCES
from core.clock import monotonic_s
from core.errors import UpstreamUnavailable
from core.http import Client, RequestFailed, client
from core.settings.bots import FeishuSettings

# A token is renewed before it ends, so that none ends on its way.
EARLY_S = 300.0
# What Feishu says of a token that it does not take any more.
SPENT = {99991661, 99991663, 99991664, 99991668}
Wire = Mapping[str, Any]


class NotTaken(UpstreamUnavailable):
    """Feishu did not take what it was told."""


class FeishuApi:
    """One app. Every answer is judged by Feishu's own code, not by the HTTP status."""

    def __init__(self, settings: FeishuSettings) -> None:
        self._settings = settings
        self._http: Client | None = None
        self._token, self._holds_until_s = "", 0.0
        self._own_id = ""

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    async def own_id(self) -> str:
        """The bot's own open id, by which messages name it."""
        if not self._own_id:
            told = await self._call("GET", "/open-apis/bot/v3/info")
            bot: Wire = told.get("bot") or {}
            self._own_id = str(bot.get("open_id") or "")
        return self._own_id

    async def reply(self, message: str, card: Wire) -> str:
        """Answer a message with a card; the id of the answer."""
        return await self._replied(message, "interactive", card)

    async def change(self, message: str, card: Wire) -> None:
        """Another card in the place of one of the bot's own."""
        content = {"content": orjson.dumps(card).decode()}
        await self._call("PATCH", f"/open-apis/im/v1/messages/{message}", json=content)

    async def attach(self, message: str, name: str, text: str) -> None:
        """Answer a message with a file."""
        told = await self._call(
            "POST",
            "/open-apis/im/v1/files",
            data={"file_type": "stream", "file_name": name},
            files={"file": (name, text.encode())},
        )
        await self._replied(message, "file", {"file_key": told["data"]["file_key"]})

    async def endpoint(self) -> Wire:
        """Where the long connection is to be opened, and how often it wants a sign of life."""
        secret = self._settings.app_secret.get_secret_value()
        asked = {"AppID": self._settings.app_id, "AppSecret": secret}
        told = await self._asked("POST", "/callback/ws/endpoint", json=asked)
        return _of_code_0(told)["data"]

    async def _replied(self, message: str, kind: str, content: Wire) -> str:
        body = {"msg_type": kind, "content": orjson.dumps(content).decode()}
        told = await self._call("POST", f"/open-apis/im/v1/messages/{message}/reply", json=body)
        return str(told["data"]["message_id"])

    async def _call(self, method: str, path: str, **body: Any) -> Wire:
        told = await self._authorized(method, path, **body)
        if told.get("code") in SPENT:
            self._holds_until_s = 0.0
            told = await self._authorized(method, path, **body)
        return _of_code_0(told)

    async def _authorized(self, method: str, path: str, **body: Any) -> Wire:
        headers = {"Authorization": f"Bearer {await self._tenant_token()}"}
        return await self._asked(method, path, headers=headers, **body)

    async def _tenant_token(self) -> str:
        if monotonic_s() >= self._holds_until_s:
            secret = self._settings.app_secret.get_secret_value()
            asked = {"app_id": self._settings.app_id, "app_secret": secret}
            path = "/open-apis/auth/v3/tenant_access_token/internal"
            told = _of_code_0(await self._asked("POST", path, json=asked))
            self._token = str(told["tenant_access_token"])
            self._holds_until_s = monotonic_s() + max(float(told["expire"]) - EARLY_S, 0.0)
        return self._token

    async def _asked(self, method: str, path: str, **more: Any) -> Wire:
        if self._http is None:
            self._http = client(self._settings.api_url)
        try:
            told: Any = (await self._http.request(method, path, **more)).json()
        except (RequestFailed, ValueError) as error:
            raise SENTENCES.error(NotTaken, "feishu_away", why=str(error)) from error
        if not isinstance(told, dict):
            raise SENTENCES.error(NotTaken, "feishu_unreadable")
        return told  # pyright: ignore[reportUnknownVariableType]


def _of_code_0(told: Wire) -> Wire:
    if told.get("code") != 0:
        why = str(told.get("msg") or "")[:300]
        raise SENTENCES.error(NotTaken, "feishu_refused", code=str(told.get("code")), why=why)
    return told
