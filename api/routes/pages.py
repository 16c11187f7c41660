"""The chat page: static files under a strict content security policy."""

import base64
import hashlib
import re
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Match, Mount, Route
from starlette.staticfiles import StaticFiles
from starlette.types import Receive, Scope, Send

WEB = Path(__file__).parent.parent / "web"

INLINE_SCRIPT = re.compile(r"<script(?![^>]*\ssrc=)[^>]*>(.*?)</script>", re.DOTALL)
VENDORED = re.compile(r"(?<=vendor/)([\w.-]+\.m?js)(?=[\"'])")

DOORS = ("/api/", "/auth/", "/agui", "/langgraph/", "/v1/")

# A vendored file never changes under the address the page gives it.
IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


class Page:
    """`index.html`, with each vendored file's address carrying the hash of its content.

    Read once: the policy allows exactly the inline scripts (the import map) that are in it.
    """

    def __init__(self, folder: Path) -> None:
        self.html = VENDORED.sub(
            lambda found: f"{found[1]}?v={_version(folder / 'vendor' / found[1])}",
            (folder / "index.html").read_text(encoding="utf-8"),
        )
        hashes = " ".join(_allowed(script) for script in INLINE_SCRIPT.findall(self.html))
        self.policy = (
            f"default-src 'none'; script-src 'self' {hashes}; style-src 'self'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; "
            "object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = {"Content-Security-Policy": self.policy, "Cache-Control": REVALIDATE}
        await HTMLResponse(self.html, headers=headers)(scope, receive, send)


class Files(StaticFiles):
    """The page's own modules are asked for again each time; vendored ones never."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.endswith(".html") or path == ".":
            raise HTTPException(404)
        response = await super().get_response(path, scope)
        vendored = path.startswith("vendor/")
        response.headers["Cache-Control"] = IMMUTABLE if vendored else REVALIDATE
        response.headers["Content-Security-Policy"] = "default-src 'none'"
        return response


class Beside(Mount):
    """Files of the page. Below a door there are none: there the door says what it has."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        if str(scope["path"]).startswith(DOORS):
            return Match.NONE, {}
        return super().matches(scope)


def page_routes(folder: Path = WEB) -> list[BaseRoute]:
    """`/` is the page; every other address that no route took may be one of its files."""
    if not (folder / "index.html").is_file():
        return []
    return [
        Route("/", Page(folder), methods=["GET"], name="page"),
        Beside("/", Files(directory=folder), name="web"),
    ]


def _version(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()[:12] if file.is_file() else "0"


def _allowed(script: str) -> str:
    digest = hashlib.sha256(script.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
