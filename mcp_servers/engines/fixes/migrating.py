"""Whether data was changed for the present revision, so that an earlier program may not read it."""

from collections.abc import Iterator
from datetime import timedelta

from mcp_servers.engines.containers import Role, containers
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.ownership import pods_under
from mcp_servers.engines.revisions import container_in, newest, template_of
from mcp_servers.facts.kubernetes import Cluster, Json, Resource, moment

# In an annotation: that data was migrated.
MIGRATED = ("migrat", "schema-version", "no-rollback")
# In the name, image or command of what migrates: a word for it, or a program that does nothing else.
MIGRATES = (
    "migrat",
    "flyway",
    "liquibase",
    "alembic",
    "goose up",
    "schema-update",
    "dbmate",
    "atlas ",
)
# A release migrates first and rolls out then.
BEFORE = timedelta(hours=1)
NAME_LABELS = ("app.kubernetes.io/name", "app.kubernetes.io/instance", "app", "k8s-app")


def is_migrated(owner: Resource) -> bool:
    """Whether a mark of the workload says so."""
    marks = {**owner.annotations, **section(template_of(owner), "metadata", "annotations")}
    return any(word in mark.lower() for mark in marks for word in MIGRATED)


def has_migrated(cluster: Cluster, owner: Resource, earlier: Json) -> bool:
    """Whether something that migrates has ended well for the present revision and is other than what
    the earlier one had: an init container of its pods, or a Job of the same program."""
    return _by_init_container(cluster, owner, earlier) or _by_job(cluster, owner)


def _by_init_container(cluster: Cluster, owner: Resource, earlier: Json) -> bool:
    template = template_of(owner)
    new = {
        text(one, "name")
        for one in rows(template, "spec", "initContainers")
        if _migrates(one) and one != container_in(earlier, text(one, "name"))
    }
    return any(
        one.name in new
        and text(one.spec, "image") == text(container_in(template, one.name), "image")
        for pod in pods_under(cluster, owner.ref)
        for one in containers(pod)
        if one.role is Role.INIT and any(end.exit_code == 0 for end in one.terminations)
    )


def _by_job(cluster: Cluster, owner: Resource) -> bool:
    """A Job that runs an image of the present revision, or bears its name, and ended well since the
    revision was made, or in the hour before it."""
    made = newest(cluster, owner.ref)
    since = made.created_at if made else None
    images = {text(one, "image") for one in _every_container(template_of(owner))}
    for job in cluster.all("Job", owner.namespace):
        ended = moment(job.status.get("completionTime"))
        template = template_of(job)
        of_it = images & {text(one, "image") for one in _every_container(template)}
        if ended is None or since is None or ended < since - BEFORE:
            continue
        if (of_it or _same_name(job, owner)) and (
            _is_named(job.name) or any(map(_migrates, _every_container(template)))
        ):
            return True
    return False


def _same_name(job: Resource, owner: Resource) -> bool:
    theirs = {job.labels.get(one) for one in NAME_LABELS} - {None}
    ours = {owner.labels.get(one) for one in NAME_LABELS} | {owner.name}
    return bool(theirs & ours) or job.name.startswith(f"{owner.name}-")


def _every_container(template: Json) -> Iterator[Json]:
    for part in ("initContainers", "containers"):
        yield from rows(template, "spec", part)


def _migrates(container: Json) -> bool:
    said = [text(container, "name"), text(container, "image")]
    return _is_named(" ".join([*said, *words(container, "command"), *words(container, "args")]))


def _is_named(said: str) -> bool:
    return any(word in said.lower() for word in MIGRATES)
