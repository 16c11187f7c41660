"""The truth of a case, as its truth.yaml says it."""

from typing import Any

from evals.clusters.world import Json, World


def ref(one: Json) -> Json:
    metadata = one["metadata"]
    told = {"kind": one["kind"], "name": metadata["name"]}
    return {**told, "namespace": metadata["namespace"]} if metadata.get("namespace") else told


def root(rules: str, *resources: Json) -> Json:
    """Accepted: any of the space-separated rules on any of the resources."""
    return {"rules": rules.split(), "resources": [ref(one) for one in resources]}


def truth(
    world: World,
    *,
    en: list[str],
    zh: list[str],
    roots: list[Json],
    namespace: str = "",
    mention: tuple[Any, ...] = (),
    spare: tuple[Json, ...] = (),
    fix: tuple[str, Json] | str | None = None,
    verdict: str = "",
    **more: Any,
) -> None:
    """Write the truth down. `more`: must_not_say, symptoms_ok, must_cite as they are."""
    told: Json = {
        "question": [one for pair in zip(en, zh, strict=False) for one in pair]
        + en[len(zh) :]
        + zh[len(en) :],
        "scope": {"namespace": namespace} if namespace else {},
        "root_causes": roots,
        "must_mention": list(mention),
        "must_not_blame": [ref(one) for one in spare],
        "verdict": verdict or ("found" if roots else "healthy"),
        **more,
    }
    if isinstance(fix, tuple):
        told["fix"] = {"id": fix[0], "resource": ref(fix[1])}
    elif fix:
        told["fix"] = fix
    world.truth = told
