"""plumbing: does a turn end well when the model does not, through the SDKs of both providers?"""

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory

from agent.approvals import Decision
from agent.events import Done, Event
from agent.graph import Assistant
from agent.models import Lineup, ModelChoice
from core.errors import OpsError
from core.principal import Permission, Principal
from core.security.audit import AuditLog
from core.storage.database import Database
from core.storage.kept_fixes import KeptFixes
from evals.plumbing.faults import ANSWERED, GOOD, LOOKING, PODS
from evals.plumbing.judging import Played
from evals.plumbing.scene import WHOLE, Scene
from evals.plumbing.writes import NAMESPACE, WORKLOAD, WRITING
from evals.providers.saying import Say
from evals.providers.serving import Provider, provider_serving
from evals.scoreboard import Failure, SuiteResult
from mcp_servers.client import Connections, Sessions, Tools, fix_desk, in_process
from sandbox.server import Addresses, serving

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"
ASKER = Principal(subject="eval", permissions=frozenset(Permission))
# So much faster passes the practice cluster's time; a change is verified in a second.
SPEED = 60.0
BRISK = "[limits]\nsettle_s = 0.3\npoll_s = 0.1\nlease_s = 1\ndeadline_s = 20\n"
SEAL = "a key that seals the approvals of an evaluation"

# How the model behind a fake is named, and so how it is spoken to.
Wire = Callable[[Provider, Scene], ModelChoice]
NEXT = "Which pods in namespace shop are not ready?"
SCENES = (*LOOKING, *WRITING)


@dataclass(frozen=True)
class Stage:
    """Tools over one cluster, and two models."""

    sessions: Sessions
    first: Provider
    second: Provider

    @property
    def asked(self) -> int:
        """How many requests both were sent."""
        return len(self.first.requests) + len(self.second.requests)

    async def deployment(self) -> tuple[int, int]:
        """How often the workload was written, and the replicas it is wanted to have."""
        wanted = {"kind": "Deployment", "namespace": NAMESPACE, "name": WORKLOAD}
        told = await Tools(self.sessions, ASKER).call("kubernetes_get_object", **wanted)
        found = told.data["object"]
        return found["metadata"]["generation"], found["spec"]["replicas"]


def anthropic(provider: Provider, scene: Scene) -> ModelChoice:
    return ModelChoice("anthropic", "faulty", "key", provider.base_url, scene.timeout_s)


def openai(provider: Provider, scene: Scene) -> ModelChoice:
    """As every compatible server is spoken to."""
    return ModelChoice("openai", "faulty", "key", f"{provider.base_url}/v1", scene.timeout_s)


WIRES: tuple[Wire, ...] = (anthropic, openai)


async def run(scenes: Sequence[Scene] = SCENES, wires: Sequence[Wire] = WIRES) -> SuiteResult:
    """Every scene over every wire, each in a conversation of its own."""
    played = [
        (f"{scene.name}, {wire.__name__}", one) async for scene, wire, one in _all(scenes, wires)
    ]
    failures = [Failure(name, why) for name, one in played for why in one.broken()]
    right = len(played) - len({one.case for one in failures})
    metrics = {
        "right": round(right / len(played), 3),
        "requests_to_models": sum(one.asked for _, one in played),
        "changes_made": sum(one.writes for _, one in played),
    }
    return SuiteResult("plumbing", len(played), tuple(failures), metrics)


async def _all(
    scenes: Sequence[Scene], wires: Sequence[Wire]
) -> AsyncGenerator[tuple[Scene, Wire, Played]]:
    """One cluster for all of them; whoever may change it has a memory of changes of its own."""
    async with serving(SHOP, speed=SPEED) as addresses, _tools(addresses) as shared:
        with provider_serving() as first, provider_serving() as second:
            for wire, scene in product(wires, scenes):
                if scene not in WRITING:
                    yield scene, wire, await _play(scene, wire, Stage(shared, first, second))
                    continue
                async with _tools(addresses) as own:
                    yield scene, wire, await _play(scene, wire, Stage(own, first, second))


@asynccontextmanager
async def _tools(addresses: Addresses) -> AsyncGenerator[Sessions]:
    reach = Connections(
        kubeconfig=addresses.kubeconfig,
        prometheus_url=addresses.prometheus,
        alertmanager_url=addresses.alertmanager,
    )
    with TemporaryDirectory() as path:
        folder, url = Path(path), f"sqlite:///{path}/midwatch.db"
        policy = folder / "policy.toml"
        policy.write_text(BRISK, "utf-8")
        async with Database.opened(url) as database, AuditLog(database) as audit:
            desk = fix_desk(
                KeptFixes(database), key=SEAL, policy_file=policy, stop_file=folder / "stop"
            )
            async with in_process(reach, audit=audit, fixes=desk) as sessions:
                yield sessions


async def _play(scene: Scene, wire: Wire, stage: Stage) -> Played:
    stage.first.script[:] = scene.script
    stage.second.script[:] = scene.second or [GOOD]
    others = (openai(stage.second, scene),) if scene.second else ()
    lineup = Lineup(others, pause_s=0.01, failures=100)
    before, replicas = await stage.deployment()
    begun = stage.asked
    question = scene.question.format(replicas=3 if replicas != 3 else 4)
    async with Assistant.opened(
        model=wire(stage.first, scene),
        sessions=stage.sessions,
        memory=None,
        lineup=lineup,
        limits=scene.limits,
    ) as assistant:
        events, error = await _turns(assistant, question, scene)
        asked = stage.asked - begun
        after, _ = await stage.deployment()
        end = await _afterwards(assistant, scene.name, stage.first)
    return Played(scene, events, error, asked, after - before, end)


async def _turns(
    assistant: Assistant, question: str, scene: Scene
) -> tuple[list[Event], OpsError | None]:
    """The turn, and what follows when it waits for a person, as often as it does."""
    events: list[Event] = []
    turn = assistant.run(
        question,
        principal=ASKER,
        thread_id=scene.name,
        language=scene.language,
        can_ask=scene.yes is not None,
    )
    error = await _heard(turn, events)
    while error is None and (waiting := _waiting(events)):
        said = [Decision(one, approved=bool(scene.yes)) for one in waiting]
        person = replace(ASKER, present=True)
        more = assistant.resume(scene.name, principal=person, decisions=said)
        error = await _heard(more, events)
    return events, error


async def _heard(turn: AsyncIterator[Event], events: list[Event]) -> OpsError | None:
    try:
        async for event in turn:
            events += [event]  # one by one: what came before an error counts
    except OpsError as error:
        return error
    return None


def _waiting(events: Sequence[Event]) -> list[str]:
    last = events[-1] if events else None
    return [one["id"] for one in last.approvals] if isinstance(last, Done) else []


async def _afterwards(assistant: Assistant, thread: str, provider: Provider) -> str:
    """How the next turn of the same conversation ends, with a model that does what it should."""
    provider.script[:] = [Say("", [PODS]), GOOD]
    events: list[Event] = []
    turn = assistant.run(NEXT, principal=ASKER, thread_id=thread)
    if error := await _heard(turn, events):
        return str(error)
    [done] = [one for one in events if isinstance(one, Done)]
    return done.incomplete_code or (WHOLE if ANSWERED in done.answer else done.answer)
