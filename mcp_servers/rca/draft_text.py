"""Pure: an investigation → the Markdown of a page. What clusters say is quoted, on one line each."""

import json
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from mcp_servers.rca.aftermath import NOTHING_KNOWN, Aftermath
from mcp_servers.rca.draft_aftermath import Ending
from mcp_servers.rca.incidents import KeptIncident
from mcp_servers.rca.investigation import Investigation
from mcp_servers.rca.quoting import flat, line, minute
from mcp_servers.rca.shapes import BOTH, EvidenceItem, Language, ResourceRef

TITLE_CHARACTERS = 120
SUMMARY_CHARACTERS = 1_000
EVIDENCE_SHOWN, SIGNS_SHOWN = 20, 6
NAMESPACES_SHOWN = 3
# What the knowledge base tells pages of past incidents by, to show them to those who may see them.
TAGS = {"incident": "past-incident"}


@cache
def wording(language: Language) -> Mapping[str, str]:
    place = files("mcp_servers.rca").joinpath("catalogue", f"drafts_{language}.toml")
    return tomllib.loads(place.read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class Draft:
    """`kept` is the incident as it is remembered; None for one that was only just found."""

    found: Investigation
    kept: KeptIncident | None
    language: Language
    aftermath: Aftermath = NOTHING_KNOWN

    def title(self, kind: str) -> str:
        what = self.found.root_causes[0].summary if self.found.root_causes else self.found.summary
        return self._say(kind, what=line(what, TITLE_CHARACTERS).rstrip(".。"))

    def postmortem(self) -> str:
        parts = (
            ("summary", [line(self.found.summary, SUMMARY_CHARACTERS)]),
            ("impact", self._impact()),
            ("timeline", self._timeline()),
            ("cause", self._cause()),
            ("evidence", self._evidence()),
            ("ruled_out", (f"- {line(one.hypothesis)}: {line(one.why)}" for one in self.found.ruled_out)),
            ("not_checked", (f"- {line(one.what)}: {line(one.why)}" for one in self.found.not_checked)),
            ("actions", [*self._recommended("- [ ] "), self._say("more_actions")]),
            ("cost", list(self._ending().cost()) or [self._say("no_cost")]),
            ("outcome", [*self._ending().outcome(), self._say("outcome_note")]),
        )  # fmt: skip
        return self._joined("postmortem", parts)

    def incident(self) -> str:
        """As Midwatch keeps it by itself: what is known and nothing to fill in."""
        parts = (
            ("summary", [line(self.found.summary, SUMMARY_CHARACTERS)]),
            ("impact", self._seen()),
            ("timeline", self._moments()),
            ("cause", self._cause()),
            ("evidence", self._evidence()),
            ("what_to_do", self._recommended("- ")),
            ("outcome", list(self._ending().outcome()) or [self._last_seen()]),
        )
        return self._joined("incident", parts)

    def runbook(self) -> str:
        parts = (
            ("shows", [*self._symptoms(), *self._evidence()[:SIGNS_SHOWN]]),
            ("confirm", [self._about_it("look")]),
            ("what_to_do", list(self._recommended("- ")) or [self._say("no_advice")]),
            ("check_after", [self._about_it("gone")]),
        )
        return self._joined("runbook", parts)

    def _joined(self, kind: str, parts: Iterable[tuple[str, Iterable[str]]]) -> str:
        note = self._say(f"{kind}_note", id=self.found.incident_id, where=line(self._where()))
        blocks = [self._front_matter(kind), f"# {self.title(kind)}", f"> {note}"]
        for heading, told in parts:
            lines = [one for one in told if one]
            blocks += [f"## {self._say(heading)}", "\n".join(lines)] if lines else []
        return "\n\n".join(blocks) + "\n"

    def _where(self) -> str:
        if self.kept:
            return self.kept.cluster
        namespaces = self.found.scope.namespaces
        few = 0 < len(namespaces) <= NAMESPACES_SHOWN
        return ", ".join(namespaces) if few else self._say("whole")

    def _front_matter(self, kind: str) -> str:
        """JSON is YAML too, and no text of a cluster gets out of its quotes."""
        rules = list(dict.fromkeys(one.rule for one in self.found.root_causes))
        asked = [flat(one.title) for one in self.found.symptoms[:5]]
        about = {
            "title": flat(self.title(kind)),
            "service": self.found.root_causes[0].resource.name if rules else "",
            "tags": ["incident", TAGS.get(kind, kind)],
            "rules": rules,
            "asked": list(dict.fromkeys([*asked, *self._asked_for(kind)])),
            "groups": self._groups() if kind == "incident" else [],
        }
        told = "\n".join(
            f"{name}: {json.dumps(value, ensure_ascii=False)}"
            for name, value in about.items()
            if value
        )
        return f"---\n{told}\n---"

    def _asked_for(self, kind: str) -> Iterator[str]:
        """How people ask for what is over, in both languages."""
        if kind == "incident" and self.found.root_causes:
            name = flat(self.found.root_causes[0].resource.name)
            for language in BOTH:
                for key in ("asked_which", "asked_how"):
                    yield wording(language)[key].format(name=name)

    def _groups(self) -> list[str]:
        """An incident is for those who see all that it speaks of; `scope_of` gives readers these."""
        namespaces = self.kept.namespaces if self.kept else self.found.scope.namespaces
        if not namespaces:
            return ["incidents"]
        one = [f"incidents:{namespaces[0]}"] if len(namespaces) == 1 else []
        return ["incidents:*", *one]

    def _ending(self) -> "Ending":
        return Ending(self.aftermath, wording(self.language))

    def _last_seen(self) -> str:
        return self._say("last_seen", at=minute(self.kept.last_found)) if self.kept else ""

    def _impact(self) -> Iterator[str]:
        yield from self._seen()
        yield f"- {self._say('people')}"

    def _seen(self) -> Iterator[str]:
        named = dict.fromkeys(_named(one.resource) for one in self.found.symptoms)
        if named:
            yield f"- {self._say('affected', what=', '.join(list(named)[:20]))}"
        if self.kept:
            span = "span" if self.kept.times_found > 1 else "seen_once"
            first, last = (minute(one) for one in (self.kept.first_found, self.kept.last_found))
            yield f"- {self._say(span, first=first, last=last, times=self.kept.times_found)}"
        yield from self._symptoms()

    def _symptoms(self) -> Iterator[str]:
        for one in self.found.symptoms[:10]:
            yield f"- {line(one.title)}"

    def _timeline(self) -> Iterator[str]:
        yield from self._moments() or [self._say("no_timeline")]
        yield f"- {self._say('moments')}"

    def _moments(self) -> list[str]:
        """What the cluster recorded and what others did, in order."""
        told = [(one.at, line(one.text)) for one in self.found.timeline]
        told += self._ending().moments()
        return [f"- {minute(at)} {text}" for at, text in sorted(told)]

    def _cause(self) -> Iterator[str]:
        for root in self.found.root_causes[:3]:
            sure = self._say("confidence", percent=round(root.confidence * 100))
            yield f"{root.rank}. {line(root.summary)} (`{root.rule}`, {sure})"
            yield f"   - {line(root.cause)}"
            if root.change:
                yield f"   - {self._say('change', what=line(root.change))}"
            if len(root.chain) > 1:
                steps = " → ".join(dict.fromkeys(_named(one.resource) for one in root.chain))
                yield f"   - {self._say('chain', what=steps)}"
        if not self.found.root_causes:
            yield self._say("no_cause")

    def _evidence(self) -> list[str]:
        items: dict[tuple[str, str], EvidenceItem] = {}
        for told in (*self.found.root_causes, *self.found.symptoms):
            for one in told.evidence:
                items.setdefault((one.ref, one.text), one)
        shown = [
            f"- {f'{minute(one.at)} ' if one.at else ''}{one.source} `{flat(one.ref).replace('`', '')}`: {line(one.text)}"
            for one in list(items.values())[:EVIDENCE_SHOWN]
        ]
        return shown or [self._say("no_evidence")]

    def _recommended(self, mark: str) -> Iterator[str]:
        told = [one for root in self.found.root_causes[:3] for one in root.recommendations]
        for text in dict.fromkeys(line(one.description) for one in told):
            yield f"{mark}{text}"

    def _about_it(self, key: str) -> str:
        told = [*self.found.root_causes, *self.found.symptoms]
        if not told:
            return self._say("no_cause")
        one = told[0].resource
        namespace = f" -n {one.namespace}" if one.namespace else ""
        return self._say(key, kind=one.kind, name=one.name, namespace=namespace, rule=told[0].rule)

    def _say(self, key: str, **params: object) -> str:
        return wording(self.language)[key].format(**params)


def _named(one: ResourceRef) -> str:
    return (
        f"`{one.kind} {one.namespace}/{one.name}`" if one.namespace else f"`{one.kind} {one.name}`"
    )
