"""One request as the API server understands it: who, which verb, on what."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import orjson

from sandbox.kubernetes_api.protobuf import MEDIA_TYPE, from_protobuf
from sandbox.kubernetes_api.statuses import (
    Refusal,
    bad_request,
    internal,
    unsupported_media_type,
)

Json = dict[str, Any]

APPLY_PATCH = "application/apply-patch+yaml"
JSON_PATCH = "application/json-patch+json"
MERGE_PATCH = "application/merge-patch+json"
STRATEGIC_PATCH = "application/strategic-merge-patch+json"

_MAX_MANAGER_LENGTH = 128
_BAD_REQUEST = 400
_OF_A_NAMESPACE = frozenset({"status", "finalize"})
_YES = frozenset({"1", "t", "true", "T", "TRUE", "True"})


@dataclass(frozen=True, slots=True)
class Caller:
    """The user a request acts as."""

    user: str
    groups: tuple[str, ...] = ()
    uid: str = ""
    extra: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])


@dataclass(frozen=True, slots=True)
class Target:
    """What a path names. All but `group` and `version` may be empty."""

    group: str
    version: str
    plural: str = ""
    namespace: str = ""
    name: str = ""
    subresource: str = ""
    watch: bool = False


@dataclass(frozen=True, slots=True)
class Call:
    """A request whose path names a resource."""

    caller: Caller
    method: str
    target: Target
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def verb(self) -> str:
        """The verb that access rules speak of."""
        if self.method in {"GET", "HEAD"}:
            if self.target.watch or self.flag("watch"):
                return "watch"
            return "get" if self.target.name else "list"
        if self.method == "DELETE":
            return "delete" if self.target.name else "deletecollection"
        return {"POST": "create", "PUT": "update", "PATCH": "patch"}.get(self.method, "")

    @property
    def dry_run(self) -> bool:
        return self.query.get("dryRun", "") == "All"

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def applies(self) -> bool:
        """Server-side apply, which records by itself who owns what."""
        return self.verb == "patch" and self.media_type == APPLY_PATCH

    @property
    def manager(self) -> str:
        """Under whose name a write is recorded: as told, or as the client calls itself."""
        program = self.headers.get("user-agent", "").partition("/")[0]
        return self.query.get("fieldManager", "") or program[:_MAX_MANAGER_LENGTH] or "unknown"

    def flag(self, name: str) -> bool:
        return self.query.get(name, "") in _YES

    def number(self, name: str) -> int | None:
        """A whole number of the query, None when absent. Refused when it is no number."""
        text = self.query.get(name, "")
        if not text:
            return None
        try:
            return int(text)
        except ValueError:
            raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax') from None

    def version(self) -> int:
        """The resourceVersion asked for, 0 for none. What is no number is the server's own fault."""
        text = self.query.get("resourceVersion", "") or "0"
        if not text.isdecimal():
            raise internal(
                f'resourceVersion: Invalid value: "{text}": '
                f'strconv.ParseUint: parsing "{text}": invalid syntax'
            )
        return int(text)

    def content(self) -> Any:
        """The body as one value, from JSON, YAML or protobuf."""
        kind = self.headers.get("content-type", "application/json").partition(";")[0].strip()
        if kind == MEDIA_TYPE:
            return from_protobuf(self.body)
        if kind not in {"application/json", "application/yaml", ""}:
            raise unsupported_media_type(("application/json", "application/yaml", MEDIA_TYPE))
        return parsed(self.body, yaml_too=kind == "application/yaml")

    def delete_options(self) -> Any:
        """The body of a DELETE. One that cannot be read is taken for a fault of the server's."""
        try:
            return self.content()
        except Refusal as refusal:
            if refusal.code != _BAD_REQUEST:
                raise
            raise internal(f"couldn't get version/kind; json parse error: {refusal}") from None


def parsed(body: bytes, *, yaml_too: bool) -> Any:
    """The one value of a body; yes to YAML includes JSON."""
    try:
        return orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        if not yaml_too:
            raise bad_request(f"invalid character: {error.msg}") from None
    return _parsed_yaml(body)


def _parsed_yaml(body: bytes) -> Any:
    import yaml

    try:
        return yaml.load(body, Loader=yaml.CSafeLoader)
    except yaml.YAMLError as error:
        raise bad_request(f"error converting YAML to JSON: {error}") from None


def target_of(path: str) -> Target | None:
    """What `/api/v1/…` or `/apis/<group>/<version>/…` names; None for any other path."""
    root, *parts = [part for part in path.split("/") if part]
    if root == "apis" and len(parts) > 2:
        group, version, *parts = parts
    elif root == "api" and len(parts) > 1:
        group, (version, *parts) = "", parts
    else:
        return None
    watch = parts[0] == "watch" and len(parts) > 1
    parts = parts[1:] if watch else parts
    namespace = ""
    if parts[0] == "namespaces" and len(parts) > 2 and parts[2] not in _OF_A_NAMESPACE:
        _, namespace, *parts = parts
    plural, name, *rest = [*parts, ""] if len(parts) == 1 else parts
    return Target(group, version, plural, namespace, name, "/".join(rest), watch)
