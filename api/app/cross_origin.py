"""Which pages of other origins may call `/langgraph`: those that the settings name, with a token, and nowhere else."""

from collections.abc import Sequence

from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

# What LangGraph's clients send, and what they read: the run that a stream is of.
SENT = ("Authorization", "Content-Type", "Last-Event-ID", "X-Api-Key", "X-Auth-Scheme")
READ = ("Content-Location", "Location", "Retry-After", "X-Request-Id")
BELOW = "/langgraph/"
METHODS = ("GET", "POST", "PATCH", "DELETE")


class CrossOrigin:
    """Answers browsers that ask for a page elsewhere, below `/langgraph` alone.

    Never with `Access-Control-Allow-Credentials`: the cookie of our own page opens nothing to others.
    """

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        self._app = app
        self._told = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=SENT,
            expose_headers=READ,
            allow_credentials=False,
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        below = scope["type"] == "http" and str(scope["path"]).startswith(BELOW)
        await (self._told if below else self._app)(scope, receive, send)
