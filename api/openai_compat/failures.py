"""Failures that OpenAI's clients can read: the problem document, with their `error` in it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import APIRoute

from agent.intents import language_of as written_in
from api.problems import KINDS, faults, invalid, language_of, problem, summary
from api.sentences import SENTENCES
from core.errors import NotFound, OpsError
from core.redaction import redact_text

# What their libraries know by a name of its own.
CODES = {"unauthenticated": "invalid_api_key"}


class NoSuchModel(NotFound):
    """A model that is not served here."""


def no_such_model(model: str, served: str) -> NoSuchModel:
    return SENTENCES.error(NoSuchModel, "no_served_model", model=model, served=served)


class OpenAIRoute(APIRoute):
    """A route whose failures carry what clients of OpenAI's API raise from."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handler = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handler(request)
            except OpsError as error:
                told = error.told(language_of(request))
                return problem(
                    error.code, told, request, reason=error.reason, beside=failure(error, told)
                )
            except RequestValidationError as error:
                return invalid(error, request, beside=_invalid(error, request))

        return handled


def spoken(request: Request, question: str) -> str:
    """The language of a stream: what the reader asked for, else that of the question."""
    return language_of(request) if "accept-language" in request.headers else written_in(question)


def failure(error: OpsError, told: str = "") -> dict[str, Any]:
    """What a body or a stream says went wrong; `told` is it in the reader's language."""
    code = (
        "model_not_found" if isinstance(error, NoSuchModel) else CODES.get(error.code, error.code)
    )
    status = KINDS.get(error.code, KINDS["error"]).status
    return _shape(
        told or str(error), code, "server_error" if status >= 500 else "invalid_request_error"
    )


def _invalid(error: RequestValidationError, request: Request) -> dict[str, Any]:
    errors = faults(error, request)
    place = errors[0]["pointer"].removeprefix("body").strip("/").replace("/", ".")
    return _shape(summary(errors, language_of(request)), "invalid", "invalid_request_error", place)


def _shape(message: str, code: str, kind: str, place: str = "") -> dict[str, Any]:
    return {
        "error": {
            "message": redact_text(message),
            "type": kind,
            "code": code,
            "param": place or None,
        }
    }
