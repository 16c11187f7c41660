"""The fault classes, by what goes wrong. Importing a group registers its faults."""

from evals.generated.families import (
    alerts,
    applications,
    askers,
    capacity,
    chains,
    control_plane,
    crashes,
    decoys,
    images,
    jobs,
    machines,
    names,
    network,
    placement,
    ports,
    probes,
    refusals,
    rollouts,
    settings,
    starts,
    storage,
)

GROUPS = (
    placement, refusals, images, starts, crashes, capacity, probes, rollouts, settings, storage,
    ports, names, network, machines, control_plane, jobs, chains, applications, decoys, alerts,
    askers,
)  # fmt: skip
