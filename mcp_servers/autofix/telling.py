"""Repairs in words: what is done, why not, what is risked and what was looked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

import yaml

from mcp_servers.engines.wording import worded
from mcp_servers.facts.fixes import Advice, Check, Plan, Proposal, Step

Language = Literal["en", "zh"]


@cache
def _catalogue(language: Language) -> Mapping[str, Mapping[str, str]]:
    text = files("mcp_servers.autofix").joinpath("catalogue", f"{language}.yaml").read_text("utf-8")
    return yaml.safe_load(text)


@dataclass(frozen=True, slots=True)
class Telling:
    """The sentences of one language."""

    language: Language

    def action(self, step: Step) -> str:
        """What a step does, in one sentence."""
        target = step.write.target
        return self._told("actions", step.action, {**_names(target), **step.params})

    def plan(self, plan: Plan) -> str:
        """The title of a fix of the catalogue."""
        return self._told("fixes", plan.fix, _names(plan.target))

    def proposal(self, proposal: Proposal) -> str:
        """Why it is handed to a person, and what they do with it."""
        return self._told("reasons", proposal.why, {**_names(proposal.target), **proposal.params})

    def advice(self, advice: Advice) -> str:
        """Why there is no safe repair, and what a person should do."""
        return self._told("advice", advice.why, {**_names(advice.target), **advice.params})

    def fact(self, key: str, params: Mapping[str, str]) -> str:
        """One risk fact."""
        return self._told("facts", key, params)

    def check(self, check: Check) -> str:
        """One check made before anyone is asked."""
        return self._told("checks", check.told, check.params)

    def _told(self, part: str, key: str, params: Mapping[str, str]) -> str:
        return worded(_catalogue(self.language)[part][key], params)


def _names(target: object) -> dict[str, str]:
    kind, namespace, name = (str(getattr(target, one)) for one in ("kind", "namespace", "name"))
    return {"kind": kind, "namespace": namespace, "name": name, "object": str(target)}
