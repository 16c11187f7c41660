"""Reviews: may I, may they, what may I, and who am I."""

from typing import Any

from sandbox.kubernetes_api.access import Access, Wish
from sandbox.kubernetes_api.calls import Call, Caller
from sandbox.kubernetes_api.decoding import decoded
from sandbox.kubernetes_api.fields import at, section, texts
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.statuses import bad_request

Json = dict[str, Any]

_DISCOVERY = ("/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*")
_HEALTH = ("/healthz", "/livez", "/readyz", "/version", "/version/")
_EVERYTHING: tuple[Json, ...] = (
    {"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]},
    {"verbs": ["*"], "nonResourceURLs": ["*"]},
)
_BASIC: tuple[Json, ...] = (
    {
        "verbs": ["create"],
        "apiGroups": ["authorization.k8s.io"],
        "resources": ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
    },
    {
        "verbs": ["create"],
        "apiGroups": ["authentication.k8s.io"],
        "resources": ["selfsubjectreviews"],
    },
    {"verbs": ["get"], "nonResourceURLs": [*_DISCOVERY, *_HEALTH]},
    {"verbs": ["get"], "nonResourceURLs": list(_HEALTH)},
)


def review(access: Access, call: Call, kind: Kind) -> Json:
    """The answered review: what was sent, with its status."""
    asked = decoded(call.content(), kind)
    body: Json = {**asked, "apiVersion": kind.group_version, "kind": kind.kind}
    match kind.kind:
        case "SelfSubjectReview":
            body["status"] = {"userInfo": _user_info(call.caller)}
        case "SelfSubjectRulesReview":
            body["status"] = _rules(access, call.caller, str(at(asked, "spec", "namespace") or ""))
        case "SelfSubjectAccessReview":
            body["status"] = _answer(access, call.caller, section(asked, "spec"))
        case _:
            body["status"] = _answer(access, _other(asked), section(asked, "spec"))
    return body


def _answer(access: Access, caller: Caller, spec: Json) -> Json:
    if path := section(spec, "nonResourceAttributes"):
        allowed = access.allows_path(caller, str(path.get("verb", "")), str(path.get("path", "")))
        return {"allowed": allowed}
    if "resourceAttributes" not in spec:
        raise bad_request(
            "spec.resourceAttributes: Invalid value: null: exactly one of "
            "nonResourceAttributes or resourceAttributes must be specified"
        )
    wanted = section(spec, "resourceAttributes")
    fields = ("verb", "group", "resource", "namespace", "name", "subresource")
    reason = access.allows(caller, Wish(*(str(wanted.get(field) or "") for field in fields)))
    return {"allowed": True, "reason": reason} if reason else {"allowed": False}


def _rules(access: Access, caller: Caller, namespace: str) -> Json:
    master = "system:masters" in caller.groups
    bound = [rule for _, rule in access.rules(caller, namespace)]
    found = [*(_EVERYTHING if master else ()), *_BASIC, *bound]
    return {
        "resourceRules": [rule for rule in found if "nonResourceURLs" not in rule],
        "nonResourceRules": [rule for rule in found if "nonResourceURLs" in rule],
        "incomplete": False,
    }


def _other(asked: Json) -> Caller:
    return Caller(str(at(asked, "spec", "user") or ""), tuple(texts(asked, "spec", "groups")))


def _user_info(caller: Caller) -> Json:
    told: Json = {"username": caller.user, "groups": list(caller.groups)}
    if caller.uid:
        told["uid"] = caller.uid
    if caller.extra:
        told["extra"] = {name: list(values) for name, values in caller.extra.items()}
    return told
