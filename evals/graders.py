"""Deterministic graders: an answer against a truth, each failing for a reason that can be read."""

import re
from collections.abc import Iterator
from typing import Any, cast

from core.errors import OpsError
from evals.truth import Named, Truth

Json = dict[str, Any]


def named(resource: Json) -> Named:
    return str(resource["kind"]), str(resource.get("namespace") or ""), str(resource["name"])


def hit(truth: Truth, cause: Json) -> bool:
    """Whether a root cause of the answer is one the truth accepts."""
    resource = named(cause["resource"])
    return any(one.takes(cause["rule"], resource) for one in truth.said.root_causes)


def false_alarms(answer: Json) -> int:
    """How many causes an answer names where there is nothing wrong."""
    return len(answer["root_causes"])


def grade_investigation(truth: Truth, answer: Json) -> Iterator[str]:
    """Why an `investigate` answer is not right; nothing when it is."""
    causes: list[Json] = answer["root_causes"]
    if answer["verdict"] != truth.said.verdict:
        yield f"verdict {answer['verdict']}, expected {truth.said.verdict}"
    if truth.said.verdict == "healthy" and causes:
        yield f"a healthy cluster was blamed: {_told(causes[0])}"
    yield from _roots_are_right(truth, causes)
    spared = {one.key for one in truth.said.must_not_blame}
    for cause in causes:
        if named(cause["resource"]) in spared:
            yield f"blamed {_told(cause)}"
    yield from _fix_is_right(truth, causes)


def _roots_are_right(truth: Truth, causes: list[Json]) -> Iterator[str]:
    """The first cause is a root, every root is among the causes, no symptom stands above one."""
    wanted = truth.said.root_causes
    if wanted and not (causes and hit(truth, causes[0])):
        yield f"first root cause is not accepted: {[_told(one) for one in causes[:3]]}"
        return
    for one in wanted[1:] and wanted:
        if not any(one.takes(cause["rule"], named(cause["resource"])) for cause in causes):
            yield f"a second root is missing: {one.rules} of {[_told(cause) for cause in causes]}"
    for cause in causes:
        if wanted and cause["rule"] in truth.said.symptoms_ok and not hit(truth, cause):
            yield f"a symptom is called a root cause: {_told(cause)}"


def grade_evidence(truth: Truth, answer: Json) -> Iterator[str]:
    """Every root has evidence, and what must be cited stands in the evidence of a root."""
    causes: list[Json] = answer["root_causes"]
    for cause in causes:
        if not cause["evidence"]:
            yield f"no evidence for {_told(cause)}"
    told = [f"{one['ref']} {one['text']}" for cause in causes for one in cause["evidence"]]
    for line in truth.said.must_cite:
        if not any(line.casefold() in one.casefold() for one in told):
            yield f"does not cite {line!r}"


def grade_refusal(truth: Truth, error: OpsError | None) -> Iterator[str]:
    """Whether the question was refused as it should be, and the sentence helps."""
    if error is None:
        yield f"answered, where {truth.said.refusal} was right"
    elif error.code != truth.said.refusal:
        yield f"refused by {error.code}, expected {truth.said.refusal}: {error}"
    else:
        yield from grade_text(truth, str(error))


def grade_translation(answer: Json, translated: Json) -> Iterator[str]:
    """The same question in Chinese has the same verdict and the same causes."""
    for key, told in (("verdict", str), ("root_causes", _all_told)):
        if told(answer[key]) != told(translated[key]):
            yield f"Chinese differs in {key}: {told(translated[key])}"
    if translated["summary"] == answer["summary"]:
        yield "the summary is not translated"


def words_of(answer: Json) -> str:
    """All that an answer says, as a reader finds it."""
    return "\n".join(_words(answer))


def _words(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(cast(Json, value).values())
    if isinstance(value, list):
        for one in cast(list[Any], value):
            yield from _words(one)
    elif value is not None:
        yield str(value)


def _all_told(causes: list[Json]) -> str:
    return "; ".join(_told(one) for one in causes)


def _told(cause: Json) -> str:
    return f"{cause['rule']} {'/'.join(filter(None, named(cause['resource'])))}"


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


def grade_naming(truth: Truth, text: str) -> Iterator[str]:
    """Whether each root is named: its words say which object it is."""
    for one in truth.said.root_causes:
        names = [resource.name for resource in one.resources]
        if not any(name.casefold() in text.casefold() for name in names):
            yield f"names none of {names}"


def grade_citations(answer: Json) -> Iterator[str]:
    """Every number in the answer stands for a citation, and something is cited."""
    known = {one["n"] for one in answer["citations"]}
    used = {int(n) for n in re.findall(r"\[(\d+)\]", answer["answer"])}
    if used - known:
        yield f"numbers without a citation: {sorted(used - known)}"
    if not used:
        yield "nothing is cited"
