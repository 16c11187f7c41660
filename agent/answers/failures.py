"""What the tool servers say in English, in the user's language; RBAC rules ready to paste."""

import re
from collections.abc import Iterator, Mapping

from agent.answers.markdown import fenced, joined, plain
from agent.intents import Language
from agent.wording import phrase

SYSTEM = r"(?P<what>The Kubernetes API|Prometheus|Alertmanager) at (?P<host>\S+)"
SILENT = rf"{SYSTEM} does not answer(?:: nothing listens there|: the host cannot be reached)?\."
SLOW = rf"{SYSTEM} (?:does not answer: no answer|did not answer) within (?P<seconds>[\d.]+) s\."
MAY_NOT = r"\s*Midwatch may not (?P<verb>\w+) (?P<what>[\w, .-]+?)"
UNSEEN = r"Whether there is a '(?P<name>[^']+)'"
# Where was looked, as the two shapes before it tell it.
LOOKED = r"(?<=：)(?P<what>Pod|工作负载|事件|警告事件|[A-Z]\w+|最近 \S+ ?\S* ?的变更)"
NO_OBJECT = r"There is no (?P<kind>\w+) (?:named )?'(?P<name>[^']+)'"

# The sentences of the tool servers, and what each is told as. A sentence of another shape is left
# as it is: better in English than wrong.
SHAPES = tuple(
    (re.compile(shape), key)
    for shape, key in (
        (r"There is no namespace '(?P<name>[^']+)'\.", "missing.namespace"),
        (r"There is no channel '(?P<name>[^']+)'\.", "missing.channel"),
        (r"No channel was added yet\.", "missing.no_channel"),
        (rf"{NO_OBJECT} in namespace (?P<place>[^\s']+?)\.", "missing.object_in"),
        (rf"{NO_OBJECT}\.", "missing.object"),
        (r"\s*Did you mean (?P<names>[^?]+)\?", "missing.near"),
        (r"\s*(?:Known|There are|Namespaces): (?P<names>.+)\.", "missing.known"),
        (r"\s*(?:It exists as|There is one in namespace) (?P<names>.+)\.", "missing.elsewhere"),
        (rf"{UNSEEN} in namespace (?P<place>\S+) cannot be seen\.", "refused.unseen_in"),
        (rf"{UNSEEN} cannot be seen\.", "refused.unseen"),
        (rf"{MAY_NOT} in namespace (?P<place>[\w.-]+)\.", "refused.verb_in"),
        (rf"{MAY_NOT}\.", "refused.verb"),
        (r"You may not see namespace (?P<place>\S+)\.", "refused.namespace"),
        (r"\s*You may see: (?P<names>.+)\.", "refused.seen"),
        (r"\s*Add to Midwatch's Role in namespace (?P<place>\S+):", "refused.role_in"),
        (r"\s*Add to Midwatch's ClusterRole:", "refused.role"),
        (SILENT, "away.silent"),
        (SLOW, "away.slow"),
        (r"The Kubernetes API does not accept Midwatch's credentials\.", "away.credentials"),
        (r"\s*Renew the token or certificate in the kubeconfig\.", "away.renew"),
        (r"\s*Check that it runs and that this machine reaches it\.", "away.check"),
        (r"\s*Gave up after (?P<count>\d+) tries\.", "away.gave_up"),
        (
            r"^(?P<kind>[A-Z]\w+) (?P<name>\S+) rolled out revision (?P<revision>\d+): ",
            "changed.rollout",
        ),
        (r"^revision (?P<revision>\d+): ", "changed.revision"),
        (r"^[A-Z]\w+ \S+ edited by (?P<author>\S+)$", "changed.edited_by"),
        (r"^edited$", "changed.edited"),
        (r"^created$", "changed.created"),
        (r"^joined the cluster$", "changed.joined"),
        (r"^(?P<what>\w+) became (?P<state>\w+): ", "changed.became"),
        (r"^changes of the last (?P<window>P\w+) ", "examined.changes"),
        (r"^pods (?=in )", "examined.pods"),
        (r"^workloads (?=in )", "examined.workloads"),
        (r"^(?P<kind>[A-Z]\w+) objects(?: (?=in )|$)", "examined.objects"),
        (r"^events (?=in )", "examined.events"),
        (r"^warning events (?=in )", "examined.warnings"),
        (r"1 of (?P<count>\d+) pods of (?P<what>\w+ \S+?)\. ?", "logged.one_of"),
        (
            r"This log does not reach back before that time, so nothing can be called new\.",
            "logged.short",
        ),
        (r"Nothing was written since that time\.", "logged.silent"),
        (
            r"^No series match, though the metrics exist: check the label matchers\.",
            "measured.no_match",
        ),
        (r"There is no metric (?P<name>[^\s.]+)\.", "measured.no_metric"),
        (r"^No series\.$", "measured.none"),
        (r"^(?P<what>.+?) in namespace (?P<place>[\w.-]+)(?= with |$)", "examined.in_namespace"),
        (r"^(?P<what>.+?) in all namespaces(?= with |$)", "examined.everywhere"),
        (
            r"^(?P<what>.+?) in your namespaces \((?P<places>[^)]+)\)(?= with |$)",
            "examined.in_yours",
        ),
        (rf"{LOOKED} with name (?P<name>\S+)$", "examined.named"),
        (rf"{LOOKED} with status (?P<status>\S+)$", "examined.in_status"),
        (rf"{LOOKED} with node (?P<node>\S+)$", "examined.on_node"),
        (rf"{LOOKED} with (?P<filters>.+)$", "examined.filtered"),
    )
)
# A line of the YAML that a hint about missing rights holds.
RULE = re.compile(r"^(?:- |  )")
CODE = re.compile(r"^(?:forbidden|upstream_unavailable|invalid|not_found|conflict): ")


def told_failure(text: str, language: Language, at_most: int, texts: Mapping[str, str] = {}) -> str:
    """An error in the user's language: in its own words, else sentence by sentence, as far as
    their shapes are known."""
    return joined(_parts(texts.get(language) or text, language, at_most))


def told_reason(why: str, language: Language) -> str:
    """The same on one line, as a list of what was not checked has it: the sentence for its code."""
    return plain(translated(CODE.sub("", why) if language != "en" else why, language))


def _parts(text: str, language: Language, at_most: int) -> Iterator[str]:
    """Sentences as they are, and the rules between them as YAML that can be pasted."""
    words: list[str] = []
    rules: list[str] = []
    for line in [*text.splitlines(), ""]:
        if RULE.match(line):
            rules.append(line)
            continue
        if rules:
            yield from _told(words, language, at_most)
            yield fenced(rules, "yaml")
            words, rules = [], []
        words.append(line)
    yield from _told(words, language, at_most)


def _told(lines: list[str], language: Language, at_most: int) -> Iterator[str]:
    sentence = plain(" ".join(lines), at_most)
    if sentence:
        yield translated(sentence, language)


def translated(sentence: str, language: Language) -> str:
    """One sentence of a tool server, as far as its shape is known."""
    if language == "en":
        return sentence
    for shape, key in SHAPES:
        sentence = shape.sub(lambda found, key=key: _phrase(key, language, found), sentence)
    return sentence


def _phrase(key: str, language: Language, found: re.Match[str]) -> str:
    facts = {
        name: re.sub(" or | and in ", ", ", value) for name, value in found.groupdict().items()
    }
    if facts.get("kind") == "object":
        facts["kind"] = phrase("missing.any_kind", language)
    if facts.get("what") == "The Kubernetes API":
        facts["what"] = phrase("away.kubernetes", language)
    return phrase(key, language, **facts)
