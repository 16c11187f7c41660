"""200 conversations at once with a model that takes a second: times, CPU and memory, wave after wave.

    .venv/bin/python -m tools.measure.threads [CONVERSATIONS] [WAVES]

The service is `midwatch up`, asked through REST; the model is a server in a process of its own. A turn asks
it twice, with a look at the cluster in between.
"""

import json
import subprocess
import sys
import time
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any

from evals.providers.saying import Json, Say
from evals.providers.serving import provider_serving
from tools.measure.__main__ import Up, up

ROOT = Path(__file__).parents[2]
SERVE = "serve-the-model"
THINKS_S = 1.0
QUESTION = "Which pods in namespace shop are not ready?"
LOOK = ("kubernetes_list_pods", {"namespace": "shop"})


def reply(body: Json) -> Say:
    blocks = body["messages"][-1]["content"]
    looked = "tool_result" in json.dumps(blocks)
    answer = Say("All of them are ready [1].", pause_s=THINKS_S)
    return answer if looked else Say("", [LOOK], pause_s=THINKS_S)


def serve() -> None:
    """Print the address, and how many were answered at once when told to stop by an empty line."""
    with provider_serving(reply) as provider:
        print(provider.base_url, flush=True)
        sys.stdin.readline()
        print(provider.most, flush=True)


@contextmanager
def model() -> Generator[tuple[dict[str, str], "subprocess.Popen[str]"]]:
    command = [sys.executable, "-m", "tools.measure.threads", SERVE]
    process = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    address = process.stdout.readline().strip()
    try:
        yield {"ANTHROPIC_API_KEY": "sk-ant-none", "ANTHROPIC_BASE_URL": address}, process
    finally:
        process.kill()
        process.wait()


def asked(service: Up) -> float:
    """Seconds of one turn, in a conversation of its own."""
    began_s = time.monotonic()
    answer: dict[str, Any] = service.ask(QUESTION)
    assert answer["answer"].startswith("All of them are ready"), answer
    return time.monotonic() - began_s


def main(conversations: int, waves: int) -> None:
    print("| wave | turns | wall | median turn | longest turn | CPU a turn | memory after |")
    print("|---|---|---|---|---|---|---|")
    with model() as (environment, provider), up(**environment) as service:
        asked(service)
        alone_s = asked(service)
        with ThreadPoolExecutor(conversations) as people:
            for wave in range(1, waves + 1):
                cpu_s, began_s = service.cpu_s(), time.monotonic()
                took_s = list(people.map(asked, [service] * conversations))
                wall_s, cpu_s = time.monotonic() - began_s, service.cpu_s() - cpu_s
                told = f"{wall_s:.1f} s | {median(took_s):.1f} s | {max(took_s):.1f} s"
                each = f"{cpu_s / conversations * 1000:.0f} ms | {service.rss_mib():.0f} MiB"
                print(f"| {wave} | {conversations} | {told} | {each} |", flush=True)
        most, _ = provider.communicate("\n")
        print(f"\nalone: {alone_s:.1f} s; with the model at once at most: {most.strip()}")


if __name__ == "__main__":
    if sys.argv[1:] == [SERVE]:
        serve()
    else:
        main(*(int(one) for one in (*sys.argv[1:], "200", "6")[:2]))
