"""What the knowledge base takes at 10,000 passages, in a file and in Redis: docs/performance.md.

.venv/bin/python -m tools.measure.knowledge [local|redis|memory]
"""

import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, median, quantiles

from redis import Redis

from evals.suites.retrieval import HERE, questions
from knowledge_base.bundled_model import bundled
from knowledge_base.chunking import passages
from knowledge_base.index import Index, Scope
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from knowledge_base.ingest import SHIPPED, ingest
from knowledge_base.reading.folders import found_in
from knowledge_base.searching import search
from tests.knowledge.searching_redis import searching_redis
from tools.measure.__main__ import rss_mib
from tools.measure.engines import squares_s

PAGES, SECTIONS, SEED = 2_000, 5, 7
READER = Scope(readers=frozenset({"user"}))
FENCE = re.compile(r"```.*?```", re.DOTALL)


def drawn_pages(folder: Path) -> None:
    """Pages of sections whose sentences are drawn from the shipped pages, half in each language."""
    draw = random.Random(SEED)
    for language in ("en", "zh"):
        texts = [FENCE.sub("", one.read_text("utf-8")) for one in SHIPPED.glob(f"*.{language}.md")]
        parts = [one.text for text in texts for one in passages("x", text)]
        told = [s for part in parts for s in re.split(r"(?<=[.。])\s*|\n", part) if len(s) > 20]
        names = [one.title for text in texts for one in passages("x", text)[:1]]
        for number in range(PAGES // 2):
            lines = [f"# {draw.choice(names)} {number}"]
            for section in range(SECTIONS):
                lines += [f"## {draw.choice(told)[:60]} {section}", " ".join(draw.sample(told, 6))]
            (folder / f"{language}-{number}.md").write_text("\n\n".join(lines), "utf-8")


@dataclass(frozen=True)
class Bases:
    """Opens bases of a kind by name. `server_s` tells the CPU that a server has used for them."""

    open: Callable[[str], Index]
    server_s: Callable[[], float]


@contextmanager
def opened(kind: str, home: Path) -> Iterator[Bases]:
    if kind == "local":
        yield Bases(lambda name: LocalIndex(home / name), lambda: 0.0)
        return
    with searching_redis(home) as url, Redis.from_url(url) as client:

        def server_s() -> float:
            used = client.info("cpu")
            return used["used_cpu_user"] + used["used_cpu_sys"]

        yield Bases(lambda name: RedisIndex(url, name), server_s)


def told(kind: str, home: Path, folder: Path) -> Iterator[str]:
    with opened(kind, home) as bases:
        for name, embedder in (("words", None), ("vectors", bundled())):
            index = bases.open(name)
            began, used = time.perf_counter(), time.process_time() + bases.server_s()
            report = ingest(index, found_in(folder), prefix="", embedder=embedder)
            took = time.perf_counter() - began
            cpu = time.process_time() + bases.server_s() - used
            yield (
                f"{kind}: ingest with {name}: {PAGES / took:.0f} pages/s by the wall, "
                f"{PAGES / cpu:.0f} by CPU ({report.passages} passages)"
            )
        for who, scope in (("everything", Scope()), ("one reader", READER)):
            yield from told_queries(f"{kind}: query for {who}", index, scope, bases)
        began = time.perf_counter()
        again = ingest(index, found_in(folder), prefix="", embedder=bundled())
        took = time.perf_counter() - began
        yield f"{kind}: look again, nothing changed: {again.unchanged / took:.0f} pages/s"
        index.close()


def told_queries(name: str, index: Index, scope: Scope, bases: Bases) -> Iterator[str]:
    asked = [one for path in sorted(HERE.glob("*.txt")) for one in questions(path)]
    searched(index, asked[0].text, scope)
    used = bases.server_s()
    times = [searched(index, one.text, scope) for one in asked]
    served = (bases.server_s() - used) / len(asked) * 1_000
    for what, took in zip(("wall", "CPU of this process"), zip(*times, strict=True), strict=True):
        p95 = quantiles(took, n=20)[-1]
        yield f"{name}, {what}: median {median(took):.1f} ms, P95 {p95:.1f} ms"
    if served:
        both = served + mean(own for _, own in times)
        yield f"{name}, CPU of the server: mean {served:.1f} ms, of both: mean {both:.1f} ms"


def searched(index: Index, question: str, scope: Scope) -> tuple[float, float]:
    """Milliseconds by the wall, and of this process alone, whatever else the machine does."""
    began, used = time.perf_counter(), time.process_time()
    search(index, question, k=5, embedder=bundled(), scope=scope)
    return (time.perf_counter() - began) * 1_000, (time.process_time() - used) * 1_000


def memory(home: str) -> None:
    """Resident memory of a process that has asked a base of this home."""
    before = rss_mib(os.getpid())
    index = LocalIndex(Path(home, "vectors"))
    for one in questions(HERE / "seen.txt")[:20]:
        searched(index, one.text, READER)
    print(
        f"local: resident memory: {before:.0f} MiB with the code, {rss_mib(os.getpid()):.0f} MiB after 20 questions"
    )


def main() -> None:
    if sys.argv[1:2] == ["memory"]:
        memory(sys.argv[2])
        return
    print(f"ten million squares: {squares_s():.2f} s")
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place, "pages")
        folder.mkdir()
        drawn_pages(folder)
        for kind in sys.argv[1:] or ("local", "redis"):
            home = Path(place, kind)
            home.mkdir()
            for line in told(kind, home, folder):
                print(line, flush=True)
            if kind == "local":
                subprocess.run(
                    [sys.executable, "-m", "tools.measure.knowledge", "memory", str(home)],
                    check=True,
                )


if __name__ == "__main__":
    main()
