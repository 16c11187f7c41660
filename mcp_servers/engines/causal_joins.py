"""The parts that causal links are made of: what two findings must share, and a link between rules."""

from dataclasses import dataclass
from enum import StrEnum


class Join(StrEnum):
    """What two findings must share."""

    CONTAINER = "container"  # one workload, and one container where both name it
    WORKLOAD = "workload"  # one workload
    SERVES = "serves"  # the effect is a Service that selects the cause's pods
    CALLED = "called"  # the effect's calls go to the cause's Service or workload
    CALLS = "calls"  # the cause's calls go to the effect's Service or workload
    ROUTED = "routed"  # the effect is an Ingress that leads to the cause
    NODE = "node"  # the effect's pods run on the node that is the cause
    ON_NODE = "on_node"  # the cause's pods run on the node that is the effect
    CLAIM = "claim"  # both name one PersistentVolumeClaim
    REFERENCE = "reference"  # the effect's workload refers to the object that is the cause
    SCALES = "scales"  # the effect is an autoscaler of the cause's workload
    AFFECTS = (
        "affects"  # the cause names the effect's workload, and one Service where both name any
    )
    SHARED = "shared"  # both name one webhook, API group, gateway, namespace or pod
    ANYWHERE = "anywhere"  # the cause serves the whole cluster
    ACCOUNT = "account"  # both name one ServiceAccount
    SCRAPED = "scraped"  # both name one scrape job
    AFFECTED = "affected"  # one is about what the other affects
    SCALED = "scaled"  # the cause is about the autoscaling of the effect's workload
    POD = "pod"  # both name one pod
    HOST = "host"  # both name one host
    GROWS = "grows"  # one workload, whose pods a further node would take
    OUTGROWN = "outgrown"  # one workload, whose pods ask for more than any node has
    PRESENTED = "presented"  # the cause is a Secret of the effect's workload, or of one it calls
    LOADED = "loaded"  # the cause's calls go to the effect, and have become more
    CRASHED = "crashed"  # one container, which ended by itself and not by the kubelet's hand
    PROBED = "probed"  # one container, which the kubelet ended for the probe that is the cause
    HEADLESS = "headless"  # called, by a name that only ready pods give an address
    ECHOED = "echoed"  # the effect quotes an unknown other side that ran out of what the cause did
    NAMED = "named"  # the effect names the cause's workload: a budget's, a route's controller


@dataclass(frozen=True, slots=True)
class Link:
    """One rule that can explain another, where the join holds."""

    cause: str
    effect: str
    join: Join
    timed: bool = True  # whether the cause must have come first


def whenever(links: list[Link]) -> list[Link]:
    """The links without their order in time. Conditions of a workload keep the time of an earlier
    rollout; on the workload itself, what is true of its pods now explains them whatever they say."""
    return [Link(one.cause, one.effect, one.join, timed=False) for one in links]


def each(causes: tuple[str, ...], effects: tuple[str, ...], join: Join) -> list[Link]:
    """Every cause with every effect but itself."""
    return [Link(cause, effect, join) for cause in causes for effect in effects if cause != effect]


def in_order(rules: tuple[str, ...], join: Join) -> list[Link]:
    """Each rule with all that come after it."""
    return [
        Link(cause, effect, join)
        for position, cause in enumerate(rules)
        for effect in rules[position + 1 :]
    ]
