"""Models in shadow: rules answer, and a model is asked beside them what it would have begun with. Nobody hears it."""

import asyncio
from dataclasses import dataclass
from typing import Any

from langchain_core.messages import AIMessage, ToolMessage

from agent.candidates import Candidates
from agent.events import Event
from agent.evidence import Evidence
from agent.fallback import Persistence, Request
from agent.faults import ModelFailed
from agent.listening import Asking, calls_of
from agent.metering import Meter
from agent.voice import Voice

# A reply that takes longer would have been of no use to anybody.
TRIAL_S = 60.0
# What a trial is called in the usage log, where a subagent stands.
SHADOW = "shadow"


@dataclass(frozen=True, slots=True)
class Trial:
    """The first step of a subagent, and who would have been asked for it."""

    subagent: str
    candidates: Candidates
    request: Request
    persistence: Persistence

    @property
    def is_first(self) -> bool:
        """Later steps follow from what the rules looked at."""
        return not any(isinstance(one, ToolMessage) for one in self.request.messages)

    async def against(self, rules: AIMessage, meter: Meter) -> dict[str, Any]:
        """What both would have called, and whether that is the same."""
        own = Meter(meter.prices, meter.account, estimates=meter.estimates)
        asking = Asking(SHADOW, _now_s() + TRIAL_S, Voice(_unheard, Evidence(), ""), own, _unheard)
        by_rules = sorted(call["name"] for call in calls_of(rules))
        told: dict[str, Any] = {"subagent": self.subagent, "rules": by_rules}
        try:
            reply = await self.persistence.reply(self.candidates, self.request, asking)
        except (TimeoutError, ModelFailed) as failure:
            why = failure.fault.outcome if isinstance(failure, ModelFailed) else "time_limit"
            return {**told, "outcome": why}
        by_model = sorted(call["name"] for call in calls_of(reply))
        return {**told, "model": by_model, "same": by_model == by_rules, "outcome": "ok"}


def _unheard(_: Event) -> None:
    return


def _now_s() -> float:
    return asyncio.get_running_loop().time()
