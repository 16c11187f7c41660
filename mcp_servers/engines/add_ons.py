"""Reading the status of add-ons' objects: conditions that say no, and since when."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mcp_servers.engines import citing
from mcp_servers.engines.fields import text
from mcp_servers.facts.findings import Evidence
from mcp_servers.facts.kubernetes import Cluster, Resource, moment


@dataclass(frozen=True, slots=True)
class Complaint:
    """What an object says is wrong with it. `state` is short, `message` a whole sentence."""

    state: str
    message: str
    since: datetime | None
    cited: Evidence

    def lasts(self, cluster: Cluster, at_least: timedelta) -> bool:
        """Whether it has been so for this long; of an unknown time it is taken to be."""
        return self.since is None or cluster.now - self.since >= at_least


def unmet(resource: Resource, kind: str) -> Complaint | None:
    """The complaint of a condition that is there and not True."""
    condition = resource.condition(kind)
    if condition is None or condition.get("status") == "True":
        return None
    reason = text(condition, "reason")
    said = citing.quoted(text(condition, "message"))
    since = moment(condition.get("lastTransitionTime"))
    status = text(condition, "status") + (f" ({reason})" if reason else "")
    cited = citing.field(resource, f".status.conditions[{kind}]", f"{status} {said}".strip(), since)
    return Complaint(f"{kind} {status}", said, since, cited)


def complaint(
    resource: Resource, path: str, state: str, message: str = "", since: datetime | None = None
) -> Complaint:
    """A complaint read from one field."""
    said = citing.quoted(message)
    return Complaint(state, said, since, citing.field(resource, path, state or "nothing", since))
