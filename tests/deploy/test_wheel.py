"""The wheel in an empty environment: pages, practice clusters, runbooks and migrations are in it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from core.http import client
from tests.test_start import LINK, signed_in

pytestmark = pytest.mark.live

ROOT = Path(__file__).parent.parent.parent
# Of what a checkout has beside the sources, nothing goes into a build.
LEFT = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "cases", "node_modules")
PIP = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")


def run(*command: str | Path, cwd: Path) -> str:
    """What a program prints, which knows nothing of this checkout."""
    told = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    words = [str(word) for word in command]
    ran = subprocess.run(words, cwd=cwd, env=told, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`midwatch` as pip installs it, at the locked versions."""
    folder = tmp_path_factory.mktemp("wheel")
    shutil.copytree(ROOT, folder / "source", ignore=LEFT)
    run(*PIP, "wheel", "--no-deps", "--no-build-isolation", "-w", folder, "./source", cwd=folder)
    [wheel] = folder.glob("midwatch-*.whl")
    run(sys.executable, "-m", "venv", "venv", cwd=folder)
    install = (*PIP, "--python", "venv", "install")
    run(*install, "--require-hashes", "-r", ROOT / "requirements.lock", cwd=folder)
    run(*install, "--no-deps", wheel, cwd=folder)
    return folder / "venv" / "bin" / "midwatch"


@contextmanager
def started(program: Path, home: Path) -> Generator[str]:
    """Its login link."""
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(home)}
    process = subprocess.Popen(
        [program, "up", "--port", "0"], cwd=home, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            found = LINK.search(process.stdout.readline())
            assert found, process.communicate()[1]
            yield found[0]
        finally:
            process.terminate()


async def test_it_starts_shows_the_page_and_names_the_cause(program: Path, tmp_path: Path) -> None:
    with started(program, tmp_path) as link:
        address = link.partition("/login")[0]
        async with client(address, timeout_s=60) as http:
            await signed_in(http, link)
            page = await http.get("/")
            script = re.search(r'src="(/[^"]+\.mjs)', page.text)
            assert script, page.text
            assert (await http.get(script[1])).status_code == 200
            answer = await http.post("/api/v1/query", json={"question": "Why is checkout failing?"})
            assert "256Mi" in answer.json()["answer"]


def test_its_pages_and_practice_clusters_are_there(program: Path, tmp_path: Path) -> None:
    assert "shop" in run(program, "sandbox", "list", cwd=tmp_path)
    found = run(program, "kb", "search", "pod out of memory", cwd=tmp_path)
    assert "memory" in found.lower()


async def test_its_prompts_and_views_are_there(program: Path, tmp_path: Path) -> None:
    started_as = StdioServerParameters(
        command=str(program), args=["mcp", "--snapshot", "shop"], cwd=tmp_path,
        env={"PATH": "/usr/bin:/bin", "HOME": str(tmp_path)},
    )  # fmt: skip
    async with stdio_client(started_as) as streams, ClientSession(*streams) as session:
        await session.initialize()
        filled = await session.get_prompt("rca", {"workload": "checkout", "language": "zh"})
        view = await session.read_resource("ui://midwatch/graph.html")
    assert "checkout 为什么出错" in filled.model_dump_json()
    assert "ui/notifications/tool-result" in view.model_dump_json()
