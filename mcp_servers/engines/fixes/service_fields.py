"""`fix.selector` and `fix.target_port`: a Service that misses its pods, or their port, by little."""

import copy

from mcp_servers.engines.containers import containers
from mcp_servers.engines.endpoints import ports_of, selected_pods, selector_of
from mcp_servers.engines.fields import text
from mcp_servers.engines.fixes.drafting import Case, Outcome, edit, named, single
from mcp_servers.engines.fixes.editing import subsection
from mcp_servers.engines.ownership import top_owner
from mcp_servers.engines.probing import auxiliary_ports
from mcp_servers.engines.selectors import NearMiss, matches_equality, near_miss
from mcp_servers.engines.settling import is_finished
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Ref, Resource


def _service(case: Case) -> Resource | Advice:
    found = case.cluster.get(case.target)
    return found if found and found.kind == "Service" else case.advice("not_in_sight")


def mend_selector(case: Case) -> Outcome:
    """The one label by which the selector misses, as the pods have it; several ways: advice."""
    service = _service(case)
    if isinstance(service, Advice):
        return service
    misses = _misses(case, service)
    # Without an offered repair the diagnoser saw pods that miss in other ways as well.
    if len(misses) != 1 or not (case.finding and case.finding.fix):
        return case.advice("several_candidates", selector=_shown(selector_of(service)))
    miss = misses[0]

    def change(raw: Json) -> None:
        selector = subsection(raw, "spec", "selector")
        selector.pop(miss.key, None)
        if miss.actual_key:
            selector[miss.actual_key] = miss.actual

    owners = _owners_of(case, service, miss)
    if len(owners) > 1:
        new = f"{miss.actual_key}={miss.actual}"
        return case.advice("selects_others", new=new, owners=named(map(str, owners)))
    new = f"{miss.actual_key}={miss.actual}" if miss.actual_key else ""
    return single(edit("mend_selector", service, change, old=f"{miss.key}={miss.wanted}", new=new))


def _misses(case: Case, service: Resource) -> list[NearMiss]:
    """How the pods that the finding names miss the selector; one that lacks the key is not one."""
    selector = selector_of(service)
    named = case.finding.affected if case.finding else ()
    pods = [pod for ref in named if (pod := case.cluster.get(_pod(ref))) is not None]
    found = {miss for pod in pods if (miss := near_miss(selector, pod.labels)) is not None}
    return sorted(one for one in found if one.actual_key or len(selector) > 1)


def _owners_of(case: Case, service: Resource, miss: NearMiss) -> list[Ref]:
    """The workloads whose pods the mended selector would lead to."""
    wanted = {key: told for key, told in selector_of(service).items() if key != miss.key}
    if miss.actual_key:
        wanted[miss.actual_key] = miss.actual
    pods = [
        one
        for one in case.cluster.all("Pod", service.namespace)
        if matches_equality(wanted, one.labels) and not is_finished(one)
    ]
    return sorted({top_owner(case.cluster, one) for one in pods})


def _pod(ref: Ref) -> Ref:
    return Ref("Pod", ref.namespace, ref.name)


def _shown(selector: dict[str, str]) -> str:
    return ",".join(f"{key}={value}" for key, value in sorted(selector.items()))


def mend_target_port(case: Case) -> Outcome:
    """The port that the pods serve, where there is exactly one near or at all."""
    service = _service(case)
    if isinstance(service, Advice):
        return service
    near, target = case.told("near"), case.told("target")
    if not near or near in _aside(case, service):
        ports = case.told("listening") or case.told("declared")
        return case.advice("several_ports", target=target, ports=ports)
    changed = _with_target(ports_of(service), case.told("port"), target, near)
    if changed == ports_of(service):
        return case.advice("already_so")

    def change(raw: Json) -> None:
        subsection(raw, "spec")["ports"] = changed

    return single(
        edit("mend_target_port", service, change, port=case.told("port"), old=target, new=near)
    )


def _aside(case: Case, service: Resource) -> set[str]:
    """Ports of its pods that serve metrics or administration, and nobody else."""
    pods = selected_pods(case.cluster, service)
    return {
        port
        for pod in pods
        for one in containers(pod)
        for port in auxiliary_ports(case.cluster, one)
    }


def _with_target(ports: list[Json], port: str, old: str, new: str) -> list[Json]:
    copied = copy.deepcopy(ports)
    for one_port in copied:
        target = text(one_port, "targetPort") or text(one_port, "port")
        if target == old and text(one_port, "port") == port:
            one_port["targetPort"] = int(new) if new.isdigit() else new
    return copied
