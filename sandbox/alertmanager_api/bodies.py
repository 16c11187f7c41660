"""What clients post, checked in Alertmanager's order and refused in its words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlsplit

import orjson
from starlette.requests import Request

from sandbox.alertmanager_api import times
from sandbox.alertmanager_api.alerts import RESOLVE_TIMEOUT, Alert
from sandbox.alertmanager_api.matching import Matcher, is_label
from sandbox.alertmanager_api.refusals import (
    MALFORMED,
    REQUIRED,
    TOO_FEW,
    WRONG_TYPE,
    Refused,
    sentence,
    unchecked,
)
from sandbox.alertmanager_api.silences import Silence, matcher_of

Json = Mapping[str, Any]


async def read(request: Request, what: str, kind: type) -> Any:
    """The JSON of a request. Raises `Refused`."""
    body = await request.body()
    media_type = request.headers.get("content-type", "").partition(";")[0].strip()
    if not body:
        raise unchecked(REQUIRED, f"{what} in body is required")
    if media_type != "application/json":
        message = f'unsupported media type "{media_type}", only [application/json] are allowed'
        raise unchecked(415, message)
    try:
        found: Any = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _malformed(what, str(error)) from error
    if not isinstance(found, kind):
        raise _malformed(what, f"json: cannot unmarshal into {kind.__name__}")
    return found


def read_alert(raw: Any, place: int, now: datetime) -> Alert:
    """One posted alert, still to be `checked`. Raises `Refused`."""
    if not isinstance(raw, dict):
        raise _malformed("alerts", "json: cannot unmarshal into an alert")
    given = cast("dict[str, Any]", raw)
    if given.get("labels") is None:
        raise unchecked(REQUIRED, f"{place}.labels in body is required")
    labels = _texts("alerts", given["labels"])
    url = str(given.get("generatorURL") or "")
    if url and not urlsplit(url).scheme and not url.startswith("/"):
        message = f'{place}.generatorURL in body must be of type uri: "{url}"'
        raise unchecked(WRONG_TYPE, message)
    starts_at = times.required("alerts", given.get("startsAt"))
    ends_at = times.required("alerts", given.get("endsAt"))
    return Alert(
        labels={name: value for name, value in labels.items() if value},
        annotations=_texts("alerts", given.get("annotations") or {}),
        starts_at=starts_at or ends_at or now,
        ends_at=ends_at or now + RESOLVE_TIMEOUT,
        updated_at=now,
        generator_url=url,
        timed_out=ends_at is None,
    )


def flaw(alert: Alert) -> str:
    """Why an alert cannot be taken, or nothing."""
    if not alert.labels:
        return "at least one label pair required"
    for kind, names in (("label", alert.labels), ("annotation", alert.annotations)):
        for name in names:
            if not is_label(name):
                return f'invalid {kind} set: invalid name "{name}"'
    if alert.ends_at < alert.starts_at:
        return "start time must be before end time"
    return ""


def read_silence(given: Json, now: datetime) -> Silence:
    """A posted silence. Raises `Refused`."""
    starts_at = times.required("silence", given.get("startsAt"))
    ends_at = times.required("silence", given.get("endsAt"))
    for name in ("comment", "createdBy", "endsAt", "matchers", "startsAt"):
        if given.get(name) is None:
            raise unchecked(REQUIRED, f"{name} in body is required")
    matchers = _matchers(given["matchers"])
    if starts_at is None or ends_at is None or starts_at >= ends_at:
        raise sentence("Failed to create silence: start time must be before end time")
    if ends_at < now:
        raise sentence("Failed to create silence: end time can't be in the past")
    return Silence(
        id=str(given.get("id") or ""),
        matchers=matchers,
        starts_at=starts_at,
        ends_at=ends_at,
        updated_at=now,
        created_by=str(given["createdBy"]),
        comment=str(given["comment"]),
    )


def _matchers(raw: Any) -> tuple[Matcher, ...]:
    if not isinstance(raw, list):
        raise _malformed("silence", "json: cannot unmarshal into matchers")
    given = cast("list[Json]", raw)
    if not given:
        raise unchecked(TOO_FEW, "matchers in body should have at least 1 items")
    for place, one in enumerate(given):
        for name in ("isRegex", "name", "value"):
            if one.get(name) is None:
                raise unchecked(REQUIRED, f"matchers.{place}.{name} in body is required")
    found = tuple(matcher_of(one) for one in given)
    for place, matcher in enumerate(found):
        _check(place, matcher)
    if all(matcher.is_equal and matcher.matches({}) for matcher in found):
        raise sentence("silence invalid: at least one matcher must not match the empty string")
    return found


def _check(place: int, matcher: Matcher) -> None:
    told = f"silence invalid: invalid label matcher {place}"
    if not is_label(matcher.name):
        raise sentence(f'{told}: invalid label name "{matcher.name}"')
    why = matcher.flaw()
    if why:
        value = matcher.value
        raise sentence(f'{told}: invalid regular expression "{value}": {why}: `{value}`')


def _texts(what: str, raw: Any) -> dict[str, str]:
    given = cast("dict[str, Any]", raw) if isinstance(raw, dict) else {"": None}
    texts = {name: value for name, value in given.items() if isinstance(value, str)}
    if len(texts) < len(given):
        raise _malformed(what, "json: cannot unmarshal into labels of type string")
    return texts


def _malformed(what: str, why: str) -> Refused:
    return unchecked(MALFORMED, f'parsing {what} body from "" failed, because {why}')
