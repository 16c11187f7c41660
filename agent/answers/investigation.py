"""An investigation told: the root cause first, then why, what suffers, what was ruled out."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.answers.failures import told_failure, told_reason
from agent.answers.markdown import bullets, code, joined, numbered, plain, section
from agent.intents import Language
from agent.toolbox import Result
from agent.wording import phrase

Json = Mapping[str, Any]
EVIDENCE_SHOWN = 6
# Where the path inside an object, or the number of an event, begins in a reference.
PATH = re.compile(r"\s(?=[.(])|\{")
SYMPTOMS_SHOWN = 5
RULED_OUT_SHOWN = 5
LONGEST_ADVICE = 400


def told_investigation(result: Result, language: Language, whole: str = "") -> str:
    """The structured `investigate` answer as Markdown; every fact with its number.

    When nothing that was found has to do with what was asked about, that is said first. `whole` is the name of
    what was asked to be healthy: of that it is said, too, when only what it depends on is ill.
    """
    told = _Telling(result, language).told()
    causes: Sequence[Json] = result.data.get("root_causes") or []
    if causes and causes[0].get("away"):
        name = code(str(result.arguments.get("name", "")))
        return joined([phrase("rca.away", language, name=name), told])
    if not whole or not causes or whole in _troubled(result.data):
        return told
    return joined([phrase("rca.itself_fine", language, name=code(whole)), told])


def _troubled(data: Json) -> set[str]:
    """The names of whatever something was found wrong with."""
    causes: list[Json] = data.get("root_causes") or []
    symptoms: list[Json] = data.get("symptoms") or []
    found = [*causes, *symptoms]
    for cause in causes:
        found += cause.get("chain") or []
    touched: list[Json] = [one["resource"] for one in found if one.get("resource")]
    for one in found:
        touched += one.get("affected") or []
    return {str(one["name"]) for one in touched}


class _Telling:
    def __init__(self, result: Result, language: Language) -> None:
        self._data: Json = result.data
        self._numbers, self._whole = result.numbers, result.whole
        self._language: Language = language

    def told(self) -> str:
        causes: Sequence[Json] = self._data.get("root_causes") or []
        parts = self._found(causes[0], causes[1:]) if causes else self._nothing_found()
        return joined([*parts, self._ruled_out(), self._elsewhere(), self._not_checked()])

    def _found(self, first: Json, others: Sequence[Json]) -> list[str]:
        return [
            self._head(first),
            self._cause(first),
            section(self._word("evidence"), self._evidence(first)),
            section(self._word("spread"), _chain(first)),
            section(self._word("symptoms"), self._symptoms()),
            section(self._word("others"), bullets(self._other(one) for one in others)),
            section(self._word("next"), _next_steps(first)),
            self._runbook(first),
        ]

    def _runbook(self, cause: Json) -> str:
        page = str(cause.get("runbook") or "")
        return phrase("rca.runbook", self._language, page=code(page)) if page else ""

    def _nothing_found(self) -> list[str]:
        verdict = self._data.get("verdict")
        head = self._word("insufficient" if verdict == "insufficient_data" else "healthy")
        checked: Mapping[str, int] = self._data.get("checked") or {}
        counts = ", ".join(f"{count} {kind}" for kind, count in checked.items() if count)
        mark = f" [{self._whole}]" if self._whole else ""
        return [
            f"**{head}**{mark} {plain(self._data.get('summary', ''), 1200)}",
            phrase("rca.checked", self._language, counts=counts) if counts else "",
            section(self._word("symptoms"), self._symptoms()),
        ]

    def _head(self, cause: Json) -> str:
        summary = phrase("rca.root", self._language, summary=plain(cause["summary"]).rstrip("."))
        facts = [phrase("rca.confidence", self._language, percent=round(cause["confidence"] * 100))]
        if cause.get("since"):
            facts.insert(0, phrase("rca.since", self._language, at=_moment(cause["since"])))
        return f"**{summary}** {self._marks(cause, 3)}\n\n_{self._word('between').join(facts)}_"

    def _cause(self, cause: Json) -> str:
        told = plain(cause.get("cause", ""), 1200)
        if cause.get("change"):
            told = self._word("next_sentence").join(
                [told, phrase("rca.change", self._language, change=plain(cause["change"]))]
            )
        return told.strip()

    def _evidence(self, cause: Json) -> str:
        return bullets(self._item(one) for one in cause["evidence"][:EVIDENCE_SHOWN])

    def _item(self, one: Json) -> str:
        at = f" {_moment(one['at'])}" if one.get("at") else ""
        return f"{self._mark(one)} {one['source']}{at}{_whose(one)}: {code(one['text'])}"

    def _symptoms(self) -> str:
        symptoms: Sequence[Json] = self._data.get("symptoms") or []
        return bullets(
            f"{plain(one['title'])} {self._marks(one, 2)}".strip()
            for one in symptoms[:SYMPTOMS_SHOWN]
        )

    def _other(self, cause: Json) -> str:
        return f"{plain(cause['summary'])} {self._marks(cause, 2)}".strip()

    def _ruled_out(self) -> str:
        ruled_out: Sequence[Json] = self._data.get("ruled_out") or []
        told = bullets(
            self._remark(plain(one["hypothesis"]), plain(one["why"]))
            for one in ruled_out[:RULED_OUT_SHOWN]
        )
        return section(self._word("ruled_out"), told)

    def _elsewhere(self) -> str:
        elsewhere: Sequence[Json] = self._data.get("elsewhere") or []
        told = bullets(
            f"{plain(one['title'])} {self._marks(one, 1)}".strip() for one in elsewhere[:3]
        )
        return section(self._word("elsewhere"), told)

    def _not_checked(self) -> str:
        skipped: Sequence[Json] = self._data.get("not_checked") or []
        told = bullets(
            self._remark(plain(one["what"]), told_reason(one["why"], self._language))
            for one in skipped
        )
        rules = str(self._data.get("rbac") or "")
        return joined(
            [
                section(self._word("not_checked"), told or self._word("nothing_skipped")),
                told_failure(rules, self._language, LONGEST_ADVICE),
            ]
        )

    def _remark(self, about: str, told: str) -> str:
        return phrase("rca.remark", self._language, about=about, told=told)

    def _marks(self, holder: Json, at_most: int) -> str:
        marks = dict.fromkeys(self._mark(one) for one in holder.get("evidence") or ())
        return "".join([mark for mark in marks if mark][:at_most])

    def _mark(self, evidence: Json) -> str:
        n = self._numbers.get(str(evidence["id"]))
        return f"[{n}]" if n else ""

    def _word(self, key: str) -> str:
        return phrase(f"rca.{key}", self._language)


def _whose(evidence: Json) -> str:
    """What the evidence is about, without the way there: its reference has that."""
    text = str(evidence["text"])
    words = plain(PATH.split(str(evidence["ref"]))[0], 120).split()
    place = " ".join(word for word in words if not text.startswith(word))
    return f" {place}" if place and place not in text else ""


def _chain(cause: Json) -> str:
    steps: Sequence[Json] = cause.get("chain") or []
    if len(steps) < 2:
        return ""
    return " → ".join(plain(one.get("title") or _place(one["resource"]), 160) for one in steps)


def _next_steps(cause: Json) -> str:
    advice: Sequence[Json] = cause.get("recommendations") or []
    return numbered(plain(one["description"], 600) for one in advice)


def _place(resource: Json) -> str:
    namespace = f"{resource['namespace']}/" if resource.get("namespace") else ""
    return f"{resource['kind']} {namespace}{resource['name']}"


def _moment(at: str) -> str:
    """2026-11-20T01:44:03Z → 2026-11-20 01:44:03 UTC."""
    return f"{at[:19].replace('T', ' ')} UTC" if len(at) >= 19 else at
