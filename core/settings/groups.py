"""The settings of each system, and the kinds of values they have."""

import re
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from core.settings.library import NoDecode
from core.settings.sentences import Unusable

LEAST_KEY_CHARACTERS = 32


class Cluster(StrEnum):
    SANDBOX = "sandbox"
    LIVE = "live"


def _http_url(url: str) -> str:
    if url and not re.match(r"https?://[^\s/]+", url):
        raise Unusable("http_address")
    return url.rstrip("/")


def _database_url(url: str) -> str:
    if url and not re.match(r"(sqlite|postgres(ql)?)(\+\w+)?://", url):
        raise Unusable("database_scheme")
    return url


def _long_keys(keys: str) -> str:
    if any(len(one.strip()) < LEAST_KEY_CHARACTERS for one in keys.split(",") if one.strip()):
        raise Unusable("short_keys", least=LEAST_KEY_CHARACTERS)
    return keys


def _seconds(value: Any) -> Any:
    return float(value) if isinstance(value, str) and value.replace(".", "", 1).isdigit() else value


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise Unusable("no_duration")
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
    """`patience_s`: how long the head of a request, and each further part of its body, is waited for."""

    host: str = "127.0.0.1"
    port: int = Field(default=8080, ge=0, le=65535)
    public_url: HttpUrl = ""
    patience_s: Seconds = 30


def _origins(value: Any) -> Any:
    """`https://a.example, http://127.0.0.1:3000` → origins as browsers write them."""
    if not isinstance(value, str):
        return value
    given = [one.strip().lower().rstrip("/") for one in value.split(",") if one.strip()]
    for one in given:
        if not re.fullmatch(r"https?://[^\s/*@?#]+", one):
            raise Unusable("origin", given=one[:80])
    return tuple(dict.fromkeys(given))


class LanggraphSettings(Group):
    """`origins`: where pages come from that may call `/langgraph` from a browser. None: no other page."""

    origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_origins)] = ()


def _pairs(value: Any) -> Any:
    """`manager=platform,manager=ops` → pairs of a role and a group of the cluster."""
    if not isinstance(value, str):
        return value
    pairs = [one.strip().partition("=") for one in value.split(",") if one.strip()]
    if any(not role.strip() or not group.strip() for role, _, group in pairs):
        raise Unusable("pairs")
    if any(group.strip() == "system:masters" for _, _, group in pairs):
        raise Unusable("masters")
    return tuple((role.strip(), group.strip()) for role, _, group in pairs)


def _named_callers(name: str) -> str:
    if name and "{user}" not in name:
        raise Unusable("no_user")
    if name.startswith("system:"):
        raise Unusable("system_user")
    return name


class KubernetesSettings(Group):
    """Without a kubeconfig: the one in $KUBECONFIG or ~/.kube, or the pod's own account.

    `name`: what roles and answers call this cluster; without one, its context. `impersonate_callers`: whoever asks Midwatch is this user to the cluster, {user} being their name
    here, in the groups that `caller_groups` gives their role.
    """

    kubeconfig: Location | None = None
    context: str = ""
    name: str = Field(default="", max_length=200)
    impersonate: str = ""
    impersonate_callers: Annotated[str, AfterValidator(_named_callers)] = ""
    caller_groups: Annotated[tuple[tuple[str, str], ...], NoDecode, BeforeValidator(_pairs)] = ()
    timeout_s: Seconds = 10

    @model_validator(mode="after")
    def callers_are_told_apart(self) -> Self:
        name = "MIDWATCH_KUBERNETES__IMPERSONATE_CALLERS"
        if self.impersonate_callers and self.impersonate:
            raise Unusable("one_identity", name=name)
        if self.caller_groups and not self.impersonate_callers:
            raise Unusable("groups_of_callers", name=name)
        return self


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


class MemorySettings(Group):
    """Where conversations are remembered between turns. `auto`: in Postgres where the database is
    one, else in a SQLite file of the data folder."""

    store: Literal["auto", "sqlite", "postgres", "redis"] = "auto"


class LimitSettings(Group):
    """What one turn may use before it must end with what it has."""

    tool_calls: int = Field(default=16, ge=1, le=200)
    tokens: int = Field(default=200_000, ge=1_000)
    time_s: Seconds = 120
    # How long a person has to approve a change before it counts as denied.
    approval_s: Annotated[float, Field(gt=0, le=24 * 3600)] = 900


class RateSettings(Group):
    """In a minute: requests of a person, however they come in, and of each API token; tries of a
    password for one name. 0: any number.

    After `wrong_passwords` in a row a name is shut for `shut_for`; 0: never.
    """

    user: int = Field(default=1200, ge=0)
    key: int = Field(default=600, ge=0)
    password: int = Field(default=20, ge=0)
    wrong_passwords: int = Field(default=10, ge=0, le=1000)
    shut_for: Duration = timedelta(minutes=15)

    def by_policy(self) -> dict[str, int]:
        return {"user": self.user, "key": self.key, "password": self.password}


Amount = Annotated[Decimal, Field(gt=0, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=1)]


class BudgetSettings(Group):
    """What models may take: by turn, by conversation, and by UTC day of a person and of everybody.

    Tokens of a turn are `LimitSettings.tokens`. None: as much as it takes.
    """

    turn_usd: Amount | None = None
    thread_tokens: Count | None = None
    thread_usd: Amount | None = None
    user_tokens: Count | None = None
    user_usd: Amount | None = None
    day_tokens: Count | None = None
    day_usd: Amount | None = None

    @property
    def in_usd(self) -> bool:
        return any((self.turn_usd, self.thread_usd, self.user_usd, self.day_usd))


class UsageSettings(Group):
    """Each model call is noted; what was asked and answered only when `texts` is on, redacted."""

    texts: bool = False


class TraceSettings(Group):
    """An OTLP receiver, to which each model call is told as a span."""

    url: HttpUrl = ""


class CostSettings(Group):
    """The price book that spend is worked out with; without one, the one that comes with Midwatch.

    With an OpenCost spend is what that says, in the currency that it was set to.
    """

    price_book: Location | None = None
    opencost_url: HttpUrl = ""
    opencost_currency: str = Field(default="USD", pattern=r"^[A-Z]{3}$")


def _hosts(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(one.strip().lower() for one in value.split(",") if one.strip())
    return value


class ChannelSettings(Group):
    """`private_hosts`: names inside one's own network that channels may send to, by commas."""

    private_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_hosts)] = frozenset()


class EncryptionSettings(Group):
    """Keys for secrets at rest, by commas: the one in use, then earlier ones. Or a file that has one
    a line, or a command that prints them so; both are read again while services run. Empty: one's own."""

    keys: Annotated[str, AfterValidator(_long_keys)] = Field(default="", repr=False)
    keys_file: Location | None = None
    keys_command: str = Field(default="", max_length=2000, repr=False)

    @model_validator(mode="after")
    def keys_come_from_one_place(self) -> Self:
        if sum(map(bool, (self.keys, self.keys_file, self.keys_command))) > 1:
            raise Unusable("one_source_of_keys")
        return self


class RuleSettings(Group):
    """Rules and thresholds of one's own: a folder of YAML files, read anew when they change."""

    folder: Location | None = None


class FixSettings(Group):
    """What bounds changes to the cluster: a policy file, read at start; and the kill switch.

    No stop file: the one in the data folder. While it exists nothing is written.
    """

    policy: Location | None = None
    stop_file: Location | None = None


def _embedder(choice: str) -> str:
    if not re.fullmatch(r"bundled|none|(openai|ollama):\S+", choice):
        raise Unusable("embedder")
    return choice


class KnowledgeSettings(Group):
    """What makes vectors of pages and questions, where they are kept, and a folder of pages that is
    kept in step with. Several bases in one Redis have a `redis_root` each. `answers`: those of a
    model are given again to the same question. `incidents`: past ones become pages."""

    index: Literal["local", "redis"] = "local"
    redis_root: Annotated[str, Field(min_length=1, max_length=100)] = "midwatch:knowledge"
    embedder: Annotated[str, AfterValidator(_embedder)] = "bundled"
    embedder_url: HttpUrl = ""
    embedder_key: SecretStr = SecretStr("")
    folder: Location | None = None
    every: Duration = timedelta(minutes=5)
    answers: bool = True
    incidents: bool = True


class AlertSettings(Group):
    """How long what is over is kept: alerts, messages, jobs, rounds of patrols, expired sign-ins."""

    keep: Duration = timedelta(days=90)


class LogSettings(Group):
    format: Literal["pretty", "json"] = "pretty"
    level: Literal["debug", "info", "warning", "error"] = "info"
