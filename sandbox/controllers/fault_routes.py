"""`/sandbox/faults`: what is wrong on purpose, for the holder of the kubeconfig's token."""

import secrets
from typing import Any

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from core.errors import Invalid, OpsError, Unauthenticated
from sandbox.controllers.faults import KINDS, Fault, Faults

PATH = "/sandbox/faults"
_CODES = {"unauthenticated": 401, "not_found": 404, "invalid": 422}


def fault_routes(faults: Faults, token: str) -> list[BaseRoute]:
    """GET lists, POST injects, DELETE removes; each answers with what is injected then."""

    async def endpoint(request: Request) -> Response:
        try:
            _check_token(request, token)
            if request.method == "POST":
                faults.inject(_fault(await request.body()))
            elif request.method == "DELETE":
                faults.remove(_fault(await request.body()))
        except OpsError as error:
            body = {"code": error.code, "message": error.message, "hint": error.hint}
            return JSONResponse(body, _CODES.get(error.code, 400))
        return JSONResponse({"faults": faults.all(), "kinds": list(KINDS)})

    return [Route(PATH, endpoint, methods=["GET", "POST", "DELETE"])]


def _check_token(request: Request, token: str) -> None:
    """Unlike the Kubernetes API, which a pod may reach without: breaking things needs the token."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secrets.compare_digest(told.encode(), token.encode()):
        raise Unauthenticated("Faults are for the holder of this cluster's kubeconfig.")


def _fault(body: bytes) -> Fault:
    try:
        told: Any = orjson.loads(body)
        return Fault(str(told["fault"]), str(told["target"]), str(told.get("namespace") or ""))
    except (orjson.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise Invalid('A fault is {"fault": …, "target": …, "namespace": …}.') from error
