"""How Alertmanager says no: a bare sentence, or the code and message of its request checker."""

from typing import Any

import orjson
from starlette.responses import Response

# Codes of the checker that stands before Alertmanager's own code (go-openapi).
MALFORMED, WRONG_TYPE, REQUIRED, TOO_FEW = 400, 601, 602, 612
_CHECKER_STATUS = {MALFORMED: 400, 415: 415}


class Refused(Exception):
    """Ends a request with the answer that it carries."""

    def __init__(self, status: int, body: Any) -> None:
        super().__init__(status, body)
        self.status = status
        self.body = body


def sentence(text: str, status: int = 400) -> Refused:
    return Refused(status, text)


def unchecked(code: int, message: str) -> Refused:
    """The request did not pass the checker."""
    return Refused(_CHECKER_STATUS.get(code, 422), {"code": code, "message": message})


def json_answer(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, media_type="application/json")
