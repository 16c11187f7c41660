"""The truth of a case, and the registry of all cases with the split each belongs to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from tools.cases.world import Json, World

Told = Callable[[World], None]


@dataclass(frozen=True)
class Case:
    name: str
    told: Told
    held_out: bool


CASES: list[Case] = []


def case(name: str, *, fault: int) -> Callable[[Told], Told]:
    """Register a case of the fault class of that number.

    The split was chosen by number before any case was run: every third class is held out,
    its healthy twin with it.
    """

    def register(told: Told) -> Told:
        CASES.append(Case(name, told, held_out=fault % 3 == 0))
        return told

    return register


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
