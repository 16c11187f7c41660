"""Whether the members of a cluster of Alertmanagers answer, know each other, and agree."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal

from mcp_servers.facts.alertmanagers import ClusterProblem, MemberSeen

Verdict = Literal["ok", "degraded", "down"]


def problems(members: Sequence[MemberSeen]) -> list[ClusterProblem]:
    """What is wrong with each member, in their order. One alone need know nobody."""
    up = [one for one in members if one.answers]
    found = [ClusterProblem("member_down", one.address) for one in members if not one.answers]
    if len(members) > 1:
        for one in up:
            if one.gossip == "disabled":
                found.append(ClusterProblem("no_gossip", one.address))
            elif one.peers < len(up):
                found.append(ClusterProblem("apart", one.address, one.peers))
    common = _usual([one.configuration for one in up])
    found += [
        ClusterProblem("other_configuration", one.address)
        for one in up
        if one.configuration != common
    ]
    return found + _silences(up)


def verdict(members: Sequence[MemberSeen]) -> Verdict:
    """`down`: nobody answers, and no alert is told of."""
    if not any(one.answers for one in members):
        return "down"
    return "degraded" if problems(members) else "ok"


def _silences(up: Sequence[MemberSeen]) -> list[ClusterProblem]:
    """Who lacks a silence that another has would tell of what is to be quiet."""
    known = frozenset[str]().union(*(one.silences for one in up))
    return [
        ClusterProblem("other_silences", one.address, len(known - one.silences))
        for one in up
        if known - one.silences
    ]


def _usual(found: Sequence[str]) -> str:
    """What most have; of several that as many have, the first."""
    return Counter(found).most_common(1)[0][0] if found else ""
