"""A started service and a real browser."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = "/usr/bin/chromium"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
# The first question loads what it needs, and two browsers may share two busy cores.
expect.set_options(timeout=30_000)
LINK = re.compile(r"http://127\.0\.0\.1:\d+/login\?token=\S+")


class Service:
    """`midwatch up` as a person starts it, on a free port, with a home of its own."""

    def __init__(self, home: Path, *arguments: str, **environment: str) -> None:
        self.output = home / "output.txt"
        with self.output.open("w") as output:
            self.process = subprocess.Popen(
                [str(Path(sys.executable).with_name("midwatch")), "up", "--port", "0", *arguments],
                cwd=home,
                env={
                    "HOME": str(home),
                    "PATH": os.environ["PATH"],
                    "PYTHONPATH": str(ROOT),
                    "MIDWATCH_DATA_DIR": str(home / "data"),
                    **environment,
                },
                stdout=output,
                stderr=subprocess.STDOUT,
            )
        self.link = self._link()

    @property
    def address(self) -> str:
        return self.link.split("/login")[0]

    def _link(self) -> str:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            if found := LINK.search(self.output.read_text()):
                return found.group()
            if self.process.poll() is not None:
                break
            time.sleep(0.05)
        raise AssertionError(f"midwatch up printed no link:\n{self.output.read_text()}")

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(timeout=120)


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    started = Service(tmp_path)
    yield started
    started.stop()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@contextmanager
def watched(
    context: BrowserContext, service: Service, expected: str = "nothing"
) -> Generator[Page]:
    """A page of `context`; fails on script errors, policy violations, foreign hosts.

    A complaint that contains `expected` is what the test provokes.
    """
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda line: complaints.append(line.text) if line.type == "error" else None)
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((service.address, "data:"))
            else complaints.append(f"foreign host: {request.url}")
        ),
    )
    yield page
    context.close()
    assert [one for one in complaints if expected not in one] == []


@contextmanager
def signed_in(
    browser: Browser,
    service: Service,
    *,
    locale: str = "en-US",
    expected: str = "nothing",
    **options: object,
) -> Generator[Page]:
    """A watched page behind the one-time link."""
    context: BrowserContext = browser.new_context(locale=locale, **options)  # pyright: ignore[reportArgumentType]
    with watched(context, service, expected) as page:
        page.goto(service.link)
        page.wait_for_selector("#question")
        yield page
