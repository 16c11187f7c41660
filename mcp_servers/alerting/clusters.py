"""Clusters of Alertmanagers: which there are, and how well each of their members does."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from core.principal import Principal
from core.sentences import LANGUAGES
from mcp_servers.alerting.sentences import SENTENCES
from mcp_servers.backends.alertmanagers import AlertmanagerCluster, Alertmanagers
from mcp_servers.engines.alertmanager_health import Verdict, problems, verdict
from mcp_servers.facts.alertmanagers import ClusterProblem, MemberSeen
from mcp_servers.paging import Page


class MemberLine(BaseModel):
    address: str
    answers: bool
    why: str = Field(description="Why it does not answer.")
    version: str
    since: datetime | None = Field(description="Up since then.")
    gossip: str = Field(description="ready | settling | disabled")
    peers: int = Field(description="Members it knows, itself included.")
    configuration: str = Field(description="Digest; members of a cluster have the same.")
    silences: int = Field(description="In force.")
    alerts: int


class ClusterLine(BaseModel):
    name: str
    labels: dict[str, str]
    state: Verdict = Field(description="ok | degraded (alerts are told, not all is well) | down")
    problems: list[str]
    problems_in: dict[str, list[str]] = Field(description="The same by language.")
    members: list[MemberLine]


class ClusterPage(Page[ClusterLine]):
    def as_text(self) -> str:
        return self.told(f"Alertmanager clusters: {self.shown}", map(_told, self.rows))


async def alerting_list_alertmanagers(
    am_cluster: Annotated[
        str, Field(max_length=200, description="A name, or labels as in region=eu; empty: all.")
    ] = "",
    cursor: str = "",
    *,
    alertmanagers: Alertmanagers,
    caller: Principal,
) -> ClusterPage:
    """List the clusters of Alertmanagers with the health of each member: who answers, knows the others, agrees.

    Use for "are the Alertmanagers healthy". For what fires use prometheus_alerts.
    """
    chosen = alertmanagers.seen_by(caller).chosen(am_cluster)
    seen = await asyncio.gather(*(one.seen() for one in chosen))
    lines = [_line(one, members) for one, members in zip(chosen, seen, strict=True)]
    return ClusterPage.of(lines, cursor=cursor)


def _line(cluster: AlertmanagerCluster, members: Sequence[MemberSeen]) -> ClusterLine:
    said = [_said(one) for one in problems(members)]
    return ClusterLine(
        name=cluster.name,
        labels=dict(cluster.labels),
        state=verdict(members),
        problems=[one["en"] for one in said],
        problems_in={language: [one[language] for one in said] for language in LANGUAGES},
        members=[
            MemberLine(
                address=one.address,
                answers=one.answers,
                why=one.why,
                version=one.version,
                since=one.since,
                gossip=one.gossip,
                peers=one.peers,
                configuration=one.configuration,
                silences=len(one.silences),
                alerts=one.alerts,
            )
            for one in members
        ],
    )


def _said(one: ClusterProblem) -> dict[str, str]:
    said = SENTENCES.said(one.code, member=one.member, count=one.count)
    return {language: said.told(language) for language in LANGUAGES}


def _told(one: ClusterLine) -> str:
    up = sum(member.answers for member in one.members)
    labels = ",".join(f"{name}={value}" for name, value in one.labels.items())
    head = f"{one.name} {labels} {one.state}, {up} of {len(one.members)} answer"
    return "\n".join([" ".join(head.split()), *(f"  {problem}" for problem in one.problems)])
