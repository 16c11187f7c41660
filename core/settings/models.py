"""Which models there are, who steps in for whom, and where their keys come from."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, SecretStr

from core.settings.groups import Group, HttpUrl, Location, Seconds
from core.settings.library import NoDecode
from core.settings.sentences import Unusable
from core.settings.variables import PREFIX, Variables, group_fields, value

Provider = Literal["offline", "anthropic", "openai"]

DEFAULT_MODELS: Mapping[str, str] = {
    "offline": "rules",
    "anthropic": "claude-sonnet-5-5",
    "openai": "gpt-6.1-terra",
}
MORE, SUBAGENTS = f"{PREFIX}LLM__MORE__", f"{PREFIX}LLM__SUBAGENTS__"
# What can be named without being described.
OFFLINE = "offline"


def _names(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    return [one.strip().lower() for one in told.split(",") if one.strip()]


def _name(told: Any) -> Any:
    return told.strip().lower() if isinstance(told, str) else told


Names = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_names)]
Name = Annotated[str, BeforeValidator(_name)]


class NamedModel(Group):
    """One model beside the first; what is not given is filled in as for the first."""

    provider: Provider = "openai"
    model: str = ""
    api_key: SecretStr = SecretStr("")
    base_url: HttpUrl = ""
    timeout_s: Seconds = 60


class ModelSettings(Group):
    """`offline` plans by rules and calls no model.

    `more` describes other models by a name of one's own, which `fallbacks` and `subagents` refer to.
    """

    provider: Provider = OFFLINE
    model: str = "rules"
    api_key: SecretStr = SecretStr("")
    base_url: HttpUrl = ""
    timeout_s: Seconds = 60
    more: dict[str, NamedModel] = Field(default_factory=dict[str, NamedModel])
    fallbacks: Names = ()
    subagents: dict[str, Name] = Field(default_factory=dict[str, str])
    retries: int = Field(default=1, ge=0, le=10)
    failures: int = Field(default=3, ge=1, le=100)
    rest_s: Seconds = 30
    prices: Location | None = None


def refuse_unusable(llm: ModelSettings) -> None:
    """Raise `ValueError` for what cannot be meant: a model without a key, a name nobody described."""
    key = llm.api_key.get_secret_value()
    if key and llm.provider == OFFLINE and "provider" not in llm.model_fields_set:
        raise Unusable("key_without_provider")
    _refuse_keyless(llm, f"{PREFIX}LLM__")
    for name, one in llm.more.items():
        _refuse_keyless(one, f"{MORE}{name.upper()}__")
    for name in llm.fallbacks:
        _refuse_unknown(name, "FALLBACKS", {*llm.more, OFFLINE})
    for subagent, name in llm.subagents.items():
        _refuse_unknown(name, f"SUBAGENTS__{subagent.upper()}", {*llm.more, OFFLINE})


def named_variables(name: str) -> list[str]:
    """What may stand where `name` stands, if it is a setting under a name of one's own."""
    if name.startswith(MORE):
        own = name.removeprefix(MORE).partition("__")[0]
        return [f"{MORE}{own}__{leaf.upper()}" for leaf in NamedModel.model_fields]
    return [name] if name.startswith(SUBAGENTS) and name != SUBAGENTS else []


def _refuse_unknown(name: str, field: str, known: set[str]) -> None:
    if name not in known:
        listed = ", ".join(sorted(known)) or "none"
        raise Unusable(
            "no_such_model",
            field=field,
            name=name,
            variable=f"{MORE}{name.upper()}__MODEL",
            listed=listed,
        )


def _refuse_keyless(one: ModelSettings | NamedModel, prefix: str) -> None:
    # An OpenAI-compatible server of one's own often asks for no key.
    if one.provider != OFFLINE and not one.api_key.get_secret_value() and not one.base_url:
        raise Unusable(
            "key_required", prefix=prefix, vendor=one.provider.upper(), provider=one.provider
        )


def with_models(overrides: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    """Fill in providers, keys and addresses from the names that other tools use too."""
    given = group_fields(overrides, "llm")
    filled = given | _first(given, variables)
    more = _more(given.get("more") or {}, variables)
    return {**overrides, "llm": filled | ({"more": more} if more else {})}


def _first(given: Mapping[str, Any], variables: Variables) -> dict[str, str]:
    def found(field: str) -> str:
        return given.get(field) or value(variables, f"{PREFIX}LLM__{field.upper()}")

    provider = found("provider") or _provider_with_a_key(variables, found("api_key"))
    if provider not in DEFAULT_MODELS:
        return {}
    filled = {
        "provider": provider,
        "model": found("model") or DEFAULT_MODELS[provider],
        "api_key": found("api_key") or value(variables, f"{provider.upper()}_API_KEY"),
        "base_url": found("base_url") or value(variables, f"{provider.upper()}_BASE_URL"),
    }
    return {name: one for name, one in filled.items() if one}


def _more(given: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    """The described models; a key of a provider goes only to that provider's own address."""
    named = {
        name.removeprefix(MORE).partition("__")[0].lower()
        for name, variable in variables.items()
        if name.startswith(MORE) and variable.value
    }
    return {name: _described(name, given.get(name, {}), variables) for name in {*named, *given}}


def _described(name: str, given: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    def found(field: str) -> str:
        return given.get(field) or value(variables, f"{MORE}{name.upper()}__{field.upper()}")

    provider = found("provider") or "openai"
    filled = {"model": found("model") or DEFAULT_MODELS.get(provider, "")}
    if not found("base_url") and not found("api_key"):
        filled["api_key"] = value(variables, f"{provider.upper()}_API_KEY")
    return {**given, **{name: one for name, one in filled.items() if one}}


def _provider_with_a_key(variables: Variables, own_key: str) -> str:
    if own_key:  # whose key it is cannot be told: the settings refuse it with a sentence
        return ""
    keyed = [
        name for name in ("anthropic", "openai") if value(variables, f"{name.upper()}_API_KEY")
    ]
    return keyed[0] if keyed else ""
