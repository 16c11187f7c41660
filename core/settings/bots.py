"""The chat services that Midwatch is asked from."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, SecretStr, model_validator

from core.settings.groups import Group, HttpUrl
from core.settings.library import NoDecode
from core.settings.sentences import Unusable

NAMESPACE = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")


def _places(value: Any) -> Any:
    """`C024=shop+cart,C025=payments` → the namespaces of each channel."""
    if not isinstance(value, str):
        return value
    places: dict[str, frozenset[str]] = {}
    for pair in (one.strip() for one in value.split(",") if one.strip()):
        place, _, names = pair.partition("=")
        namespaces = frozenset(names.split("+"))
        if not place or not all(NAMESPACE.fullmatch(one) for one in namespaces):
            raise Unusable("channel_places", pair=pair)
        places[place] = namespaces
    return places


class BotSettings(Group):
    """`unmapped`: whether people whom no user is linked to are refused, or may look as a guest.
    `namespaces`: what a channel is about; whoever asks there sees these alone."""

    unmapped: Literal["refuse", "read"] = "refuse"
    namespaces: Annotated[Mapping[str, frozenset[str]], NoDecode, BeforeValidator(_places)] = {}


class SlackSettings(BotSettings):
    """With an app token over Socket Mode, which needs no public address; with a signing secret over
    HTTP at /slack/events."""

    bot_token: SecretStr = SecretStr("")
    app_token: SecretStr = SecretStr("")
    signing_secret: SecretStr = SecretStr("")
    api_url: HttpUrl = "https://slack.com/api"

    @property
    def configured(self) -> bool:
        return bool(self.bot_token.get_secret_value())

    @model_validator(mode="after")
    def slack_can_be_heard(self) -> Self:
        heard = self.app_token.get_secret_value() or self.signing_secret.get_secret_value()
        if self.configured and not heard:
            raise Unusable("slack_unheard")
        return self


def _hosts(value: Any) -> Any:
    if isinstance(value, str):
        return frozenset(one.strip().lower() for one in value.split(",") if one.strip())
    return value


class DingTalkSettings(BotSettings):
    """A robot of an app of one's own: over DingTalk's stream, which needs no public address, or posted
    to /dingtalk/messages. `session_hosts` are where its sessions live, to which answers go."""

    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    mode: Literal["stream", "http"] = "stream"
    api_url: HttpUrl = "https://api.dingtalk.com"
    session_hosts: Annotated[frozenset[str], NoDecode, BeforeValidator(_hosts)] = frozenset(
        {"oapi.dingtalk.com"}
    )

    @property
    def configured(self) -> bool:
        return bool(self.client_id)

    @model_validator(mode="after")
    def dingtalk_has_a_secret(self) -> Self:
        if self.configured and not self.client_secret.get_secret_value():
            raise Unusable(
                "needs",
                name="MIDWATCH_DINGTALK__CLIENT_ID",
                other="MIDWATCH_DINGTALK__CLIENT_SECRET",
            )
        return self


class FeishuSettings(BotSettings):
    """A bot of an app of one's own in Feishu, or in Lark by its address: over a long connection, which
    needs no public address, or posted to /feishu/events, where the encrypt key opens and proves it."""

    app_id: str = ""
    app_secret: SecretStr = SecretStr("")
    mode: Literal["stream", "http"] = "stream"
    encrypt_key: SecretStr = SecretStr("")
    verification_token: SecretStr = SecretStr("")
    api_url: HttpUrl = "https://open.feishu.cn"

    @property
    def configured(self) -> bool:
        return bool(self.app_id)

    @model_validator(mode="after")
    def feishu_can_be_believed(self) -> Self:
        if self.configured and not self.app_secret.get_secret_value():
            raise Unusable(
                "needs", name="MIDWATCH_FEISHU__APP_ID", other="MIDWATCH_FEISHU__APP_SECRET"
            )
        if self.configured and self.mode == "http" and not self.encrypt_key.get_secret_value():
            raise Unusable("feishu_unsigned")
        return self
