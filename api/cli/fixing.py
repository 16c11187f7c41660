"""What `midwatch fix` does: the tools here with the local database, or those of a running Midwatch."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from pathlib import Path
from typing import Any

from api.cli.identity import TYPING
from api.cli.outcome import say, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Source
from api.cli.words import word
from api.editions import fix_desk_over, prepared, tool_sessions
from core.errors import Conflict, UpstreamUnavailable
from core.security.audit import AuditLog
from core.settings import Settings
from core.storage.database import Database
from core.storage.kept_incidents import KeptIncidents
from mcp_servers.client import Tools

Body = dict[str, Any]
UNFINISHED = ("running", "undoing")
RUNNING = "running"
# A rehearsal's time passes faster; its limits are short, and nobody is asked.
REHEARSAL_SPEED = 30.0
REHEARSAL_POLICY = 'own_approval = "high"\n[limits]\nsettle_s = 5\npoll_s = 0.5\n'


@asynccontextmanager
async def opened(settings: Settings, *, ready: Settings | None = None) -> AsyncGenerator[Tools]:
    """The tools for the person at the terminal, with database and audit trail."""
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        database = await enter(Database.opened(settings.database_url))
        audit = await enter(AuditLog(database))
        reach = ready or await enter(prepared(settings))
        sessions = await enter(
            tool_sessions(
                reach,
                audit=audit,
                incidents=KeptIncidents(database),
                fixes=fix_desk_over(database, settings, reach),
            )
        )
        yield Tools(sessions, TYPING)


async def called(source: Source, tool: str, arguments: Body) -> Body:
    """One tool, here or there."""
    if source.server:
        from api.cli.remote import call_tool

        return await call_tool(source, tool, arguments)
    async with opened(source.settings()) as tools:
        return (await tools.call(tool, **arguments)).data


async def by_hand(source: Source, door: str, tool: str, arguments: Body) -> Body:
    """What only a person may do; a running Midwatch has a door of its own for it."""
    if source.server:
        from api.cli.remote import post

        return await post(source, f"/api/v1/autofix/{door}", arguments)
    return await called(source, tool, arguments)


async def carried_out(source: Source, tool: str, arguments: Body) -> Body:
    """Begin a change and wait for its end; giving up here leaves it as it is recorded."""
    if source.server:
        return await _followed(source, tool, arguments)
    async with opened(source.settings()) as tools:
        return await _to_its_end(tools, tool, arguments)


async def _followed(source: Source, tool: str, arguments: Body) -> Body:
    """A change that a running Midwatch carries out, which goes on when it is heard of no more."""
    view: Body = {}
    try:
        view = await called(source, tool, {**arguments, "wait_s": 30})
        while view["status"] in UNFINISHED:
            say(_how_far(view))
            wait = {"change_id": view["change_id"], "wait_s": 30}
            view = await called(source, "autofix_get_change", wait)
    except UpstreamUnavailable:
        key = "change_goes_on" if view else "change_unheard"
        say(word(key, spoken(), change=view.get("change_id", "")))
        raise
    return view


async def carried_out_in_turn(source: Source, plan_ids: list[str]) -> Body:
    """Approved plans one by one; giving up here leaves them as they are recorded."""
    batch = {"plan_ids": plan_ids, "wait_s": 30}
    if source.server:
        try:
            view = await called(source, "autofix_apply_batch", batch)
            while not view["ended"]:
                view = await called(source, "autofix_apply_batch", batch)
        except UpstreamUnavailable:
            say(word("batch_goes_on", spoken()))
            raise
        return view
    async with opened(source.settings()) as tools:
        view = (await tools.call("autofix_apply_batch", **batch)).data
        while not view["ended"]:
            view = (await tools.call("autofix_apply_batch", **batch)).data
        return view


async def _to_its_end(tools: Tools, tool: str, arguments: Body) -> Body:
    view = (await tools.call(tool, **arguments, wait_s=30)).data
    while view["status"] in UNFINISHED:
        say(_how_far(view))
        if tool == "autofix_apply":  # takes over what another process left
            with suppress(Conflict):  # it ended meanwhile
                await tools.call(tool, plan_id=view["plan_id"], wait_s=0)
        wait = {"change_id": view["change_id"], "wait_s": 30}
        view = (await tools.call("autofix_get_change", **wait)).data
    return view


def _how_far(view: Body) -> str:
    return f"{view['change_id']}: {view['progress_in'].get(spoken()) or view['status']}"


async def rehearsed_plan(source: Source, plan_id: str) -> Body:
    """Try a kept plan; what became of that stands with it, as it is answered."""
    asked = {"plan_id": plan_id, "wait_s": 30}
    plan = {"plan_id": plan_id, "language": spoken()}
    say(SENTENCES.said("trying_copy").told(spoken()))
    if source.server:
        while (await called(source, "autofix_rehearse", asked))["outcome"] == RUNNING:
            continue
        return await called(source, "autofix_get_plan", plan)
    async with opened(source.settings()) as tools:
        while (await tools.call("autofix_rehearse", **asked)).data["outcome"] == RUNNING:
            continue
        return (await tools.call("autofix_get_plan", **plan)).data


async def rehearsed(source: Source, arguments: Body) -> Body:
    """Capture the live cluster, serve it for practice, plan and apply there.

    The answer's `outcome` is that of the change, or `refused` when there is nothing to apply.
    """
    with tempfile.TemporaryDirectory(prefix="midwatch-rehearsal-") as private:
        folder = Path(private)
        settings = source.settings()
        async with prepared(settings) as live:
            notes = await _captured(folder / "cluster", live)
        (folder / "policy.toml").write_text(REHEARSAL_POLICY)
        apart = settings.model_copy(
            update={
                "data_dir": folder / "data",
                "database": settings.database.model_copy(update={"url": ""}),
                "fixes": settings.fixes.model_copy(
                    update={"policy": folder / "policy.toml", "stop_file": folder / "stop"}
                ),
            }
        )
        return {**await _tried(folder / "cluster", apart, arguments), "notes": notes}


async def _captured(folder: Path, live: Settings) -> list[str]:
    from sandbox.capture import Bounds, capture

    say(SENTENCES.said("taking_picture").told(spoken()))
    written = await asyncio.to_thread(
        capture,
        folder,
        kubeconfig=live.kubernetes.kubeconfig,
        context=live.kubernetes.context,
        prometheus_url=live.prometheus.url,
        alertmanager_url=live.alertmanager.url,
        bounds=Bounds(),
        fresh=True,
        tell=lambda _: None,
    )
    return list(written.notes)


async def _tried(folder: Path, apart: Settings, arguments: Body) -> Body:
    from sandbox.server import serving

    async with serving(folder, speed=REHEARSAL_SPEED) as addresses:
        ready = apart.model_copy(
            update={
                "kubernetes": apart.kubernetes.model_copy(
                    update={"kubeconfig": addresses.kubeconfig, "context": "", "impersonate": ""}
                ),
                "prometheus": apart.prometheus.model_copy(update={"url": addresses.prometheus}),
                "alertmanager": apart.alertmanager.model_copy(
                    update={"url": addresses.alertmanager}
                ),
            }
        )
        async with opened(apart, ready=ready) as tools:
            plan = (await tools.call("autofix_plan", **arguments)).data
            if not plan["plan_id"]:
                return {"outcome": "refused", "plan": plan, "change": None}
            await _approved(tools, plan)
            say(SENTENCES.said("trying_picture").told(spoken()))
            change = await _to_its_end(tools, "autofix_apply", {"plan_id": plan["plan_id"]})
            return {"outcome": change["status"], "plan": plan, "change": change}


async def _approved(tools: Tools, plan: Body) -> None:
    """For practice alone, where high risk wants no other person: there is nobody to harm."""
    typed = plan["steps"][0]["target"]["name"]
    await tools.call("autofix_approve", plan_id=plan["plan_id"], typed_name=typed)
