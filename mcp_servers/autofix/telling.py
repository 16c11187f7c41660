"""Repairs in words: what is done, why not, what is risked and what was looked at."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from core.sentences import Said
from mcp_servers.engines.wording import params_of, worded
from mcp_servers.facts.fixes import Advice, Check, Plan, Proposal, Step
from mcp_servers.facts.kubernetes import Ref

Language = Literal["en", "zh"]
BOTH: tuple[Language, Language] = ("en", "zh")

_OPTIONAL = re.compile(r"\[([^\[\]]*)\]")
UNREPAIRED = "no_repair"


@cache
def catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    """All sentences of one language by their part and key."""
    text = files("mcp_servers.autofix").joinpath("catalogue", f"{language}.yaml").read_text("utf-8")
    return yaml.safe_load(text)


@dataclass(frozen=True, slots=True)
class Telling:
    """The sentences of one language."""

    language: Language

    def action(self, step: Step) -> str:
        """What a step does, in one sentence or two."""
        params = {**_names(step.write.target), **step.params}
        return self._told("actions", step.action, {**params, "source": self._source(params)})

    def plan(self, plan: Plan) -> str:
        """The title of a fix of the catalogue."""
        return self._told("fixes", plan.fix, _names(plan.target))

    def proposal(self, proposal: Proposal) -> str:
        """Why it is handed to a person, and what they do with it."""
        params = {**_names(proposal.target), **proposal.params}
        return self._told("reasons", proposal.why, params)

    def advice(self, advice: Advice) -> str:
        """Why there is no safe repair, and what a person should do."""
        said = self._told("advice", advice.why, {**_names(advice.target), **advice.params})
        if advice.why != UNREPAIRED:
            return said
        done = self._persons(advice.rule)
        return f"{said}{done}" if self.language == "zh" else f"{said} {done}".strip()

    def fact(self, key: str, params: Mapping[str, str]) -> str:
        """One risk fact."""
        return self._told("facts", key, params)

    def check(self, check: Check) -> str:
        """One check made before anyone is asked."""
        return self._told("checks", check.told, check.params)

    def _told(self, part: str, key: str, params: Mapping[str, str]) -> str:
        """A sentence, filled. What only a part in brackets asks for may be absent."""
        template = catalogue(self.language)[part][key]
        optional = {name for inside in _OPTIONAL.findall(template) for name in params_of(inside)}
        return worded(template, {**dict.fromkeys(optional, ""), **params})

    def _source(self, params: Mapping[str, str]) -> str:
        """Where the amounts of a step come from, as sentences."""
        sources = catalogue(self.language)["sources"]
        told = [sources[one] for one in params.get("source", "").split(", ") if one]
        return ("" if self.language == "zh" else " ").join(told)

    def _persons(self, rule: str) -> str:
        """What a person does about a rule: said of it, else of the family it belongs to."""
        persons = catalogue(self.language)["persons"]
        name = rule
        while name and name not in persons:
            name, _, _ = name.rpartition(".")
        return persons.get(name) or _nearest_family(persons, rule)


def in_both(tell: Callable[[Telling], str]) -> Said:
    """What is told in each language."""
    return Said("", {one: tell(Telling(one)) for one in BOTH})


def _nearest_family(persons: Mapping[str, str], rule: str) -> str:
    begun = [name for name in persons if rule.startswith(name)]
    return persons[max(begun, key=len)] if begun else ""


def _names(target: Ref) -> dict[str, str]:
    return {
        "kind": target.kind,
        "namespace": target.namespace,
        "name": target.name,
        "object": str(target),
    }
