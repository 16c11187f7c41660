"""What the API server answers when it cannot do as asked, in its own words."""

from typing import Any

from sandbox.kubernetes_api.kinds import Kind

Json = dict[str, Any]


class Refusal(Exception):
    """A request that fails: its HTTP code and the `Status` object that says why."""

    def __init__(self, code: int, reason: str, message: str, details: Json | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.status: Json = {
            "kind": "Status",
            "apiVersion": "v1",
            "metadata": {},
            "status": "Failure",
            "message": message,
            "details": details or {},
            "code": code,
        }
        if reason:
            self.status["reason"] = reason


def not_found(kind: Kind, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{kind.key} "{name}" not found', details(kind, name))


def no_such_resource() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


def internal(message: str) -> Refusal:
    """What the server takes for a fault of its own, also where it is the client's."""
    return Refusal(500, "", message)


def unauthorized() -> Refusal:
    return Refusal(401, "Unauthorized", "Unauthorized")


def already_exists(kind: Kind, name: str) -> Refusal:
    message = f'{kind.key} "{name}" already exists'
    return Refusal(409, "AlreadyExists", message, details(kind, name))


def conflict(kind: Kind, name: str, why: str = "") -> Refusal:
    why = why or (
        "the object has been modified; "
        "please apply your changes to the latest version and try again"
    )
    message = f'Operation cannot be fulfilled on {kind.key} "{name}": {why}'
    return Refusal(409, "Conflict", message, details(kind, name))


def denied(kind: Kind, one: Json, why: str) -> Refusal:
    """For an object that the caller may write, but not in this form."""
    name = one["metadata"]["name"]
    message = f'{kind.key} "{name}" is forbidden: {why}'
    return Refusal(403, "Forbidden", message, details(kind, name))


def method_not_allowed() -> Refusal:
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message)


def unsupported_media_type(accepted: tuple[str, ...]) -> Refusal:
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return Refusal(415, "UnsupportedMediaType", message)


def unsupported_patch() -> Refusal:
    return Refusal(415, "UnsupportedMediaType", "415: Unsupported Media Type")


def expired(message: str) -> Refusal:
    return Refusal(410, "Expired", message)


def too_large(asked: int, now: int) -> Refusal:
    """For a version that is not reached yet."""
    message = f"Timeout: Too large resource version: {asked}, current: {now}"
    cause = {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    return Refusal(504, "Timeout", message, {"causes": [cause], "retryAfterSeconds": 1})


def invalid(kind: Kind, name: str, causes: list[Json]) -> Refusal:
    """`causes` as `{"reason", "field", "message"}`, the message without its field."""
    about: Json = {**details(kind, name), "kind": kind.kind, "causes": causes}
    message = f'{group_kind(kind)} "{name}" is invalid: {_told(causes)}'
    return Refusal(422, "Invalid", message, about)


def invalid_options(name: str, causes: list[Json]) -> Refusal:
    """The same about how something is asked for: `CreateOptions`, `ListOptions`."""
    about: Json = {"group": "meta.k8s.io", "kind": name, "causes": causes}
    message = f'{name}.meta.k8s.io "" is invalid: {_told(causes)}'
    return Refusal(422, "Invalid", message, about)


def group_kind(kind: Kind) -> str:
    """`Deployment.apps`, as messages about the object itself write it."""
    return f"{kind.kind}.{kind.group}" if kind.group else kind.kind


def details(kind: Kind, name: str = "") -> Json:
    about = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in about.items() if value}


def _told(causes: list[Json]) -> str:
    told = [f"{cause['field']}: {cause['message']}" for cause in causes]
    return told[0] if len(told) == 1 else f"[{', '.join(told)}]"
