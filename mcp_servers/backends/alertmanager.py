"""Alertmanager's API v2."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self, TypeVar, cast
from urllib.parse import quote

import yaml

from core.errors import UpstreamUnavailable
from mcp_servers.backends.addresses import host_of
from mcp_servers.backends.http_api import HttpApi
from mcp_servers.backends.retrying import PATIENCE, Patience
from mcp_servers.facts.alertmanagers import MemberSeen
from mcp_servers.facts.alerts import Alert, Labels, NewSilence, Receiver, Silence
from mcp_servers.facts.kubernetes import moment

Json = Mapping[str, Any]
Body = TypeVar("Body", list[Any], dict[str, Any])

# How the API writes a matcher: (isEqual, isRegex).
OPERATORS = {(True, False): "=", (False, False): "!=", (True, True): "=~", (False, True): "!~"}


@dataclass(frozen=True)
class Alertmanager:
    """One Alertmanager, or none: then every call says that it is not configured."""

    _api: HttpApi

    @classmethod
    def connect(cls, url: str, timeout_s: float = 10.0, *, patience: Patience = PATIENCE) -> Self:
        """Nothing is asked of it yet. `url` is its root, with the prefix it is served under."""
        return cls(HttpApi.at(url, name="Alertmanager", timeout_s=timeout_s, patience=patience))

    @property
    def url(self) -> str:
        return self._api.url

    @property
    def address(self) -> str:
        """Host and port, for people."""
        return host_of(self.url)

    @property
    def configured(self) -> bool:
        return self._api.configured

    async def close(self) -> None:
        await self._api.close()

    async def alerts(self) -> list[Alert]:
        """Every alert that has not resolved, the silenced and inhibited ones included."""
        return [_alert_of(one) for one in _objects(await self._get("alerts", list))]

    async def silences(self) -> list[Silence]:
        """Active, pending and recently expired silences."""
        return [_silence_of(one) for one in _objects(await self._get("silences", list))]

    async def create_silence(self, wanted: NewSilence) -> str:
        """Its id. When the answer is lost, what was set is looked for before anything is said."""
        body = {
            "matchers": [_matcher_body(*one) for one in wanted.matchers],
            "startsAt": wanted.starts_at.isoformat(),
            "endsAt": wanted.ends_at.isoformat(),
            "createdBy": wanted.created_by,
            "comment": wanted.comment,
        }
        try:
            made = await self._api.change("POST", "/api/v2/silences", body)
        except UpstreamUnavailable:
            if found := await self._made_just_now(wanted):
                return found
            raise
        if not isinstance(made, dict):
            raise self._api.stranger()
        return str(cast("Json", made).get("silenceID") or "")

    async def expire_silence(self, silence_id: str) -> None:
        """End a silence now. Raises `Invalid` or `UpstreamUnavailable` with what Alertmanager says."""
        await self._api.change("DELETE", f"/api/v2/silence/{quote(silence_id, safe='')}")

    async def _made_just_now(self, wanted: NewSilence) -> str:
        for one in await self.silences():
            same = one.comment == wanted.comment and one.created_by == wanted.created_by
            if same and one.ends_at == wanted.ends_at and one.state != "expired":
                return one.id
        return ""

    async def seen(self, *, whole: bool = False) -> MemberSeen:
        """What it says of itself and of its peers; `whole`: with its silences and alerts."""
        status: Json = await self._get("status", dict)
        gossip: Json = status.get("cluster") or {}
        version: Json = status.get("versionInfo") or {}
        configuration: Json = status.get("config") or {}
        original = str(configuration.get("original") or "")
        silences = await self.silences() if whole else []
        return MemberSeen(
            address=self.address,
            version=str(version.get("version") or ""),
            since=moment(status.get("uptime")),
            gossip=str(gossip.get("status") or "disabled"),
            peers=len(gossip.get("peers") or ()),
            configuration=hashlib.sha256(original.encode()).hexdigest()[:12],
            silences=frozenset(one.id for one in silences if one.state == "active"),
            alerts=len(await self.alerts()) if whole else 0,
        )

    async def receivers(self) -> list[Receiver]:
        """The receivers of its configuration, each with the integrations it sends by."""
        status: Json = await self._get("status", dict)
        configuration: Json = status.get("config") or {}
        return _receivers_of(str(configuration.get("original") or ""))

    async def _get(self, what: str, shape: type[Body]) -> Body:
        found = await self._api.get(f"/api/v2/{what}")
        if not isinstance(found, shape):
            raise self._api.stranger()
        return found


def _objects(found: list[Any]) -> list[Json]:
    return [cast("Json", one) for one in found if isinstance(one, dict)]


def _receivers_of(configuration: str) -> list[Receiver]:
    """None of a configuration that cannot be read: nothing is known then."""
    try:
        tree: Any = yaml.safe_load(configuration) or {}
        receivers: list[Any] = tree.get("receivers") or []
    except (yaml.YAMLError, AttributeError):
        return []
    return [
        Receiver(
            str(one.get("name", "")),
            tuple(key.removesuffix("_configs") for key in one if key.endswith("_configs")),
        )
        for one in _objects(receivers)
    ]


def _alert_of(raw: Json) -> Alert:
    status: Json = raw.get("status") or {}
    labels: Json = raw.get("labels") or {}
    return Alert(
        name=str(labels.get("alertname", "")),
        state=str(status.get("state") or "active"),
        labels=_labels(labels),
        annotations=_labels(raw.get("annotations") or {}),
        since=moment(raw.get("startsAt")),
        silenced_by=tuple(str(one) for one in status.get("silencedBy") or ()),
        source_url=str(raw.get("generatorURL") or ""),
        receivers=tuple(str(one.get("name", "")) for one in _objects(raw.get("receivers") or [])),
    )


def _silence_of(raw: Json) -> Silence:
    status: Json = raw.get("status") or {}
    matchers: list[Json] = raw.get("matchers") or []
    return Silence(
        id=str(raw.get("id", "")),
        state=str(status.get("state") or ""),
        matchers=tuple(_matcher(one) for one in matchers),
        starts_at=moment(raw.get("startsAt")),
        ends_at=moment(raw.get("endsAt")),
        created_by=str(raw.get("createdBy") or ""),
        comment=str(raw.get("comment") or ""),
    )


def _matcher_body(name: str, operator: str, value: str) -> dict[str, Any]:
    is_equal, is_regex = next(key for key, one in OPERATORS.items() if one == operator)
    return {"name": name, "value": value, "isEqual": is_equal, "isRegex": is_regex}


def _matcher(raw: Json) -> str:
    operator = OPERATORS[bool(raw.get("isEqual", True)), bool(raw.get("isRegex"))]
    return f'{raw.get("name")}{operator}"{raw.get("value")}"'


def _labels(raw: Json) -> Labels:
    return tuple(sorted((key, str(value)) for key, value in raw.items()))
