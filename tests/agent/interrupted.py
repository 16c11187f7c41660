"""A process that begins one turn and is killed in it: `python -m tests.agent.interrupted …`."""

import asyncio
import sys
from pathlib import Path

from agent.models import ModelChoice
from tests.agent.changing_server import Ledger, changing
from tests.agent.conftest import assistant_with
from tests.agent.turns import ANN, Told


async def main(base_url: str, memory: Path | str, journal: Path, question: str) -> None:
    choice = ModelChoice("openai", "model-x", "key-x", f"{base_url}/v1")
    ledger = Ledger(slow_s=60, journal=journal)
    async with (
        changing(ledger) as sessions,
        assistant_with(sessions, choice, memory=memory) as assistant,
    ):
        await Told().collect(assistant.run(question, principal=ANN, thread_id="thread"))


if __name__ == "__main__":
    url, memory, journal, question = sys.argv[1:]
    kept_in = memory if "://" in memory else Path(memory)
    asyncio.run(main(url, kept_in, Path(journal), question))
