"""Settings: read once at start, passed down. Variables are MIDWATCH_<GROUP>__<FIELD>, or lines of .env."""

import difflib
import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from dotenv import dotenv_values
from dotenv.parser import Binding, parse_stream
from pydantic import Field, SecretStr, ValidationError, model_validator

from core.errors import Invalid
from core.faults import inside
from core.redaction import redact_text
from core.sentences import Said
from core.settings.alertmanagers import (
    AlertmanagerClusterSettings,
    alertmanager_variables,
    refuse_odd_clusters,
)
from core.settings.bots import DingTalkSettings, FeishuSettings, SlackSettings
from core.settings.foreign import ForeignServer, foreign_variables, refuse_unusable_names
from core.settings.groups import (
    AlertmanagerSettings,
    AlertSettings,
    BudgetSettings,
    ChannelSettings,
    Cluster,
    CostSettings,
    DatabaseSettings,
    Duration,
    EncryptionSettings,
    FixSettings,
    Group,
    KnowledgeSettings,
    KubernetesSettings,
    LanggraphSettings,
    LimitSettings,
    Location,
    LogSettings,
    MemorySettings,
    PrometheusSettings,
    RateSettings,
    RedisSettings,
    RuleSettings,
    ServerSettings,
    TraceSettings,
    UsageSettings,
)
from core.settings.library import BaseSettings, SettingsConfigDict
from core.settings.models import ModelSettings, named_variables, refuse_unusable, with_models
from core.settings.oidc import OidcSettings
from core.settings.sentences import SENTENCES, Unusable
from core.settings.variables import PREFIX, Variable, Variables, group_fields

__all__ = ["AlertmanagerSettings", "Cluster", "Settings", "known_variables", "load"]

ENV_FILE = Path(".env")
SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"

# A signing key shorter than its hash could be guessed offline.
MIN_SIGNING_KEY_CHARACTERS = 32

# Kubernetes sets these in every pod beside a Service whose name begins with "midwatch".
SERVICE_LINK = re.compile(
    r"MIDWATCH_(\w+_)?(SERVICE_(HOST|PORT)(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)\w*)"
)
SERVICE_LINK_VALUE = re.compile(r"(tcp|udp|sctp)://")


# Read by the command line when it asks a running Midwatch; no setting of this one.
CLIENT_VARIABLES = frozenset({"MIDWATCH_TOKEN"})


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
    langgraph: LanggraphSettings = LanggraphSettings()
    kubernetes: KubernetesSettings = KubernetesSettings()
    prometheus: PrometheusSettings = PrometheusSettings()
    alertmanager: AlertmanagerSettings = AlertmanagerSettings()
    database: DatabaseSettings = DatabaseSettings()
    redis: RedisSettings = RedisSettings()
    memory: MemorySettings = MemorySettings()
    llm: ModelSettings = ModelSettings()
    limits: LimitSettings = LimitSettings()
    rates: RateSettings = RateSettings()
    oidc: OidcSettings = OidcSettings()
    budgets: BudgetSettings = BudgetSettings()
    usage: UsageSettings = UsageSettings()
    traces: TraceSettings = TraceSettings()
    rules: RuleSettings = RuleSettings()
    fixes: FixSettings = FixSettings()
    knowledge: KnowledgeSettings = KnowledgeSettings()
    costs: CostSettings = CostSettings()
    alerts: AlertSettings = AlertSettings()
    channels: ChannelSettings = ChannelSettings()
    encryption: EncryptionSettings = EncryptionSettings()
    slack: SlackSettings = SlackSettings()
    dingtalk: DingTalkSettings = DingTalkSettings()
    feishu: FeishuSettings = FeishuSettings()
    log: LogSettings = LogSettings()
    alertmanagers: dict[str, AlertmanagerClusterSettings] = Field(
        default_factory=dict[str, AlertmanagerClusterSettings]
    )
    foreign: dict[str, ForeignServer] = Field(default_factory=dict[str, ForeignServer])
    signing_key: SecretStr | None = None
    access_token_ttl: Duration = timedelta(minutes=15)
    refresh_token_ttl: Duration = timedelta(days=14)
    login_link_ttl: Duration = timedelta(minutes=10)

    @property
    def database_url(self) -> str:
        path = (self.data_dir / "midwatch.db").absolute()
        return self.database.url or f"sqlite+aiosqlite:///{path}"

    @property
    def knowledge_folder(self) -> Path:
        """The knowledge base with people's own pages, where it is kept in a file."""
        return self.data_dir / "knowledge"

    @property
    def stop_file(self) -> Path:
        """While it exists nothing is written to the cluster."""
        return self.fixes.stop_file or (self.data_dir / "autofix-stopped").absolute()

    @model_validator(mode="before")
    @classmethod
    def a_kubeconfig_means_a_live_cluster(cls, values: dict[str, Any]) -> dict[str, Any]:
        if "cluster" not in values and _named_cluster(values):
            return {**values, "cluster": Cluster.LIVE}
        return values

    @property
    def memory_place(self) -> Path | str:
        """The file, or the address of the Postgres or Redis, that remembers conversations."""
        if self.memory.store == "redis":
            return self.redis.url
        in_postgres = self.database.url.startswith("postgres")
        if self.memory.store == "postgres" or (self.memory.store == "auto" and in_postgres):
            return self.database.url
        return self.data_dir / "memory.db"

    @model_validator(mode="after")
    def memory_has_a_place(self) -> Self:
        if self.memory.store == "redis" and not self.redis.url:
            raise Unusable(
                "needs", name="MIDWATCH_MEMORY__STORE=redis", other="MIDWATCH_REDIS__URL"
            )
        if self.memory.store == "postgres" and not self.database.url.startswith("postgres"):
            raise Unusable("memory_needs_postgres")
        return self

    @model_validator(mode="after")
    def the_index_has_a_place(self) -> Self:
        if self.knowledge.index == "redis" and not self.redis.url:
            raise Unusable(
                "needs", name="MIDWATCH_KNOWLEDGE__INDEX=redis", other="MIDWATCH_REDIS__URL"
            )
        return self

    @model_validator(mode="after")
    def models_can_be_used(self) -> Self:
        refuse_unusable(self.llm)
        return self

    @model_validator(mode="after")
    def foreign_servers_can_be_named(self) -> Self:
        refuse_unusable_names(self.foreign)
        return self

    @model_validator(mode="after")
    def alertmanagers_can_be_named(self) -> Self:
        refuse_odd_clusters(self.alertmanagers)
        return self

    @model_validator(mode="after")
    def a_signing_key_is_long(self) -> Self:
        key = self.signing_key.get_secret_value() if self.signing_key else ""
        if self.signing_key and len(key) < MIN_SIGNING_KEY_CHARACTERS:
            raise Unusable("short_signing_key", least=MIN_SIGNING_KEY_CHARACTERS)
        return self


def load(*, env_file: Path | None = ENV_FILE, **overrides: Any) -> Settings:
    """The settings of this process: `overrides` (command-line options) over variables over `.env`.

    An override of a group is a mapping of some of its fields. Raises `Invalid` with one
    sentence that names the variable, and the line when it came from `.env`.
    """
    variables = _in_file(env_file) | {name: Variable(value) for name, value in os.environ.items()}
    variables = {name.upper(): variable for name, variable in variables.items()}
    refuse_unknown_variables(variables)
    values = with_models(_with_cluster(overrides), variables)
    try:
        return Settings(_env_file=env_file, **values)  # pyright: ignore[reportCallIssue]
    except ValidationError as error:
        raise _sentence(error, variables) from None


def known_variables() -> list[str]:
    """Every variable that sets something, in the order of the tree; but those with a name of one's own."""
    names: list[str] = []
    for name, info in Settings.model_fields.items():
        group = info.annotation
        if info.default_factory is not None:
            continue
        if isinstance(group, type) and issubclass(group, Group):
            names += [f"{PREFIX}{name}__{leaf}".upper() for leaf in _leaves(group)]
        else:
            names.append(f"{PREFIX}{name}".upper())
    return names


def _leaves(group: type[Group]) -> list[str]:
    return [leaf for leaf, info in group.model_fields.items() if info.default_factory is None]


def refuse_unknown_variables(variables: Variables) -> None:
    """A misspelt setting would be ignored in silence; say which one was probably meant."""
    for name, variable in variables.items():
        known = [*known_variables(), *named_variables(name), *foreign_variables(name)]
        known += alertmanager_variables(name)
        if not name.startswith(PREFIX) or name in known or name in CLIENT_VARIABLES:
            continue
        if _is_service_link(name, variable.value):
            continue
        nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.7)
        near = SENTENCES.said("near_setting", name=nearest[0]) if nearest else None
        hint = near or SENTENCES.said("all_settings")
        raise SENTENCES.error(Invalid, "no_setting", name=name, where=variable.where, hint=hint)


def _is_service_link(name: str, value: str) -> bool:
    return bool(SERVICE_LINK.fullmatch(name) or SERVICE_LINK_VALUE.match(value))


def _in_file(path: Path | None) -> dict[str, Variable]:
    if path is None or not path.is_file():
        return {}
    try:
        with path.open(encoding="utf-8") as file:
            bindings = list(parse_stream(file))
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(Invalid, "env_no_text", path=str(path), error=str(error)) from error
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
        raise SENTENCES.error(Invalid, "env_line", path=str(path), line=line)


def _line(binding: Binding) -> int:
    text = binding.original.string
    return binding.original.line + text[: len(text) - len(text.lstrip())].count("\n")


def _named_cluster(values: Mapping[str, Any]) -> bool:
    return bool(group_fields(values, "kubernetes").get("kubeconfig"))


def _with_cluster(overrides: Mapping[str, Any]) -> dict[str, Any]:
    """What is named on the command line decides, whatever the variables say."""
    if overrides.get("cluster"):
        return dict(overrides)
    if overrides.get("snapshot"):
        return {**overrides, "cluster": Cluster.SANDBOX}
    if _named_cluster(overrides) or group_fields(overrides, "kubernetes").get("context"):
        return {**overrides, "cluster": Cluster.LIVE}
    return dict(overrides)


def _sentence(error: ValidationError, variables: Variables) -> Invalid:
    first = error.errors(include_url=False)[0]
    name, why = PREFIX + "__".join(str(part) for part in first["loc"]).upper(), inside(first)
    if not first["loc"]:
        return SENTENCES.error(Invalid, "settings_together", why=why)
    where = variables[name].where if name in variables else ""
    # What is missing has no value of its own: the input is then all there is around it.
    hidden = first["type"] == "missing" or name.endswith(("_KEY", "_TOKEN", "_SECRET"))
    found = Said() if hidden else SENTENCES.said("found", value=redact_text(repr(first["input"])))
    return SENTENCES.error(Invalid, "bad_setting", name=name, where=where, why=why, found=found)
