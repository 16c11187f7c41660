"""The cases, by what goes wrong in them. Importing a group registers its cases."""

from tools.cases.worlds import (
    companions,
    crashes,
    images,
    kills,
    machines,
    network,
    placement,
    probes,
    refusals,
    registries,
    rollouts,
    scheduling,
    settings,
    starts,
    storage,
)

GROUPS = (
    scheduling,
    placement,
    refusals,
    images,
    registries,
    starts,
    crashes,
    kills,
    companions,
    probes,
    rollouts,
    settings,
    storage,
    network,
    machines,
)
