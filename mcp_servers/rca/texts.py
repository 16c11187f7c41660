"""What findings are called, in English and Chinese: templates of the catalogue, filled."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

from mcp_servers.engines.wording import translated, worded
from mcp_servers.facts.findings import Finding
from mcp_servers.facts.kubernetes import Change, Difference, NotChecked, Ref
from mcp_servers.facts.rules import CustomRule
from mcp_servers.rca.shapes import Language

Entry = Mapping[str, str]


@cache
def _catalogue(name: str) -> Mapping[str, Entry]:
    text = files("mcp_servers.rca").joinpath("catalogue", f"{name}.toml").read_text("utf-8")
    return tomllib.loads(text)


def unended(text: str) -> str:
    """Without its full stop, for a sentence that sets its own: people and pipelines end theirs too."""
    return text.rstrip().removesuffix("。").removesuffix(".")


@dataclass(frozen=True, slots=True)
class Texts:
    """The words of one language: those of the catalogue, and of the rules that people added."""

    language: Language
    added: Mapping[str, CustomRule] = field(default_factory=dict[str, CustomRule], hash=False)

    def title(self, finding: Finding) -> str:
        return self._filled(finding, "title")

    def cause(self, finding: Finding) -> str:
        return self._filled(finding, "cause")

    def fix(self, finding: Finding) -> str:
        """What the offered fix does: some rules offer several, each with its own words."""
        own = finding.fix.id.removeprefix("fix.") if finding.fix else ""
        return self._filled(finding, own if own in self._entry(finding.rule) else "fix")

    def advice(self, finding: Finding) -> str:
        return self._filled(finding, "advice")

    def phrase(self, key: str, /, **params: object) -> str:
        template = _catalogue(f"phrases_{self.language}")["phrases"][key]
        return worded(template, {key: str(value) for key, value in params.items()})

    def reason(self, missed: NotChecked) -> str:
        """Why something was not checked."""
        facts = dict(missed.facts)
        if why := facts.get("why"):
            facts["why"] = self.phrase(f"unanswered_{why}", **facts)
        return self.phrase(f"skipped_{missed.told}", **facts) if missed.told else missed.why

    def change(self, change: Change) -> str:
        """What was changed; the words of people and pipelines stay as they wrote them."""
        if not change.told:
            return change.summary
        listed = ("；" if self.language == "zh" else "; ").join(
            self._difference(one) for one in change.differences
        )
        facts = {"kind": change.target.kind, "name": change.target.name, "author": change.author}
        key = f"change_{change.told}"
        return self.phrase(key, **facts, revision=change.revision, differences=listed)

    def _difference(self, one: Difference) -> str:
        what, _, names = one.what.partition(" ")
        words = _catalogue(f"phrases_{self.language}")["differences"]
        named = f"{words.get(what, what)} {names}".strip()
        if one.before or one.after:
            return f"{named} {one.before} -> {one.after}"
        return words["changed"].replace("{what}", named)

    def name_of(self, ref: Ref) -> str:
        return (
            f"{ref.kind} {ref.namespace}/{ref.name}" if ref.namespace else f"{ref.kind} {ref.name}"
        )

    def _filled(self, finding: Finding, part: str) -> str:
        template = self._entry(finding.rule).get(part, "")
        known = {
            "resource": self.name_of(finding.resource),
            "name": finding.resource.name,
            "namespace": finding.resource.namespace,
            "kind": finding.resource.kind,
            "container": finding.container,
            "affected": str(len(finding.affected)),
        }
        words = _catalogue(self.language)["words"]
        return worded(template, {**known, **translated(finding.params, words)})

    def category(self, rule: str) -> str:
        """The category of contracts.md a rule belongs to."""
        added = self.added.get(rule)
        return added.category if added else _catalogue("rules")[rule]["category"]

    def _entry(self, rule: str) -> Entry:
        """What a rule is told in; people may leave out a language, English stands in."""
        added = self.added.get(rule)
        if added is None:
            return _catalogue(self.language)[rule]
        return added.texts.get(self.language) or added.texts["en"]


def known_rules() -> frozenset[str]:
    """The ids of all rules that come with Midwatch."""
    return frozenset(_catalogue("rules"))
