"""compaction: after thirty turns about other things, does the model still read what was found?"""

import json
import re
from collections.abc import Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

from agent.graph import Assistant
from agent.models import ModelChoice
from core.principal import Permission, Principal
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Truth
from evals.wire import answering
from mcp_servers.client import Connections, in_process
from sandbox.server import serving

Json = dict[str, Any]
JUDGE = Principal(subject="eval", permissions=frozenset(Permission))
CONVERSATIONS = 6
FILLERS = 30
LONG_ANSWER = "Nothing more can be said of this than that it was looked at. " * 30
TOLD = "team-otter looks after {name}, their channel is otters-at-night"
# A request of a small model's window; four characters count as a token.
MOST_TOKENS = 4_000


@dataclass
class Scripted:
    """Calls the tool it was told to, then gives a long answer without a fact in it."""

    call: tuple[str, Json] = ("", {})
    request: Json = field(default_factory=dict[str, Any])
    first_tokens: int = 0

    def events(self, body: Json) -> Iterator[str]:
        self.request = body
        messages = body["messages"]
        done = messages[-1]["role"] == "tool"
        if not done:
            size = sum(
                len(json.dumps(body[key], ensure_ascii=False)) for key in ("messages", "tools")
            )
            self.first_tokens = max(self.first_tokens, size // 4)
        name, arguments = self.call
        function = {"name": name, "arguments": json.dumps(arguments)}
        call = {"index": 0, "id": f"c{len(messages)}", "type": "function", "function": function}
        delta: Json = {"content": LONG_ANSWER} if done or not name else {"tool_calls": [call]}
        yield _chunk({"role": "assistant", **delta}, None)
        yield _chunk({}, "tool_calls" if "tool_calls" in delta else "stop")
        yield "data: [DONE]"

    @property
    def read(self) -> str:
        """All the text of the last request."""
        return "\n".join(str(one.get("content", "")) for one in self.request["messages"])


async def run(cases: Sequence[Truth]) -> SuiteResult:
    """A few of the cases whose root is known: what was found there must still be there."""
    found = [one for one in cases if one.said.root_causes]
    chosen = found[:: max(1, len(found) // CONVERSATIONS)][:CONVERSATIONS]
    failures: list[Failure] = []
    looked_for, most = 0, 0
    for truth in chosen:
        expected, read, tokens = await _conversation(truth)
        looked_for, most = looked_for + len(expected), max(most, tokens)
        failures += [
            Failure(truth.name, f"{fact!r} is lost") for fact in expected if fact not in read
        ]
        if tokens > MOST_TOKENS:
            failures.append(Failure(truth.name, f"a first request took {tokens} tokens"))
    metrics = {
        "facts_looked_for": looked_for,
        "facts_lost": sum(one.why.endswith("is lost") for one in failures),
        "tokens_of_the_largest_first_request": most,
    }
    return SuiteResult("compaction", len(chosen), tuple(failures), metrics)


async def _conversation(truth: Truth) -> tuple[list[str], str, int]:
    """What was found at first, what the model is sent at last, and its largest first request."""
    model = Scripted()
    async with AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(serving(truth.folder))
        connections = Connections(
            kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus
        )
        sessions = await stack.enter_async_context(in_process(connections))
        address = await stack.enter_async_context(answering(model.events))
        choice = ModelChoice("openai", "scripted", "key", f"{address}/v1")
        opened = Assistant.opened(model=choice, sessions=sessions, memory=None)
        assistant = await stack.enter_async_context(opened)

        async def ask(question: str, tool: str, **arguments: Any) -> None:
            model.call = (tool, arguments)
            turn = assistant.run(question, principal=JUDGE, thread_id="long")
            async for _ in turn:
                pass

        name = truth.said.root_causes[0].resources[0].name
        await ask(f"Why is {name} failing?", "rca_investigate", namespace=truth.namespace)
        expected = _findings(model.read)
        told = TOLD.format(name=name)
        await ask(f"list pods, and note: {told}", "")
        for n in range(FILLERS):
            query = f"count(kube_pod_info) + {n}"
            await ask(f"how many pods were there {n} h ago?", "prometheus_query", query=query)
        await ask(f"what was wrong with {name}, and who looks after it?", "")
        return [*expected, "otters-at-night"], model.read, model.first_tokens


def _findings(read: str) -> list[str]:
    """The first cause that a result told, and what it said it ruled out or found well."""
    causes = re.findall(r"^cause 1 .*? ([a-z_]+(?:\.[a-z_]+)+): ", read, re.MULTILINE)
    others = re.findall(r"^(?:ruled out|healthy): .{12,40}", read, re.MULTILINE)
    return [*causes[:1], *dict.fromkeys(others)]


def _chunk(delta: Json, finish: str | None) -> str:
    head = {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "scripted"}
    choices = [{"index": 0, "delta": delta, "finish_reason": finish}]
    return f"data: {json.dumps({**head, 'choices': choices})}"
