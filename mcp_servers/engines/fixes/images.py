"""`fix.pin_digest`: a moving tag, held at what is known to run well."""

from mcp_servers.engines.containers import containers
from mcp_servers.engines.fields import text
from mcp_servers.engines.fixes.drafting import Case, Outcome, single
from mcp_servers.engines.fixes.editing import (
    container_edit,
    every_container,
    planned,
    pods_of,
    workload,
)
from mcp_servers.engines.pull_failures import repository_of
from mcp_servers.engines.revisions import template_of
from mcp_servers.engines.settling import is_ready
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource


def _unpinned(owner: Resource) -> str:
    """The first container whose image is named by its tag alone."""
    named = (one for one in every_container(template_of(owner)) if "@" not in text(one, "image"))
    return next((text(one, "name") for one in named), "")


def pin_digest(case: Case) -> Outcome:
    """The image by the digest that every replica runs and is ready with; several: advice."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    name = case.container or case.told("containers").split(", ")[0] or _unpinned(owner)
    image = text(planned(owner, name), "image")
    if not image or "@" in image:
        return case.advice("already_so")
    pods = pods_of(case)
    digests = {
        text(held.status, "imageID").partition("@")[2]
        for pod in pods
        for held in containers(pod)
        if held.name == name and is_ready(pod)
    } - {""}
    ready = all(is_ready(pod) for pod in pods)
    if len(digests) != 1 or not ready:
        return case.advice("digests_differ", container=name, digests=len(digests))
    pinned = f"{repository_of(image)}@{digests.pop()}"

    def change(spec: Json) -> None:
        spec["image"] = pinned

    return single(container_edit("pin_digest", owner, name, change, old=image, new=pinned))
