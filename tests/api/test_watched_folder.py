"""A folder of pages that a running service keeps up with: what is put there is found, what goes is gone."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from structlog.testing import capture_logs

from api.app import create_app, running
from api.editions import prepared
from core.http import Client
from tests.api.conftest import Midwatch, offline, serving
from tests.knowledge.test_reading import PAGE, pdf_saying

DOCUMENTS = "/api/v1/knowledge/documents"


@asynccontextmanager
async def watching(data: Path, folder: Path) -> AsyncGenerator[Client]:
    """A service that looks through the folder all the time; entered again with the same data it goes on."""
    settings = offline(data, knowledge={"folder": folder, "every": "PT0.3S"})
    app = create_app(settings)
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
    ):
        admin = await opened.sign_in.ensure_admin()
        _, token = await opened.sign_in.make_api_token(admin.name, label="test")
        async with Midwatch(address, opened, token, app.state.turns).client() as http:
            yield http


async def becomes(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(120):
        while True:
            if await is_so():
                return
            await asyncio.sleep(0.1)


async def there(http: Client) -> set[str]:
    """The names of all documents of the watched folder."""
    names, cursor = set[str](), ""
    while True:
        page = (await http.get(DOCUMENTS, params={"cursor": cursor})).json()
        names |= {one["doc"] for one in page["rows"] if one["doc"].startswith("pages/")}
        if not (cursor := page.get("cursor") or ""):
            return names


def in_step(http: Client, *names: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return await there(http) == {f"pages/{one}" for one in names}

    return is_so


def says(http: Client, name: str, words: str) -> Callable[[], Awaitable[bool]]:
    async def is_so() -> bool:
        return words in (await http.get(f"{DOCUMENTS}/pages/{name}")).json().get("text", "")

    return is_so


async def test_a_watched_folder_is_followed_also_over_a_restart(tmp_path: Path) -> None:
    folder = tmp_path / "pages"
    (folder / ".git").mkdir(parents=True)
    (folder / ".git" / "hidden.md").write_text("# Hidden")
    (folder / "a.md").write_text("# Walrus\n\nFeed it.")
    (folder / "b.html").write_text(PAGE)
    (folder / "c.pdf").write_bytes(pdf_saying("Drain the node"))
    (folder / "bad.md").write_bytes(b"\xff\xfe\x00")
    async with watching(tmp_path / "data", folder) as http:
        await becomes(in_step(http, "a.md", "b.html", "c.pdf"))
        (folder / "a.md").write_text("# Walrus\n\nFeed it at noon.")
        await becomes(says(http, "a.md", "at noon"))
        (folder / "space").mkdir()
        (folder / "b.html").rename(folder / "space" / "renamed.html")
        (folder / "c.pdf").unlink()
        await becomes(in_step(http, "a.md", "space/renamed.html"))
    (folder / "a.md").unlink()
    (folder / "d.txt").write_text("While nobody looked.")
    (folder / "bad.md").write_text("# Mended\n\nNow it can be read.")
    async with watching(tmp_path / "data", folder) as http:
        await becomes(in_step(http, "bad.md", "d.txt", "space/renamed.html"))
        found = await http.post("/api/v1/knowledge/search", json={"query": "while nobody looked"})
        assert found.json()["hits"][0]["doc"] == "pages/d.txt"


async def test_a_page_that_cannot_be_read_is_told_once_and_keeps_its_last_version(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "pages"
    folder.mkdir()
    (folder / "a.md").write_text("# Walrus\n\nFeed it.")
    with capture_logs() as logs:
        async with watching(tmp_path / "data", folder) as http:
            await becomes(in_step(http, "a.md"))
            (folder / "a.md").write_text("---\n{a: [\n---\n# Walrus")
            for number in range(3):  # as many looks at least
                (folder / f"{number}.md").write_text(f"# Page {number}")
                await becomes(says(http, f"{number}.md", f"Page {number}"))
            assert "Feed it" in (await http.get(f"{DOCUMENTS}/pages/a.md")).json()["text"]
    [told] = [one for one in logs if one["event"] == "page_skipped"]
    assert (told["doc"], "not YAML" in told["reason"]) == ("pages/a.md", True)
