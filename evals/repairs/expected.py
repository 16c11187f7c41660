"""What a case says of its repair: which fix may be made on which object, or that none may."""

from dataclasses import dataclass

from evals.truth import Fix, Json, Named, Truth
from sandbox.snapshot import Snapshot

# Rules that more than one fix answers. Which is taken depends on what is known of the revision
# before; any of these ends the fault.
ALSO = {
    "fix.command": {"fix.rollback"},
    # The table of fault classes and that of repairs call the end of a suspension by one name each.
    "fix.resume": {"fix.cron"},
    "fix.env": {"fix.rollback"},
    "fix.node_selector": {"fix.rollback"},
    "fix.probe": {"fix.rollback"},
    "fix.rollback": {"fix.command", "fix.env", "fix.probe", "fix.node_selector"},
}
# A manifest is handed out and nothing is written: access, networks, quotas, routes, admission.
PROPOSED = frozenset({"fix.netpol", "fix.rbac", "fix.quota", "fix.ingress", "fix.harden"})
# Marks of those who keep manifests elsewhere: for what they own a patch is handed out.
KEEPERS = (
    "argocd.argoproj.io/", "kustomize.toolkit.fluxcd.io/", "helm.toolkit.fluxcd.io/", "meta.helm.sh/",
)  # fmt: skip
# These change nothing that a manifest says.
LEAVES_MANIFESTS = frozenset({"fix.restart", "fix.evict_pod", "fix.drain", "fix.job_rerun"})
# What an amount is read from. One that nobody measured may be proposed, and written only where an
# earlier revision had it.
MEASURED_BY = {
    "fix.memory": "container_memory_working_set_bytes",
    "fix.resources": "container_",
    "fix.cpu": "container_cpu_",
    "fix.ephemeral": "container_fs_usage_bytes",
}


@dataclass(frozen=True, slots=True)
class Expected:
    """`fixes` are empty where nothing may be written. `on` None: any object, none is named.

    `guess`: the amount was not measured, so that to decline is right too.
    """

    fixes: frozenset[str]
    on: Named | None = None
    guess: bool = False

    @property
    def fixable(self) -> bool:
        return bool(self.fixes) and not self.guess

    def takes(self, fix: str, target: Named) -> bool:
        return fix in self.fixes and self.on in (None, target)


def expected(truth: Truth) -> Expected | None:
    """None where the truth says nothing of a repair."""
    told = truth.said.repair or truth.said.fix
    if told == "none" or (truth.is_healthy and not truth.said.repair):
        return Expected(frozenset())
    if not isinstance(told, Fix):
        return None
    if told.id in PROPOSED:
        return Expected(frozenset())
    on = told.resource.key if told.resource else None
    if on and told.id not in LEAVES_MANIFESTS and _kept_elsewhere(truth, on):
        return Expected(frozenset())
    fixes = frozenset({told.id} | ALSO.get(told.id, set()))
    return Expected(fixes, on, guess=told.id in MEASURED_BY and not _measured(truth, told.id, on))


def _kept_elsewhere(truth: Truth, on: Named) -> bool:
    """Whether marks say that a repository, a chart or an operator would undo what is written here."""
    for one in Snapshot.read(truth.folder).objects:
        metadata: Json = one["metadata"]
        if (one["kind"], metadata.get("namespace") or "", metadata["name"]) == on:
            labels: Json = metadata.get("labels") or {}
            marks: Json = {**labels, **(metadata.get("annotations") or {})}
            keeper = str(marks.get("app.kubernetes.io/managed-by", "")).lower()
            by_mark = any(name.startswith(KEEPERS) for name in marks)
            return by_mark or keeper == "helm" or "operator" in keeper
    return False


def _measured(truth: Truth, fix: str, on: Named | None) -> bool:
    """Whether the snapshot holds figures of the pods of this workload."""
    begins = f'pod="{on[2]}-' if on else 'pod="'
    return any(
        line.startswith(MEASURED_BY[fix]) and begins in line
        for file in sorted((truth.folder / "metrics").rglob("*.om"))
        for line in file.read_text("utf-8").splitlines()
    )
