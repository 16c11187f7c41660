"""A process that is killed in the middle of its work leaves what was there before, and goes on later."""

import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Any

from knowledge_base.cache.embedding import CachedEmbedder
from knowledge_base.cache.local_cache import LocalCache
from knowledge_base.embedder import EndpointEmbedder
from knowledge_base.embedding import into_vectors
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.ingest import ingest
from knowledge_base.reading.folders import found_in
from tests.knowledge.conftest import Opener
from tests.knowledge.test_embedder import endpoint
from tests.knowledge.test_index import Counting, found

PAGES = 1_500
# What a process does that is killed: with a model it makes vectors, without it takes pages in.
WORK = """
import sys
from pathlib import Path
from knowledge_base.cache.embedding import CachedEmbedder
from knowledge_base.cache.local_cache import LocalCache
from knowledge_base.embedder import EndpointEmbedder
from knowledge_base.embedding import into_vectors
from knowledge_base.index.local_index import LocalIndex
from knowledge_base.index.redis_index import RedisIndex
from knowledge_base.ingest import ingest
from knowledge_base.reading.folders import found_in
where, root, pages, model = sys.argv[1:]
index = RedisIndex(where, root) if where.startswith("redis") else LocalIndex(Path(where))
print("begun", flush=True)
if model:
    cache = LocalCache(Path(where))
    into_vectors(index, CachedEmbedder(EndpointEmbedder(model, "m"), cache))
else:
    ingest(index, found_in(Path(pages)), prefix="")
"""


def written(folder: Path, word: str) -> Path:
    folder.mkdir(exist_ok=True)
    for number in range(PAGES):
        text = f"# Page {number}\n\n{word} {number}\n\n## More\n\nmore of {word}"
        (folder / f"{number}.md").write_text(text)
    return folder


def at_work(*told: str) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", WORK, *told], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "begun\n"
    return process


def killed(process: "subprocess.Popen[str]") -> None:
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert process.stdout
    process.stdout.close()


def test_a_rebuild_that_is_killed_leaves_the_old_vectors_and_goes_on_from_there(
    tmp_path: Path,
) -> None:
    heard: list[dict[str, Any]] = []

    def slow(body: dict[str, Any]) -> tuple[int, Any]:
        time.sleep(0.01)
        rows = [{"index": n, "embedding": [len(one), 1.0]} for n, one in enumerate(body["input"])]
        return 200, {"data": rows}

    pages, home = written(tmp_path / "pages", "walrus"), tmp_path / "index"
    with endpoint(slow, heard) as url, closing(LocalIndex(home)) as index:
        ingest(index, found_in(pages), prefix="", embedder=Counting())
        process = at_work(str(home), "", str(pages), url)
        while len(heard) < 4:
            time.sleep(0.005)
        killed(process)
        assert index.embedder == "counting"
        assert not index.without_vectors()
        before = {text for one in heard[:-1] for text in one["input"]}
        heard.clear()
        cache = LocalCache(home)
        into_vectors(index, CachedEmbedder(EndpointEmbedder(url, "m"), cache))
        cache.close()
        assert index.embedder == f"m@{url}"
        assert not index.without_vectors()
        assert before
        assert before.isdisjoint(text for one in heard for text in one["input"])


def test_an_ingest_that_is_killed_has_changed_nothing_and_the_next_one_is_whole(
    opened: Opener, tmp_path: Path
) -> None:
    index, pages = opened(), written(tmp_path / "pages", "walrus")
    (pages / "0.md").write_text("# First\n\nzebra")
    ingest(index, [one for one in found_in(pages) if one.doc == "0.md"])
    version = index.version()
    for delay_s in (0.1, 0.3, 0.5):
        with at_work(opened.place, opened.root, str(pages), "") as process:
            time.sleep(delay_s)
            process.kill()  # on a fast machine it may have come to its end before
        assert (index.version() == version) == (sorted(index.fingerprints()) == ["0.md"])
        assert index.count() in (1, PAGES)
    ingest(index, found_in(pages), prefix="")
    assert index.count() == len(index.fingerprints()) == PAGES
    assert (found(index, "walrus 77")[0], found(index, "zebra")) == ("77.md", ["0.md"])
