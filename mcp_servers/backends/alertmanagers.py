"""Clusters of Alertmanagers by name and labels, and their members one by one."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from core.errors import Invalid, NotFound, OpsError, UpstreamUnavailable
from core.principal import Principal
from mcp_servers.backends.alertmanager import Alertmanager
from mcp_servers.backends.sentences import SENTENCES
from mcp_servers.facts.alertmanagers import MemberSeen
from mcp_servers.facts.alerts import Alert


@dataclass(frozen=True)
class AlertmanagerCluster:
    """Members that replicate silences to each other: what is set at one holds at all."""

    name: str
    members: tuple[Alertmanager, ...]
    labels: Mapping[str, str] = field(default_factory=dict[str, str])
    at_home: bool = False  # that of the cluster Midwatch works on

    async def answering(self) -> Alertmanager:
        """A member to work with: the first that answers. The only one is not asked for that."""
        if len(self.members) == 1:
            return self.members[0]
        failure: OpsError | None = None
        for one in self.members:
            try:
                await one.seen()
            except UpstreamUnavailable as error:
                failure = error
            else:
                return one
        raise failure or SENTENCES.error(UpstreamUnavailable, "no_member", name=self.name)

    async def seen(self) -> list[MemberSeen]:
        """Every member, asked at once; who does not answer says why in `why`."""
        return list(await asyncio.gather(*map(_seen, self.members)))

    async def alerts(self) -> list[tuple[str, list[Alert] | OpsError]]:
        """By the address of every member, asked at once: its alerts, or why it does not answer."""
        found = await asyncio.gather(*map(_alerts, self.members))
        return [(one.address, told) for one, told in zip(self.members, found, strict=True)]


@dataclass(frozen=True)
class Alertmanagers:
    """All that were configured, the first one first."""

    clusters: tuple[AlertmanagerCluster, ...]

    def seen_by(self, caller: Principal) -> "Alertmanagers":
        """Those of the clusters that this caller may reach."""
        reached = [one for one in self.clusters if caller.reaches("" if one.at_home else one.name)]
        return Alertmanagers(tuple(reached))

    def chosen(self, wanted: str) -> Sequence[AlertmanagerCluster]:
        """By name, or by labels as in region=eu,team=web; empty: all. Raises `NotFound` for none."""
        if not wanted:
            return self.clusters
        pairs = [one.strip().partition("=") for one in wanted.split(",")]
        found = [
            one
            for one in self.clusters
            if one.name == wanted
            or all(eq and one.labels.get(name) == value for name, eq, value in pairs)
        ]
        if not found:
            raise SENTENCES.error(NotFound, "no_such_cluster", name=wanted, known=self._known())
        return found

    async def one(self, wanted: str) -> Alertmanager:
        """A member of the one cluster that is meant. Raises `Invalid` when there are several."""
        found = self.chosen(wanted)
        if len(found) > 1:
            raise SENTENCES.error(Invalid, "which_cluster", known=self._known())
        return await found[0].answering()

    async def close(self) -> None:
        for cluster in self.clusters:
            for one in cluster.members:
                await one.close()

    def _known(self) -> str:
        return ", ".join(one.name for one in self.clusters)


async def _seen(member: Alertmanager) -> MemberSeen:
    try:
        return await member.seen(whole=True)
    except OpsError as error:
        return MemberSeen(member.address, why=str(error))


async def _alerts(member: Alertmanager) -> list[Alert] | OpsError:
    try:
        return await member.alerts()
    except OpsError as error:
        return error
