"""The configured chat model. A provider's package takes seconds to import: only when it is used."""

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from core.errors import Invalid

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Provider = Literal["offline", "anthropic", "openai"]

# One retry by the provider's own client: a second failure is worth telling.
MAX_RETRIES = 1
MAX_ANSWER_TOKENS = 8192


@dataclass(frozen=True)
class ModelChoice:
    """Which model drives the subagents. `offline`: rules only, nothing leaves the process."""

    provider: Provider = "offline"
    model: str = "rules"
    api_key: str = ""
    base_url: str = ""
    timeout_s: float = 60.0


@dataclass(frozen=True)
class Speaker:
    """A chat model, and what its libraries raise when the provider cannot be reached or used."""

    choice: ModelChoice
    model: "BaseChatModel"
    failures: tuple[type[Exception], ...] = ()

    @property
    def offline(self) -> bool:
        return self.choice.provider == "offline"


def speaker_for(choice: ModelChoice) -> Speaker:
    """The model of this choice, ready to speak; nothing is sent yet."""
    if choice.provider == "offline":
        from agent.offline import OfflinePlanner

        return Speaker(choice, OfflinePlanner())
    if choice.provider == "anthropic":
        return Speaker(choice, _anthropic(choice), _failures("anthropic", "AnthropicError"))
    if choice.provider == "openai":
        return Speaker(choice, _openai(choice), _failures("openai", "OpenAIError"))
    raise Invalid(
        f"There is no model provider {choice.provider!r}.",
        hint="Known: offline, anthropic, openai.",
    )


def _anthropic(choice: ModelChoice) -> "BaseChatModel":
    from langchain_anthropic import ChatAnthropic
    from pydantic import SecretStr

    return ChatAnthropic(
        model_name=choice.model,
        api_key=SecretStr(choice.api_key),
        base_url=choice.base_url or None,
        timeout=choice.timeout_s,
        max_retries=MAX_RETRIES,
        max_tokens_to_sample=MAX_ANSWER_TOKENS,
        stop=None,
    )


def _openai(choice: ModelChoice) -> "BaseChatModel":
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    return ChatOpenAI(
        model=choice.model,
        # A server of one's own often asks for no key, but the client insists on one.
        api_key=SecretStr(choice.api_key or "none"),
        base_url=choice.base_url or None,
        timeout=choice.timeout_s,
        max_retries=MAX_RETRIES,
        stream_usage=True,
        # OpenAI's own API is spoken as the package sees fit for the model; others know only chat.
        use_responses_api=False if _is_compatible(choice.base_url) else None,
    )


def _is_compatible(base_url: str) -> bool:
    """Whether an address is not OpenAI's own but one that speaks like it."""
    return bool(base_url) and "//api.openai.com" not in base_url


def _failures(package: str, base: str) -> tuple[type[Exception], ...]:
    """What a call may raise: the provider's own errors, and its transport's in mid-stream."""
    provider, transport = importlib.import_module(package), importlib.import_module("httpx2")
    return (getattr(provider, base), transport.HTTPError)
