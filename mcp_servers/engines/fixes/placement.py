"""`fix.node_selector` and `fix.soften_affinity`: placement that no node can meet."""

from collections.abc import Iterator

from mcp_servers.engines.fields import rows, section, strings, text, words
from mcp_servers.engines.fixes.drafting import Case, Outcome, edit, named, single
from mcp_servers.engines.fixes.editing import is_on_purpose, subsection, template_in, workload
from mcp_servers.engines.fixes.slips import are_apart
from mcp_servers.engines.revisions import template_of
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.facts.nearest import nearest_names

REQUIRED = "requiredDuringSchedulingIgnoredDuringExecution"
PREFERRED = "preferredDuringSchedulingIgnoredDuringExecution"
ARCH = "kubernetes.io/arch"
# Where pods of one workload may stand is a rule of licences or data where an annotation says so.
RULES = ("licen", "data-residency", "compliance", "gdpr", "sovereign")
PLACES = (
    "topology.", "failure-domain.", "kubernetes.io/hostname", "topology.kubernetes.io/", "region", "zone",
)  # fmt: skip
TERMS = ("spec", "affinity", "nodeAffinity", REQUIRED)
# Who prefers all of it alike gives it this much.
WEIGHT = 100


def mend_node_selector(case: Case) -> Outcome:
    """The label no node has, as the one that is nearly so written; never another kind of node."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if is_on_purpose(owner, *RULES):
        return case.advice("placement_is_a_rule")
    if case.rule == "pod.image_pull.arch":
        return _other_arch(case, owner)
    wrong = _unknown_label(case, owner)
    if wrong is None:
        return case.advice("no_near_label", label=case.told("label"))
    (key, value), (new_key, new_value) = wrong

    def change(raw: Json) -> None:
        _relabel(template_in(raw), key, value, new_key, new_value)

    old, new = f"{key}={value}", f"{new_key}={new_value}"
    return single(edit("mend_node_selector", owner, change, old=old, new=new))


Label = tuple[str, str]


def _unknown_label(case: Case, owner: Resource) -> tuple[Label, Label] | None:
    """A required label that no node bears, and the one that is near, if there is exactly one."""
    nodes = case.cluster.all("Node")
    for key, value in _required(template_of(owner)):
        if any(node.labels.get(key) == value for node in nodes):
            continue
        values = {node.labels[key] for node in nodes if key in node.labels}
        near: list[Label] = [
            (key, one)
            for one in nearest_names(value, values)
            if not _is_a_place(key) and not are_apart(value, one)
        ]
        if not values:
            names = {name for node in nodes for name in node.labels if node.labels[name] == value}
            near = [(name, value) for name in nearest_names(key, names)]
        if len(near) == 1:
            return (key, value), near[0]
    return None


def _is_a_place(key: str) -> bool:
    """Whether a label says where a node stands or which it is: a near value is another place."""
    return key.startswith(PLACES) or key in PLACES


def _required(template: Json) -> Iterator[Label]:
    yield from sorted(strings(template, "spec", "nodeSelector").items())
    for expression in _expressions(template):
        if text(expression, "operator") == "In" and len(words(expression, "values")) == 1:
            yield text(expression, "key"), words(expression, "values")[0]


def _expressions(template: Json) -> Iterator[Json]:
    for term in rows(template, *TERMS, "nodeSelectorTerms"):
        yield from rows(term, "matchExpressions")


def _relabel(template: Json, key: str, value: str, new_key: str, new_value: str) -> None:
    selector = section(template, "spec", "nodeSelector")
    if selector.get(key) == value:
        del selector[key]
        selector[new_key] = new_value
    for expression in _expressions(template):
        if text(expression, "key") == key and words(expression, "values") == [value]:
            expression["key"], expression["values"] = new_key, [new_value]


def _other_arch(case: Case, owner: Resource) -> Outcome:
    """Nodes of the one other architecture, where pods of this workload are known to run."""
    archs = {node.name: text(node.labels, ARCH) for node in case.cluster.all("Node")}
    failing = {
        archs.get(text(pod.spec, "nodeName"), "")
        for ref in (case.finding.affected if case.finding else ())
        if (pod := case.cluster.get(ref)) is not None
    }
    others = sorted(set(archs.values()) - failing - {""})
    if len(others) != 1 or not failing - {""}:
        return case.advice("no_other_arch", archs=named(sorted(set(archs.values()))))
    if strings(template_of(owner), "spec", "nodeSelector").get(ARCH) == others[0]:
        return case.advice("already_so")

    def change(raw: Json) -> None:
        subsection(template_in(raw), "spec", "nodeSelector")[ARCH] = others[0]

    old = f"{ARCH}={named(sorted(failing))}"
    return single(edit("mend_node_selector", owner, change, old=old, new=f"{ARCH}={others[0]}"))


def soften_affinity(case: Case) -> Outcome:
    """Rules between pods that must hold become such that should: replicas may share a node again.

    Only rules that keep pods apart; one that draws them together is advised on.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    if is_on_purpose(owner, *RULES):
        return case.advice("placement_is_a_rule")
    if owner.kind == "StatefulSet":
        return case.advice("affinity_guards_data")
    held = section(template_of(owner), "spec", "affinity", "podAntiAffinity")
    if not rows(held, REQUIRED):
        return case.advice("affinity_draws_together")

    def change(raw: Json) -> None:
        rules = section(template_in(raw), "spec", "affinity", "podAntiAffinity")
        terms = rows(rules, REQUIRED)
        rules[PREFERRED] = [
            *rows(rules, PREFERRED),
            *({"weight": WEIGHT, "podAffinityTerm": term} for term in terms),
        ]
        del rules[REQUIRED]

    topology = named(text(term, "topologyKey") for term in rows(held, REQUIRED))
    return single(edit("soften_affinity", owner, change, topology=topology))
