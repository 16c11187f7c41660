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
            "reason": reason,
            "details": details or {},
            "code": code,
        }


def not_found(kind: Kind, name: str) -> Refusal:
    return Refusal(404, "NotFound", f'{kind.key} "{name}" not found', details(kind, name))


def no_such_resource() -> Refusal:
    return Refusal(404, "NotFound", "the server could not find the requested resource")


def bad_request(message: str) -> Refusal:
    return Refusal(400, "BadRequest", message)


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


def method_not_allowed() -> Refusal:
    message = "the server does not allow this method on the requested resource"
    return Refusal(405, "MethodNotAllowed", message)


def unsupported_media_type(accepted: tuple[str, ...]) -> Refusal:
    message = (
        "the body of the request was in an unknown format - "
        f"accepted media types include: {', '.join(accepted)}"
    )
    return Refusal(415, "UnsupportedMediaType", message)


def expired(message: str) -> Refusal:
    return Refusal(410, "Expired", message)


def invalid(kind: Kind, name: str, causes: list[Json]) -> Refusal:
    """`causes` as `{"reason", "field", "message"}`, the message without its field."""
    told = [f"{cause['field']}: {cause['message']}" for cause in causes]
    why = told[0] if len(told) == 1 else f"[{', '.join(told)}]"
    kind_name = f"{kind.kind}.{kind.group}" if kind.group else kind.kind
    about: Json = {**details(kind, name), "kind": kind.kind, "causes": causes}
    return Refusal(422, "Invalid", f'{kind_name} "{name}" is invalid: {why}', about)


def details(kind: Kind, name: str = "") -> Json:
    about = {"name": name, "group": kind.group, "kind": kind.plural}
    return {key: value for key, value in about.items() if value}
