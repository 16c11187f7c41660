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
from pathlib import Path
from statistics import median, quantiles

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


@contextmanager
def opened(kind: str, home: Path) -> Iterator[Callable[[str], Index]]:
    """Opens bases of a kind by name."""
    if kind == "local":
        yield lambda name: LocalIndex(home / name)
        return
    with searching_redis(home) as url:
        yield lambda name: RedisIndex(url, name)


def told(kind: str, home: Path, folder: Path) -> Iterator[str]:
    with opened(kind, home) as open_one:
        for name, embedder in (("words", None), ("vectors", bundled())):
            index = open_one(name)
            began = time.perf_counter()
            report = ingest(index, found_in(folder), prefix="", embedder=embedder)
            took = time.perf_counter() - began
            yield f"{kind}: ingest with {name}: {PAGES / took:.0f} pages/s ({report.passages} passages)"
        for who, scope in (("everything", Scope()), ("one reader", READER)):
            asked = [one for path in sorted(HERE.glob("*.txt")) for one in questions(path)]
            times = [searched(index, one.text, scope) for one in asked]
            for what, took in zip(
                ("wall", "CPU of this process"), zip(*times, strict=True), strict=True
            ):
                p95 = quantiles(took, n=20)[-1]
                yield f"{kind}: query for {who}, {what}: median {median(took):.1f} ms, P95 {p95:.1f} ms"
        began = time.perf_counter()
        again = ingest(index, found_in(folder), prefix="", embedder=bundled())
        took = time.perf_counter() - began
        yield f"{kind}: look again, nothing changed: {again.unchanged / took:.0f} pages/s"
        index.close()


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
