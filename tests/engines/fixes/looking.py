"""A practice cluster as the engines see it, and repairs carried out on it over the wire."""

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from mcp_servers.engines.changes import changes_in
from mcp_servers.engines.containers import containers
from mcp_servers.engines.request_metrics import apart_query, candidates, questions, told_apart
from mcp_servers.engines.secret_shapes import without_values
from mcp_servers.facts.fixes import Plan, Step, Verb, Write
from mcp_servers.facts.kubernetes import Cluster, Event, Json, LogLines, Ref, Resource, moment
from mcp_servers.facts.metrics import Series
from mcp_servers.rca.metric_questions import of_objects
from tests.sandbox.practising import Practising

LEFT_OUT = {"Event", "Lease", "Binding", "PodMetrics", "NodeMetrics"}
REACH_BACK = timedelta(hours=8)
STEP_S = 300
_STAMP = re.compile(r"^(\d{4}-\d\d-\d\dT\S+) ")
TYPES = {
    Verb.STRATEGIC: "strategic-merge-patch",
    Verb.MERGE: "merge-patch",
    Verb.SCALE: "merge-patch",
}


def look(practice: Practising) -> Cluster:
    """Every object, event, log and series that the diagnosers ask for, as of the practice's now."""
    now = practice.clock.time
    resources = [
        Resource({"apiVersion": group, "kind": kind, **one})
        for group, kind, path in _kinds(practice)
        for one in practice.get(path)["items"]
    ]
    events = [Event.of(one) for one in practice.get("/api/v1/events")["items"]]
    seen = Cluster(now, [_without_values(one) for one in resources], events=events)
    logs = [one for pod in seen.all("Pod") for one in _logs(practice, pod)]
    return Cluster(
        now,
        seen.resources,
        events=events,
        logs=logs,
        changes=changes_in(seen),
        series=list(_series(practice, now)),
    )


@lru_cache(maxsize=1)
def _kinds(practice: Practising) -> tuple[tuple[str, str, str], ...]:
    return tuple(_served(practice))


def _served(practice: Practising) -> Iterable[tuple[str, str, str]]:
    """Group and version, kind and path of everything that can be listed."""
    groups = [("v1", "/api/v1")]
    for group in practice.get("/apis")["groups"]:
        version = group["preferredVersion"]["groupVersion"]
        groups.append((version, f"/apis/{version}"))
    told: set[str] = set()
    for version, path in groups:
        for one in practice.get(path)["resources"]:
            listed = "list" in one["verbs"] and "/" not in one["name"]
            if listed and one["kind"] not in LEFT_OUT | told:
                told.add(one["kind"])
                yield version, one["kind"], f"{path}/{one['name']}"


def _without_values(one: Resource) -> Resource:
    return without_values(one.raw) if one.kind == "Secret" else one


def _logs(practice: Practising, pod: Resource) -> Iterable[LogLines]:
    for container in containers(pod):
        for previous in (True, False) if container.restarts else (False,):
            yield from _log(practice, pod, container.name, previous=previous)


def _log(
    practice: Practising, pod: Resource, container: str, *, previous: bool
) -> Iterable[LogLines]:
    path = f"/api/v1/namespaces/{pod.namespace}/pods/{pod.name}/log"
    asked: dict[str, Any] = {"container": container, "tailLines": 200, "timestamps": "true"}
    answer = practice.client.get(path, params={**asked, "previous": str(previous).lower()})
    if answer.status_code == 200 and answer.text:
        lines = [_line(line) for line in answer.text.splitlines()]
        yield LogLines(pod.ref, container, previous, tuple(lines))


def _line(line: str) -> tuple[datetime | None, str]:
    match = _STAMP.match(line)
    return (moment(match.group(1)), line[match.end() :]) if match else (None, line)


def _series(practice: Practising, now: datetime) -> Iterable[Series]:
    times = {"start": (now - REACH_BACK).timestamp(), "end": now.timestamp(), "step": STEP_S}
    names = practice.get("/prometheus/api/v1/label/__name__/values")["data"]
    apart = _apart(practice, candidates(names))
    for question in (*of_objects(""), *questions(names, apart, "")):
        asked = practice.get("/prometheus/api/v1/query_range", query=question.promql, **times)
        for one in asked["data"]["result"]:
            points = [(datetime.fromtimestamp(at, UTC), float(told)) for at, told in one["values"]]
            told = question.promql, _labels(one), tuple(points)
            yield Series(*told, role=question.role, metric=question.metric)


def _apart(
    practice: Practising, names: Collection[str]
) -> Mapping[str, Mapping[str, Collection[str]]]:
    """A selector of no names is no selector, to Prometheus."""
    if not names:
        return {}
    counted = practice.get("/prometheus/api/v1/query", query=apart_query(names, ""))
    return told_apart([Series("", _labels(one), ()) for one in counted["data"]["result"]])


def _labels(result: dict[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(result["metric"].items()))


def carry_out(practice: Practising, cluster: Cluster, plan: Plan, *, each_s: float = 0) -> None:
    """Every step in turn, with its preconditions; time passes after each."""
    for step in plan.steps:
        answer = write(practice, cluster, step.write)
        assert answer.status_code < 300, f"{step}: {answer.text}"
        if each_s:
            practice.pass_s(each_s)


def take_back(practice: Practising, cluster: Cluster, steps: Sequence[Step]) -> None:
    for step in reversed(steps):
        if step.inverse is not None:
            answer = write(practice, cluster, step.inverse)
            assert answer.status_code < 300, answer.text


def write(practice: Practising, cluster: Cluster, one: Write) -> Any:
    """One call, as the plan describes it; the object's uid and version are its preconditions."""
    path = path_of(practice, one.target)
    client = practice.client
    match one.verb:
        case Verb.CREATE:
            return client.post(path.rpartition("/")[0], json=one.body)
        case Verb.DELETE:
            return client.delete(path)
        case Verb.EVICT:
            metadata = {"name": one.target.name, "namespace": one.target.namespace}
            body: Json = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": metadata}
            body["deleteOptions"] = {"preconditions": {"uid": one.uid}}
            return client.post(f"{path}/eviction", json=body)
        case _:
            known = {"uid": one.uid, "resourceVersion": one.resource_version}
            metadata = {name: value for name, value in known.items() if value}
            body = {**one.body, "metadata": {**one.body.get("metadata", {}), **metadata}}
            kind = {"content-type": f"application/{TYPES[one.verb]}+json"}
            path = f"{path}/scale" if one.verb is Verb.SCALE else path
            return client.patch(path, json=body, headers=kind)


def path_of(practice: Practising, ref: Ref) -> str:
    for _, kind, path in _kinds(practice):
        if kind == ref.kind:
            head, _, plural = path.rpartition("/")
            place = f"/namespaces/{ref.namespace}" if ref.namespace else ""
            return f"{head}{place}/{plural}/{ref.name}"
    raise LookupError(ref)
