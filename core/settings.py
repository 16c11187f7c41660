"""Settings: read once at start, passed down. Variables are MIDWATCH_<GROUP>__<FIELD>, or lines of .env."""

import difflib
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self, cast

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from core.errors import Invalid
from core.redaction import redact_text

PREFIX = "MIDWATCH_"
ENV_FILE = Path(".env")
SHOP = Path(__file__).parent.parent / "sandbox" / "snapshots" / "shop"

# A signing key shorter than its hash could be guessed offline.
MIN_SIGNING_KEY_CHARACTERS = 32

# Kubernetes sets these in every pod beside a Service whose name begins with "midwatch".
SERVICE_LINK = re.compile(
    r"MIDWATCH_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)\w*)"
)
SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")


# Read by the command line when it asks a running Midwatch; no setting of this one.
CLIENT_VARIABLES = frozenset({"MIDWATCH_TOKEN"})


class Cluster(StrEnum):
    SANDBOX = "sandbox"
    LIVE = "live"


Provider = Literal["offline", "anthropic", "openai"]


def _http_url(url: str) -> str:
    if url and not re.match(r"https?://[^\s/]+", url):
        raise ValueError("must begin with http:// or https:// and name a host")
    return url.rstrip("/")


def _database_url(url: str) -> str:
    if url and not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", url):
        raise ValueError("must begin with sqlite:// or postgresql://")
    return url


def _seconds(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


# ISO 8601, or a number of seconds.
Duration = Annotated[timedelta, BeforeValidator(_seconds), AfterValidator(_positive)]
Location = Annotated[Path, AfterValidator(Path.expanduser)]
HttpUrl = Annotated[str, AfterValidator(_http_url)]
Seconds = Annotated[float, Field(gt=0, le=3600)]


class Group(BaseModel):
    """The settings of one system."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class ServerSettings(Group):
    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)


class KubernetesSettings(Group):
    """Without a kubeconfig: the one in $KUBECONFIG or ~/.kube, or the pod's own account."""

    kubeconfig: Location | None = None
    context: str = ""
    impersonate: str = ""
    timeout_s: Seconds = 10


class PrometheusSettings(Group):
    url: HttpUrl = ""
    timeout_s: Seconds = 10


class AlertmanagerSettings(Group):
    url: HttpUrl = ""


class DatabaseSettings(Group):
    """No url: SQLite in the data folder."""

    url: Annotated[str, AfterValidator(_database_url)] = ""


class RedisSettings(Group):
    url: str = ""


class ModelSettings(Group):
    """`offline` plans by rules and calls no model."""

    provider: Provider = "offline"
    model: str = "rules"
    api_key: SecretStr = SecretStr("")
    base_url: HttpUrl = ""
    timeout_s: Seconds = 60


class LimitSettings(Group):
    """What one turn may use before it must end with what it has."""

    tool_calls: int = Field(default=16, ge=1, le=200)
    tokens: int = Field(default=200_000, ge=1_000)
    time_s: Seconds = 120


class RuleSettings(Group):
    """Rules and thresholds of one's own: a folder of YAML files, read at start."""

    folder: Location | None = None


class LogSettings(Group):
    format: Literal["pretty", "json"] = "pretty"
    level: Literal["debug", "info", "warning", "error"] = "info"


class Settings(BaseSettings):
    """Defaults start the embedded edition with no other service running."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_nested_delimiter="__",
        env_ignore_empty=True,
        dotenv_filtering="match_prefix",
        extra="forbid",
        frozen=True,
    )

    cluster: Cluster = Cluster.SANDBOX
    snapshot: Location = SHOP
    data_dir: Location = Path("data")
    server: ServerSettings = ServerSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    llm: ModelSettings = ModelSettings()
    limits: LimitSettings = LimitSettings()
    rules: RuleSettings = RuleSettings()
    log: LogSettings = LogSettings()
    signing_key: SecretStr | None = None
    access_token_ttl: Duration = timedelta(minutes=15)
    refresh_token_ttl: Duration = timedelta(days=14)
    login_link_ttl: Duration = timedelta(minutes=10)

    @property
    def database_url(self) -> str:
        path = (self.data_dir / "midwatch.db").absolute()
        return self.database.url or f"sqlite+aiosqlite:///{path}"

    @model_validator(mode="before")
    @classmethod
    def a_kubeconfig_means_a_live_cluster(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "cluster" not in values and _named_cluster(values):
            return {**values, "cluster": Cluster.LIVE}
        return values

    @model_validator(mode="after")
    def a_model_needs_its_key(self) -> Self:
        key = self.llm.api_key.get_secret_value()
        if key and self.llm.provider == "offline" and "provider" not in self.llm.model_fields_set:
            raise ValueError(
                "MIDWATCH_LLM__API_KEY needs MIDWATCH_LLM__PROVIDER: set it to anthropic or openai"
            )
        # An OpenAI-compatible server of one's own often asks for no key.
        if self.llm.provider != "offline" and not key and not self.llm.base_url:
            raise ValueError(
                f"MIDWATCH_LLM__API_KEY (or {self.llm.provider.upper()}_API_KEY) is required "
                f"when MIDWATCH_LLM__PROVIDER={self.llm.provider}"
            )
        return self

    @model_validator(mode="after")
    def a_signing_key_is_long(self) -> Self:
        key = self.signing_key.get_secret_value() if self.signing_key else ""
        if self.signing_key and len(key) < MIN_SIGNING_KEY_CHARACTERS:
            raise ValueError(
                f"MIDWATCH_SIGNING_KEY must have at least {MIN_SIGNING_KEY_CHARACTERS} characters: "
                "take the output of `openssl rand -hex 32`"
            )
        return self


DEFAULT_MODELS: Mapping[str, str] = {
    "offline": "rules",
    "anthropic": "claude-sonnet-5-5",
    "openai": "gpt-6.1-terra",
}


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable as it was found; `where` is "" for the process, " in .env line 3" for a file."""

    value: str
    where: str = ""


Variables = Mapping[str, Variable]


def load(*, env_file: Path | None = ENV_FILE, **overrides: Any) -> Settings:
    """The settings of this process: `overrides` (command-line options) over variables over `.env`.

    An override of a group is a mapping of some of its fields. Raises `Invalid` with one
    sentence that names the variable, and the line when it came from `.env`.
    """
    variables = _in_file(env_file) | {name: Variable(value) for name, value in os.environ.items()}
    variables = {name.upper(): variable for name, variable in variables.items()}
    refuse_unknown_variables(variables)
    values = _with_model(_with_cluster(overrides), variables)
    try:
        return Settings(_env_file=env_file, **values)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        raise _sentence(error, variables) from None


def known_variables() -> list[str]:
    """Every variable that sets something, in the order of the tree."""
    names: list[str] = []
    for name, info in Settings.model_fields.items():
        group = info.annotation
        if isinstance(group, type) and issubclass(group, Group):
            names += [f"{PREFIX}{name}__{leaf}".upper() for leaf in group.model_fields]
        else:
            names.append(f"{PREFIX}{name}".upper())
    return names


def refuse_unknown_variables(variables: Variables) -> None:
    """A misspelt setting would be ignored in silence; say which one was probably meant."""
    known, other = known_variables(), CLIENT_VARIABLES
    for name, variable in variables.items():
        if not name.startswith(PREFIX) or name in known or name in other:
            continue
        if _is_service_link(name, variable.value):
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        hint = f"Did you mean {nearest[0]}?" if nearest else "All settings are in .env.example."
        raise Invalid(f"{name}{variable.where} is not a setting.", hint=hint)


def _is_service_link(name: str, value: str) -> bool:
    return bool(SERVICE_LINK.fullmatch(name) or SERVICE_LINK_VALUE.match(value))


def _in_file(path: Path | None) -> dict[str, Variable]:
    if path is None or not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise Invalid(f"Cannot read {path} as UTF-8 text.", hint=str(error)) from error
    for binding in bindings:
        _refuse_unreadable(binding, path)
    lines = {binding.key: _line(binding) for binding in bindings if binding.key}
    values = dotenv_values(path, encoding="utf-8")
    return {
        name: Variable(value or "", f" in {path} line {lines[name]}")
        for name, value in values.items()
    }


def _refuse_unreadable(binding: Binding, path: Path) -> None:
    if binding.error or (binding.key and binding.value is None):
        line = _line(binding)
        raise Invalid(
            f"Cannot read {path} line {line}.", hint="A line is NAME=value or a # comment."
        )


def _line(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _named_cluster(values: Mapping[str, Any]) -> bool:
    return bool(_group(values, "kubernetes").get("kubeconfig"))


def _group(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The given fields of one group; a whole group object counts as its fields."""
    given = values.get(name)
    fields = given.model_dump(exclude_unset=True) if isinstance(given, Group) else given
    return cast("dict[str, Any]", fields) if isinstance(fields, dict) else {}


def _with_cluster(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What is named on the command line decides, whatever the variables say."""
    if overrides.get("cluster"):
        return dict(overrides)
    if overrides.get("snapshot"):
        return {**overrides, "cluster": Cluster.SANDBOX}
    if _named_cluster(overrides) or _group(overrides, "kubernetes").get("context"):
        return {**overrides, "cluster": Cluster.LIVE}
    return dict(overrides)


def _with_model(overrides: Mapping[str, Any], variables: Variables) -> dict[str, Any]:
    """Fill in the provider, its key and address from the names that other tools use too."""
    given = _group(overrides, "llm")

    def found(field: str) -> str:
        return given.get(field) or _value(variables, f"{PREFIX}LLM__{field.upper()}")

    provider = found("provider") or _provider_with_a_key(variables, found("api_key"))
    if provider not in DEFAULT_MODELS:
        return dict(overrides)
    filled = {
        "provider": provider,
        "model": found("model") or DEFAULT_MODELS[provider],
        "api_key": found("api_key") or _value(variables, f"{provider.upper()}_API_KEY"),
        "base_url": found("base_url") or _value(variables, f"{provider.upper()}_BASE_URL"),
    }
    return {**overrides, "llm": given | {name: value for name, value in filled.items() if value}}


def _provider_with_a_key(variables: Variables, own_key: str) -> str:
    if own_key:  # whose key it is cannot be told: the settings refuse it with a sentence
        return ""
    keyed = [
        name for name in ("anthropic", "openai") if _value(variables, f"{name.upper()}_API_KEY")
    ]
    return keyed[0] if keyed else ""


def _value(variables: Variables, name: str) -> str:
    return variables[name].value if name in variables else ""


def _sentence(error: ValidationError, variables: Variables) -> Invalid:
    first = error.errors(include_url=False)[0]
    message = first["msg"].removeprefix("Value error, ")
    name = PREFIX + "__".join(str(part) for part in first["loc"]).upper()
    if not first["loc"]:
        return Invalid(f"{message}.")
    where = variables[name].where if name in variables else ""
    shown = "" if name.endswith("_KEY") else f" Found {redact_text(repr(first['input']))}."
    return Invalid(f"{name}{where}: {message[0].lower()}{message[1:]}.{shown}")
