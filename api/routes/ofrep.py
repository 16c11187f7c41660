"""Flags as OpenFeature's clients ask for them: the remote evaluation protocol, OFREP.

After the OpenFeature Remote Evaluation Protocol (open-feature/protocol, `service/openapi.yaml`). A client
is given the address of Midwatch with `/api` behind it, and a token.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Header, Path, Request
from fastapi.responses import Response
from pydantic import BaseModel, ConfigDict, Field

from api.dependencies import CallerTools, takes
from api.problems import language_of
from api.sentences import SENTENCES
from core.errors import NotFound
from core.principal import Permission

router = APIRouter(prefix="/api/ofrep/v1/evaluate/flags", tags=["alerts"])

READ = [takes(Permission.ALERTS_READ)]


class Failure(BaseModel):
    """What the protocol has in place of a problem document."""

    key: str = Field(default="", description="The flag; left out where all are asked for.")
    errorCode: str  # noqa: N815 - the protocol's name
    errorDetails: str  # noqa: N815 - the protocol's name

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "key": "grouping",
                    "errorCode": "TARGETING_KEY_MISSING",
                    "errorDetails": "The context has no targetingKey.",
                }
            ]
        }
    )


NOBODY: dict[int | str, dict[str, Any]] = {
    400: {"model": Failure, "description": "The context has no targetingKey."}
}
UNKNOWN: dict[int | str, dict[str, Any]] = {
    404: {"model": Failure, "description": "There is no such flag."}
}
KNOWN: dict[int | str, dict[str, Any]] = {304: {"description": "The client has these already."}}


class Context(BaseModel):
    """`targetingKey` names whom it is for; all else that is said of them may be matched as labels."""

    model_config = ConfigDict(extra="allow")

    targeting_key: str = Field(default="", alias="targetingKey", max_length=500)

    @property
    def labels(self) -> dict[str, str]:
        told = self.model_extra or {}
        return {
            name: str(value).lower() if isinstance(value, bool) else str(value)
            for name, value in told.items()
            if isinstance(value, str | int | float)
        }


class Asked(BaseModel):
    """Fields that a later protocol adds are let through."""

    context: Context = Context()


@router.post("/{key}", operation_id="evaluateFlag", dependencies=READ, responses=NOBODY | UNKNOWN)
async def evaluate(
    key: Annotated[str, Path(max_length=100)], body: Asked, tools: CallerTools, request: Request
) -> Response:
    """What one flag is in this context, as OFREP has it."""
    if not body.context.targeting_key:
        return _answer({"key": key, **_nobody(request)}, 400)
    try:
        return _answer(_told((await _evaluated(tools, body.context, key))[0]))
    except NotFound as error:
        told = error.told(language_of(request))
        return _answer({"key": key, "errorCode": "FLAG_NOT_FOUND", "errorDetails": told}, 404)


@router.post("", operation_id="evaluateFlags", dependencies=READ, responses=NOBODY | KNOWN)
async def evaluate_all(
    body: Asked,
    tools: CallerTools,
    request: Request,
    if_none_match: Annotated[str, Header(max_length=200)] = "",
) -> Response:
    """What every flag is in this context; 304 when that is what the client has."""
    if not body.context.targeting_key:
        return _answer(_nobody(request), 400)
    found = [_told(one) for one in await _evaluated(tools, body.context, "")]
    tag = f'"{hashlib.sha256(orjson.dumps(found)).hexdigest()[:32]}"'
    if if_none_match == tag:
        return Response(status_code=304, headers={"ETag": tag})
    return _answer({"flags": found}, headers={"ETag": tag})


def _nobody(request: Request) -> dict[str, str]:
    told = SENTENCES.said("no_targeting_key").told(language_of(request))
    return {"errorCode": "TARGETING_KEY_MISSING", "errorDetails": told}


async def _evaluated(tools: CallerTools, context: Context, name: str) -> list[dict[str, Any]]:
    asked = {"name": name, "key": context.targeting_key, "labels": context.labels}
    return (await tools.call("alerting_evaluate_flags", **asked)).data["rows"]


def _told(one: Mapping[str, Any]) -> dict[str, Any]:
    told = {"key": one["name"], "value": one["state"], "variant": one["state"]}
    return {**told, "reason": one["reason"], "metadata": {"why": one["why"]}}


def _answer(
    body: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(
        orjson.dumps(body), status_code=status, media_type="application/json", headers=headers
    )
