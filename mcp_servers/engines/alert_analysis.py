"""Which alerts are investigated together, how urgently, and where to look."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from mcp_servers.facts.alert_policies import Analysis
from mcp_servers.facts.notices import SEVERITIES, severity_of

Labels = Mapping[str, str]
# Labels that name an object, and the kind of object that they name.
NAMING = (
    ("Deployment", "deployment"),
    ("StatefulSet", "statefulset"),
    ("DaemonSet", "daemonset"),
    ("Pod", "pod"),
    ("Node", "node"),
)
MOST_SYMPTOM = 500
SYMPTOMS_NAMED = 3


def analysis_group(wanted: Analysis, labels: Labels) -> str:
    """The same for alerts that one investigation answers."""
    parts = [f"{name}\0{labels.get(name, '')}" for name in wanted.group_by]
    return hashlib.sha256("\1".join(parts).encode()).hexdigest()[:32]


def is_analysed(wanted: Analysis, labels: Labels) -> bool:
    return severity_of(labels.get("severity", "")) in wanted.severities


def urgency(severities: Iterable[str]) -> int:
    """A job's priority: the lower, the sooner."""
    return min((10 * SEVERITIES.index(severity_of(one)) for one in severities), default=30)


def question_of(labels: Labels, summary: str) -> dict[str, str]:
    """Where an investigation of one alert looks."""
    kind, name = next(
        ((kind, labels[label]) for kind, label in NAMING if labels.get(label)),
        ("", labels.get("service", "")),
    )
    symptom = (summary or labels.get("alertname", ""))[:MOST_SYMPTOM]
    asked = {"namespace": labels.get("namespace", ""), "kind": kind, "name": name}
    return {key: value for key, value in {**asked, "symptom": symptom}.items() if value}


def question_for(alerts: Sequence[tuple[Labels, str]]) -> dict[str, str]:
    """Where one investigation of several looks: what they all agree on, and what was seen."""
    asked = [question_of(labels, summary) for labels, summary in alerts]
    agreed = {
        key: values.pop()
        for key in ("namespace", "kind", "name")
        if len(values := {one.get(key, "") for one in asked}) == 1 and values != {""}
    }
    if "name" not in agreed:
        agreed.pop("kind", None)
    symptoms = dict.fromkeys(one["symptom"] for one in asked if "symptom" in one)
    told = "; ".join(list(symptoms)[:SYMPTOMS_NAMED])[:MOST_SYMPTOM]
    return {**agreed, **({"symptom": told} if told else {})}


def wider(question: Mapping[str, str]) -> list[dict[str, str]]:
    """The question, and then without what a cluster may not know: the object, then the namespace."""
    without = {key: value for key, value in question.items() if key not in ("kind", "name")}
    asked = [dict(question), without, {"symptom": question.get("symptom", "")}]
    return [one for n, one in enumerate(asked) if one not in asked[:n]]


def place_of(asked: Mapping[str, str]) -> str:
    """The namespace where it looks, or else the object; empty where it tells a symptom alone."""
    return asked.get("namespace", "") or asked.get("name", "")


def is_aimed(asked: Mapping[str, str], alerts: Sequence[Labels]) -> bool:
    """Whether what is found by `asked` is the cause of the alerts that it was asked for.

    An alert that names a namespace alone, or an object that is not there, may be of anything in it. Several
    that name several objects are asked for by what they agree on.
    """
    named = {one["name"] for labels in alerts if "name" in (one := question_of(labels, ""))}
    return "name" in asked or (bool(place_of(asked)) and len(named) > 1)
