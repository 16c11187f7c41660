"""What the members of a cluster of Alertmanagers say of themselves and of each other."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """`gossip`: ready, settling or disabled; `peers` count the member itself. `why`: it does not answer.

    `configuration` is a digest of what it was loaded with, `silences` are those in force.
    """

    address: str
    why: str = ""
    version: str = ""
    since: datetime | None = None
    gossip: str = ""
    peers: int = 0
    configuration: str = ""
    silences: frozenset[str] = frozenset()
    alerts: int = 0

    @property
    def answers(self) -> bool:
        return not self.why


@dataclass(frozen=True, slots=True)
class ClusterProblem:
    """`code` names its sentence: member_down, apart, no_gossip, other_configuration, other_silences."""

    code: str
    member: str
    count: int = 0


@dataclass(frozen=True, slots=True)
class ConfigRemark:
    """What is wrong with a configuration. `where` as in route.routes[2].matchers; `facts` fill the sentence.

    `fatal`: an Alertmanager refuses it, or tells nobody.
    """

    code: str
    where: str
    facts: Mapping[str, str] = field(default_factory=dict[str, str])
    fatal: bool = True
