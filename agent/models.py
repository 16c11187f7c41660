"""The configured chat models. A provider's package takes seconds to import: only when it is used."""

import functools
import importlib
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel

Provider = Literal["offline", "anthropic", "openai"]

# The clients of the providers try nothing again: they know neither the turn's deadline nor who
# else could answer.
MAX_RETRIES = 0
MAX_ANSWER_TOKENS = 8192
BLOCK_TYPES = "_get_data_content_block_types"


@dataclass(frozen=True)
class ModelChoice:
    """Which model drives the subagents. `offline`: rules only, nothing leaves the process."""

    provider: Provider = "offline"
    model: str = "rules"
    api_key: str = ""
    base_url: str = ""
    timeout_s: float = 60.0

    @property
    def title(self) -> str:
        return f"{self.provider}/{self.model}"


@dataclass(frozen=True)
class Lineup:
    """Who stands beside the first choice, and how patiently each of them is asked.

    `fallbacks` are asked in order when a model fails, rules last if they are among them; `subagents` gives some subagents a model of
    their own, before the first choice. A failed request is tried again `retries` times, the first
    time after about `pause_s`. After `failures` in a row a model is left alone for `rest_s`.
    """

    fallbacks: tuple[ModelChoice, ...] = ()
    subagents: Mapping[str, ModelChoice] = field(default_factory=dict[str, ModelChoice])
    retries: int = 1
    pause_s: float = 0.5
    failures: int = 3
    rest_s: float = 30.0


@dataclass(frozen=True)
class Speaker:
    """A chat model, and what its libraries raise when the provider cannot be reached or used."""

    choice: ModelChoice
    model: "BaseChatModel"
    failures: tuple[type[Exception], ...] = ()
    close: Callable[[], Awaitable[None]] | None = None

    @property
    def offline(self) -> bool:
        return self.choice.provider == "offline"


def built_speaker(choice: ModelChoice) -> Speaker:
    """The model of this choice, ready to speak. Imports for seconds: call it in a thread."""
    match choice.provider:
        case "offline":
            from agent.offline import OfflinePlanner

            return Speaker(choice, OfflinePlanner())
        case "anthropic":
            http = _http(choice)
            failures = _failures("AnthropicError", choice)
            return Speaker(choice, _anthropic(choice, http), failures, http.aclose)
        case "openai":
            http = _http(choice)
            failures = _failures("OpenAIError", choice)
            return Speaker(choice, _openai(choice, http), failures, http.aclose)


def _anthropic(choice: ModelChoice, http: Any) -> "BaseChatModel":
    from langchain_core.messages import content
    from pydantic import SecretStr

    from agent.claude import Claude

    # Asked of every block of every message of every request, and worked out anew from type hints
    # each time: a fifth of a turn with ten tool results. It is always the same.
    setattr(content, BLOCK_TYPES, functools.cache(getattr(content, BLOCK_TYPES)))
    model = Claude(
        model_name=choice.model,
        api_key=SecretStr(choice.api_key),
        base_url=choice.base_url or None,
        timeout=choice.timeout_s,
        max_retries=MAX_RETRIES,
        max_tokens_to_sample=MAX_ANSWER_TOKENS,
        stop=None,
    )
    # The package keeps its HTTP clients for ever and takes none of ours; this is the property's
    # own place, so what it would have made is never made.
    vars(model)["_async_client"] = _sdk(choice).AsyncAnthropic(
        api_key=choice.api_key,
        base_url=choice.base_url or None,
        max_retries=MAX_RETRIES,
        timeout=choice.timeout_s,
        http_client=http,
    )
    return model


def _openai(choice: ModelChoice, http: Any) -> "BaseChatModel":
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
        # The package waits for each piece by `asyncio.wait_for`, which on Python 3.11 loses a
        # cancellation that comes together with a piece: the request would go on, and cost, unread.
        stream_chunk_timeout=None,
        http_async_client=http,
        # OpenAI's own API is spoken as the package sees fit for the model; others know only chat.
        use_responses_api=False if _is_compatible(choice.base_url) else None,
    )


def _is_compatible(base_url: str) -> bool:
    """Whether an address is not OpenAI's own but one that speaks like it."""
    return bool(base_url) and "//api.openai.com" not in base_url


def _http(choice: ModelChoice) -> Any:
    """An HTTP client with the SDK's own defaults."""
    # A trust store takes 100 ms to build, and plain http has no use for one.
    verify = not choice.base_url.startswith("http://")
    return _sdk(choice).DefaultAsyncHttpxClient(timeout=choice.timeout_s, verify=verify)


def _failures(base: str, choice: ModelChoice) -> tuple[type[Exception], ...]:
    """What a call may raise: the provider's own errors, and its transport's in mid-stream."""
    transport = importlib.import_module("httpx2")
    return (getattr(_sdk(choice), base), transport.HTTPError)


def _sdk(choice: ModelChoice) -> Any:
    """The provider's SDK, which its LangChain package stands on; both are named as the provider."""
    return importlib.import_module(choice.provider)
