"""Whether the configured models answer: their lists of models are asked for, which costs no tokens."""

import asyncio
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from api.sentences import SENTENCES
from core.clock import monotonic_s
from core.http import RequestFailed, Response, client
from core.sentences import Said
from core.settings.models import ModelSettings, NamedModel

# How long an answer is told again, so that pages that are opened often do not ask a provider each time.
REMEMBERED_S = 15.0
TIMEOUT_S = 5.0
HOMES = {"anthropic": "https://api.anthropic.com", "openai": "https://api.openai.com/v1"}
PREFIX = "MIDWATCH_LLM__"


@dataclass(frozen=True, slots=True)
class Heard:
    """What one model's address said; `response_ms` is None where nobody was asked."""

    name: str
    ok: bool
    said: Said
    response_ms: int | None = None

    def told(self, language: str) -> dict[str, Any]:
        took = {} if self.response_ms is None else {"response_ms": self.response_ms}
        status = "ok" if self.ok else "failed"
        return {"name": self.name, "status": status, "detail": self.said.told(language), **took}


@dataclass
class Models:
    """The first model and those that have names of their own."""

    settings: ModelSettings
    _heard: list[Heard] = field(default_factory=list[Heard])
    _at_s: float | None = None
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def asked(self, language: str) -> list[dict[str, Any]]:
        """Each of them, as a component."""
        async with self._lock:
            if self._at_s is None or monotonic_s() - self._at_s > REMEMBERED_S:
                self._heard = await self._ask()
                self._at_s = monotonic_s()
        return [one.told(language) for one in self._heard]

    async def _ask(self) -> list[Heard]:
        more = [
            _ask(f"model {name}", one, f"{PREFIX}MORE__{name.upper()}__API_KEY")
            for name, one in self.settings.more.items()
        ]
        first = _ask("model", self.settings, f"{PREFIX}API_KEY")
        return list(await asyncio.gather(first, *more))


async def _ask(name: str, one: ModelSettings | NamedModel, variable: str) -> Heard:
    if one.provider == "offline":
        return Heard(name, ok=True, said=SENTENCES.said("component_offline"))
    started_s = monotonic_s()
    home = one.base_url or HOMES[one.provider]
    host = urlsplit(home).hostname or home
    path = "/v1/models?limit=1000" if one.provider == "anthropic" else "/models"
    try:
        async with client(home, timeout_s=TIMEOUT_S, headers=_key(one)) as http:
            ok, said = _heard(await http.get(f"{home}{path}"), one.model, host, variable)
    except RequestFailed as error:
        why = str(error) or type(error).__name__
        ok, said = False, SENTENCES.said("component_model_away", host=host, error=why)
    return Heard(name, ok, said, round((monotonic_s() - started_s) * 1000))


def _key(one: ModelSettings | NamedModel) -> dict[str, str]:
    key = one.api_key.get_secret_value()
    if one.provider == "anthropic":
        return {"x-api-key": key, "anthropic-version": "2023-06-01"}
    return {"Authorization": f"Bearer {key}"} if key else {}


def _heard(answer: Response, model: str, host: str, variable: str) -> tuple[bool, Said]:
    status = answer.status_code
    if status in (401, 403):
        told = SENTENCES.said("component_key_refused", host=host, status=status, variable=variable)
        return False, told
    # A server of one's own may speak of nothing but chats.
    if status in (404, 405, 501):
        return True, SENTENCES.said("component_no_list", host=host, model=model)
    if status != 200:
        return False, SENTENCES.said("component_model_fails", host=host, status=status)
    listed = _listed(answer)
    if listed is None:
        return True, SENTENCES.said("component_no_list", host=host, model=model)
    key = "component_lists" if model in listed else "component_lists_not"
    return True, SENTENCES.said(key, model=model, host=host)


def _listed(answer: Response) -> set[str] | None:
    """The ids of a list of models; None for an answer that is none."""
    try:
        told = answer.json()
        return {str(one["id"]) for one in told["data"]}
    except (ValueError, TypeError, KeyError):
        return None
