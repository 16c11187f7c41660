"""Two hundred conversations at once: no turn waits on another."""

import asyncio
from pathlib import Path

from agent.events import Done
from agent.limits import Limits
from evals.providers.saying import Json, Say
from evals.providers.serving import provider_serving
from mcp_servers.client import Sessions
from tests.agent.conftest import assistant_with
from tests.agent.turns import Told, ask, choice_of

THREADS = 200
LIMITS = Limits(time_s=300)


def reply(body: Json) -> Say:
    """Looks once, then answers with the name that was asked about."""
    asked = next(one["content"] for one in body["messages"] if one["role"] == "user")
    name = str(asked).split("service-")[1][:3]
    if body["messages"][-1]["role"] == "tool":
        return Say(f"service-{name} was looked at.")
    return Say("", [("kubernetes_list_pods", {"namespace": "shop", "name": f"service-{name}"})])


async def test_all_turns_are_with_the_model_at_the_same_time(
    sessions: Sessions, tmp_path: Path
) -> None:
    """The model answers nobody before all have asked: one turn that waited for another would end none."""
    with provider_serving(reply) as provider:
        provider.meets = THREADS
        choice = choice_of("openai", provider, timeout_s=280)
        memory = tmp_path / "memory.db"
        async with assistant_with(sessions, choice, limits=LIMITS, memory=memory) as assistant:
            told = await asyncio.gather(
                *(
                    ask(assistant, f"why does service-{n:03} in shop fail?", thread=f"t{n}")
                    for n in range(THREADS)
                )
            )
    answers = [one.answer.split(" ")[0] for one in told]
    assert answers == [f"service-{n:03}" for n in range(THREADS)]
    assert all(one.done.incomplete_code == "" for one in told)
    assert all(_own(one, n) for n, one in enumerate(told))


def _own(told: Told, n: int) -> bool:
    """Whether a turn made its own call and no other's, and ended once."""
    ends = [one for one in told.events if isinstance(one, Done)]
    return [one.arguments["name"] for one in told.calls] == [f"service-{n:03}"] and len(ends) == 1
