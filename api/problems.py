"""Failures as RFC 9457 problem documents: the one table from error code to HTTP status."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection

from api import faults as fault_sentences
from api.sentences import SENTENCES
from core.errors import OpsError
from core.redaction import redact_fields

MEDIA_TYPE = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """How a code is shown: its HTTP status, and a short title in both languages."""

    status: int
    en: str
    zh: str


KINDS: Mapping[str, Kind] = {
    "unauthenticated": Kind(401, "Sign in first", "请先登录"),
    "forbidden": Kind(403, "Not permitted", "没有权限"),
    "not_found": Kind(404, "Not found", "未找到"),
    "method_not_allowed": Kind(405, "Method not allowed", "不支持的请求方法"),
    "too_slow": Kind(408, "Too slow", "请求过慢"),
    "conflict": Kind(409, "Conflict", "状态冲突"),
    "stale": Kind(412, "Changed meanwhile", "已被修改"),
    "too_large": Kind(413, "Too large", "内容过大"),
    "invalid": Kind(422, "Invalid input", "输入无效"),
    "too_many": Kind(429, "Too many requests", "请求过于频繁"),
    "error": Kind(500, "The request failed", "请求失败"),
    "internal": Kind(500, "Internal error", "内部错误"),
    "interrupted": Kind(503, "Interrupted", "已中断"),
    "upstream_unavailable": Kind(503, "A system did not answer", "依赖的系统没有响应"),
}
CODE_OF_STATUS: Mapping[int, str] = {
    **{kind.status: code for code, kind in KINDS.items() if code != "error"},
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:midwatch:problem:not_found"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string", "description": "What happened, and what to do."},
        "instance": {"type": "string"},
        "code": {"type": "string", "description": "Stable; decide by it."},
        "reason": {"type": "string", "description": "Finer than the code, where there is one."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"pointer": {"type": "string"}, "detail": {"type": "string"}},
            },
        },
    },
}


def problem(
    code: str,
    detail: str,
    request: Request,
    *,
    status: int = 0,
    errors: list[dict[str, str]] | None = None,
    headers: Mapping[str, str] | None = None,
    reason: str = "",
    beside: Mapping[str, Any] | None = None,
) -> Response:
    """One problem document, without secrets: it may quote what was sent, or what a system said.

    `status` overrides the table for what the framework itself refused. `beside` are members that the clients of one door look for.
    """
    kind = KINDS.get(code, KINDS["error"])
    body: dict[str, Any] = {
        "type": f"urn:midwatch:problem:{code}",
        "title": kind.zh if _reads_chinese(request) else kind.en,
        "status": status or kind.status,
        "detail": detail,
        "instance": request.url.path,
        "code": code,
        "request_id": getattr(request.state, "request_id", ""),
        **(beside or {}),
    }
    if errors:
        body["errors"] = errors
    if reason:
        body["reason"] = reason
    return Response(
        orjson.dumps(redact_fields(body)),
        status_code=body["status"],
        media_type=MEDIA_TYPE,
        headers={**_headers(body["status"], request), **(headers or {})},
    )


def documented() -> list[tuple[int, str]]:
    """The statuses that any route may answer with, and their titles."""
    titles = {kind.status: kind.en for code, kind in KINDS.items() if code != "error"}
    return sorted((status, title) for status, title in titles.items() if status != 405)


def install(app: FastAPI) -> None:
    """Make every failure of `app`, the framework's own included, a problem document."""
    app.add_exception_handler(OpsError, _of_ops_error)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(Exception, _of_bug)


async def _of_ops_error(request: Request, error: Exception) -> Response:
    told = cast("OpsError", error)
    return problem(told.code, told.told(language_of(request)), request, reason=told.reason)


async def _of_validation(request: Request, error: Exception) -> Response:
    return invalid(cast("RequestValidationError", error), request)


def invalid(
    error: RequestValidationError, request: Request, *, beside: Mapping[str, Any] | None = None
) -> Response:
    """What is wrong with the input, each fault with its place."""
    errors = faults(error, request)
    detail = summary(errors, language_of(request))
    return problem("invalid", detail, request, errors=errors, beside=beside)


def faults(error: RequestValidationError, request: Request) -> list[dict[str, str]]:
    return [
        {"pointer": _pointer(fault["loc"]), "detail": _fault(fault, request)}
        for fault in error.errors()
    ]


def summary(errors: Sequence[Mapping[str, str]], language: str) -> str:
    # No colon: behind "password:" stands what redaction takes for a password.
    between, after = ("；", " ") if language == "zh" else ("; ", " – ")
    return between.join(f"{entry['pointer']}{after}{entry['detail']}" for entry in errors)


def _fault(fault: Mapping[str, Any], request: Request) -> str:
    """What is wrong with the input; for a body that could not be read at all, how to send it."""
    if fault["type"] == "json_invalid":
        return _in(request, "no_json", error=str(fault["ctx"]["error"]))
    media = request.headers.get("content-type", "").partition(";")[0]
    if tuple(fault["loc"]) == ("body",) and media != "application/json":
        return _in(request, "send_json")
    return fault_sentences.said(fault, request).told(language_of(request))


def _in(request: Request, key: str, **facts: str) -> str:
    return SENTENCES.said(key, **facts).told(language_of(request))


def _unreadable(request: Request) -> str:
    if request.headers.get("content-type", "").startswith("application/json"):
        return _in(request, "no_json_text")
    return _in(request, "send_json")


async def _of_http(request: Request, error: Exception) -> Response:
    refused = cast("HTTPException", error)
    status, detail = refused.status_code, str(refused.detail)
    if status == 404:
        detail = _in(request, "nothing_here", path=request.url.path)
    if status == 400:  # of the framework: a body that could not be decoded
        status, detail = 422, _unreadable(request)
    if status == 405:
        facts = {"method": request.method, "path": request.url.path}
        detail = _in(request, "not_this_method", **facts)
    code = CODE_OF_STATUS.get(status, "error")
    return problem(code, detail, request, status=status, headers=refused.headers)


async def _of_bug(request: Request, _error: Exception) -> Response:
    return problem("internal", _in(request, "bug"), request)


def _pointer(location: tuple[int | str, ...]) -> str:
    """`("body", "question")` → `body/question`; names are what the caller wrote."""
    return "/".join(str(part) for part in location)


def _headers(status: int, request: Request) -> dict[str, str]:
    if status == 401:
        told = getattr(request.app.state, "resource_metadata", None)
        more = f', resource_metadata="{told(request)}"' if told else ""
        return {"WWW-Authenticate": f'Bearer realm="midwatch"{more}'}
    return {"Retry-After": "5"} if status == 503 else {}


def language_of(request: HTTPConnection) -> Literal["en", "zh"]:
    """What the reader asked for first."""
    return "zh" if _reads_chinese(request) else "en"


def _reads_chinese(request: HTTPConnection) -> bool:
    return request.headers.get("accept-language", "").lower().startswith("zh")
