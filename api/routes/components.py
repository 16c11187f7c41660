"""Each system that Midwatch works with, asked just now: does it answer, with whose rights, and how fast."""

import asyncio
from collections.abc import Awaitable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from api.routes.model_probe import Models
from api.sentences import SENTENCES
from core.clock import monotonic_s
from core.errors import OpsError, UpstreamUnavailable
from core.principal import Principal
from core.sentences import Said, Told
from core.settings import Cluster, Settings
from core.storage.database import Database
from core.storage.kept_alerts import KeptAlerts
from mcp_servers.client import Sessions, Tools

Component = dict[str, Any]
# A cheap read of each system, for whoever may do it.
PROBES = {
    "kubernetes": "kubernetes_list_namespaces",
    "prometheus": "prometheus_targets",
    "alertmanager": "prometheus_alerts",
}
# A system that hangs must not hold up what is told of the others.
PATIENCE_S = 10.0


class Asking:
    """Asks each system once, with one caller's rights and for a reader of one language."""

    def __init__(self, settings: Settings, tools: Tools, language: str) -> None:
        self._settings, self._tools, self._language = settings, tools, language

    async def timed(self, name: str, probe: Awaitable[Component]) -> Component:
        """What a probe says; that it failed, where it did or hung."""
        started_s = monotonic_s()
        try:
            async with asyncio.timeout(PATIENCE_S):
                told = await probe
        except OpsError as error:
            told = {"status": "failed", "detail": f"{error.code}: {error.told(self._language)}"}
        except TimeoutError:
            told = self.failed("component_too_slow", seconds=f"{PATIENCE_S:g}")
        return {"name": name, **told, "response_ms": round((monotonic_s() - started_s) * 1000)}

    async def off(self, name: str, variable: str) -> Component:
        """Not configured, so nobody is asked."""
        told = SENTENCES.said("component_unset", variable=variable)
        return {"name": name, "status": "off", "detail": told.told(self._language)}

    def ok(self, detail: Told | str) -> Component:
        told = detail if isinstance(detail, str) else detail.told(self._language)
        return {"status": "ok", "detail": told}

    def failed(self, key: str, **facts: str) -> Component:
        return {"status": "failed", "detail": SENTENCES.said(key, **facts).told(self._language)}

    async def system(self, name: str) -> Component:
        found = (await self._tools.call(PROBES[name])).data
        # Alerts come from Prometheus while Alertmanager is away, and the note says why.
        if name == "alertmanager" and found["source"] != name:
            return {"status": "failed", "detail": str(found["note"])[:200]}
        facts = {one: found[one] for one in ("cluster", "down") if one in found}
        return self.ok(SENTENCES.said(f"component_{name}", total=found["total"], **facts))

    async def alertmanagers(self, name: str) -> Component:
        """One cluster that was described by a name; where not all is well, what is not."""
        told = await self._tools.call("alerting_list_alertmanagers", am_cluster=name)
        one: Component = told.data["rows"][0]
        up = sum(bool(member["answers"]) for member in one["members"])
        said = SENTENCES.said("component_managers", reached=up, all=len(one["members"]))
        problems: list[str] = one["problems_in"].get(self._language) or []
        detail = " ".join([said.told(self._language), *problems])
        return {"status": "ok" if one["state"] == "ok" else "failed", "detail": detail[:200]}

    async def foreign(self) -> Component:
        """Servers of others; one that nobody accepted yet is not a failure, it waits for a person."""
        answer = await self._tools.call("foreign_list_servers")
        states = {one["name"]: one["state"] for one in answer.data["servers"]}
        failed = {"changed", "unreachable"} & set(states.values())
        detail = ", ".join(f"{name}: {state}" for name, state in states.items())
        return {"status": "failed" if failed else "ok", "detail": detail}

    async def knowledge(self) -> Component:
        stats = (await self._tools.call("knowledge_stats")).data
        key = "component_base" if stats["embedder"] else "component_base_without"
        facts = {"documents": stats["documents"], "index": stats["index"]}
        facts |= {"embedder": stats["embedder"]} if stats["embedder"] else {}
        return self.ok(SENTENCES.said(key, **facts))

    async def redis(self) -> Component:
        """Opened for this; what is kept there is said beside it, and before all when it is away."""
        from agent.memory.in_redis import opened_redis

        url = self._settings.redis.url
        facts: dict[str, Said | str] = {"host": _host(url), "uses": self._uses()}
        try:
            async with opened_redis(url):
                return self.ok(SENTENCES.said("component_redis", **facts))
        except UpstreamUnavailable as error:
            facts["error"] = str(error.__cause__)
            raise SENTENCES.error(UpstreamUnavailable, "component_redis_away", **facts) from error

    def _uses(self) -> Said:
        used = {
            "component_redis_memory": self._settings.memory.store == "redis",
            "component_redis_index": self._settings.knowledge.index == "redis",
        }
        said = [SENTENCES.said(key) for key, one in used.items() if one]
        texts = {one: ", ".join(each.told(one) for each in said) for one in ("en", "zh")}
        return Said("", texts) if said else SENTENCES.said("component_redis_unused")

    async def channels(self, kept: Database | None) -> Component:
        """Whether anybody is told of alerts. None is no failure: an installation may be asked only."""
        if kept is not None:
            return await self._channels_in(kept)
        if not await asyncio.to_thread(self._has_database):
            return self._without_channels(0)
        async with Database.opened(self._settings.database_url, migrated=False) as opened:
            return await self._channels_in(opened)

    async def _channels_in(self, kept: Database) -> Component:
        async with KeptAlerts(kept).session() as tables:
            rows = await tables.channels.all()
        on = sum(one.enabled for one in rows)
        if not on:
            return self._without_channels(len(rows))
        return self.ok(SENTENCES.said("component_channels", on=on, all=len(rows)))

    def _without_channels(self, all_: int) -> Component:
        key = "component_channels_off" if all_ else "component_no_channels"
        return {"status": "off", "detail": SENTENCES.said(key).told(self._language)}

    def _has_database(self) -> bool:
        kind, _, file = self._settings.database_url.partition(":///")
        return kind.startswith("postgres") or Path(file).exists()

    async def database(self, kept: Database | None) -> Component:
        """That of the service, or the one of the settings, looked at without changing it."""
        url = self._settings.database_url
        kind = "Postgres" if url.startswith("postgres") else "SQLite"
        file = Path(url.partition(":///")[2])
        if kept is None and kind == "SQLite" and not await asyncio.to_thread(file.exists):
            return self.ok(SENTENCES.said("component_no_file_yet", kind=kind))
        if kept is not None:
            await kept.ping()
            return self.ok(kind)
        async with Database.opened(url, migrated=False):
            return self.ok(kind)


async def components(
    settings: Settings,
    sessions: Sessions,
    principal: Principal,
    *,
    models: Models,
    database: Database | None = None,
    language: str = "en",
) -> list[Component]:
    """What `midwatch doctor` shows, asked all at once; `status` is ok, off (not configured) or failed.

    `response_ms` is how long a system took that was asked just now. `database` is the open one of the service.
    """
    tools = Tools(sessions, principal)
    offered = {spec.name for spec in await tools.list()}
    ask = Asking(settings, tools, language)
    probes = [ask.timed("database", ask.database(database)), _redis(ask, settings)]
    if "channels_list" in offered:
        probes.append(ask.timed("channels", ask.channels(database)))
    probes += [_system(ask, settings, name) for name, tool in PROBES.items() if tool in offered]
    more = {"knowledge_stats": "knowledge base", "foreign_list_servers": "foreign servers"}
    own = {"knowledge_stats": ask.knowledge, "foreign_list_servers": ask.foreign}
    probes += [ask.timed(more[tool], probe()) for tool, probe in own.items() if tool in offered]
    named = settings.alertmanagers if "alerting_list_alertmanagers" in offered else ()
    probes += [ask.timed(f"alertmanagers {one}", ask.alertmanagers(one)) for one in named]
    told, asked = await asyncio.gather(asyncio.gather(*probes), models.asked(language))
    return [
        {"name": "cluster", "status": "ok", "detail": settings.cluster.value},
        *told,
        *asked,
        {"name": "tool servers", "status": "ok", "detail": ", ".join(sorted(sessions.built))},
    ]


def _redis(ask: Asking, settings: Settings) -> Awaitable[Component]:
    if not settings.redis.url:
        return ask.off("redis", "MIDWATCH_REDIS__URL")
    return ask.timed("redis", ask.redis())


def _system(ask: Asking, settings: Settings, name: str) -> Awaitable[Component]:
    """The practice cluster brings all three; of a live one the last two need an address."""
    addresses = {"prometheus": settings.prometheus.url, "alertmanager": settings.alertmanager.url}
    if settings.cluster is not Cluster.SANDBOX and not addresses.get(name, name):
        return ask.off(name, f"MIDWATCH_{name.upper()}__URL")
    return ask.timed(name, ask.system(name))


def _host(url: str) -> str:
    """Where an address leads, without its password."""
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else parts.hostname or parts.path
