"""Deterministic graders: an answer against a truth, each failing for a reason that can be read."""

import re
from collections.abc import Iterator
from typing import Any

from evals.truth import Named, Truth

Json = dict[str, Any]


def named(resource: Json) -> Named:
    return str(resource["kind"]), str(resource.get("namespace") or ""), str(resource["name"])


def hit(truth: Truth, cause: Json) -> bool:
    """Whether a root cause of the answer is one the truth accepts."""
    resource = named(cause["resource"])
    return any(one.takes(cause["rule"], resource) for one in truth.said.root_causes)


def grade_investigation(truth: Truth, answer: Json) -> Iterator[str]:
    """Why an `investigate` answer is not right; nothing when it is."""
    causes: list[Json] = answer["root_causes"]
    if answer["verdict"] != truth.said.verdict:
        yield f"verdict {answer['verdict']}, expected {truth.said.verdict}"
    if truth.said.root_causes and not (causes and hit(truth, causes[0])):
        found = [f"{one['rule']} {'/'.join(named(one['resource']))}" for one in causes[:3]]
        yield f"first root cause is not accepted: {found}"
    if truth.said.verdict == "healthy" and causes:
        yield f"a healthy cluster was blamed: {causes[0]['rule']}"
    spared = {one.key for one in truth.said.must_not_blame}
    for cause in causes:
        if named(cause["resource"]) in spared:
            yield f"blamed {'/'.join(named(cause['resource']))} by {cause['rule']}"
    yield from _fix_is_right(truth, causes)


def _fix_is_right(truth: Truth, causes: list[Json]) -> Iterator[str]:
    recommended: list[Json] = causes[0]["recommendations"] if causes else []
    offered = [one["fix"] for one in recommended]
    if truth.fix not in ("", "none") and truth.fix not in offered:
        yield f"fix {truth.fix} was not offered: {offered}"


def grade_text(truth: Truth, text: str) -> Iterator[str]:
    """What an answer must state, and what it must not."""
    for fact in map(str, truth.said.must_mention):
        if fact.casefold() not in text.casefold():
            yield f"does not mention {fact!r}"
    for claim in truth.said.must_not_say:
        if claim.casefold() in text.casefold():
            yield f"says {claim!r}"


def grade_citations(answer: Json) -> Iterator[str]:
    """Every number in the answer stands for a citation, and something is cited."""
    known = {one["n"] for one in answer["citations"]}
    used = {int(n) for n in re.findall(r"\[(\d+)\]", answer["answer"])}
    if used - known:
        yield f"numbers without a citation: {sorted(used - known)}"
    if not used:
        yield "nothing is cited"
