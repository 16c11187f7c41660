"""What a case says of its repair: which fix may be made on which object, or that none may."""

from dataclasses import dataclass

from evals.truth import Fix, Named, Truth

# Rules that more than one fix answers. Which is taken depends on what is known of the revision
# before; any of these ends the fault.
ALSO = {
    "fix.command": {"fix.rollback"},
    "fix.env": {"fix.rollback"},
    "fix.node_selector": {"fix.rollback"},
    "fix.probe": {"fix.rollback"},
    "fix.rollback": {"fix.command", "fix.env", "fix.probe", "fix.node_selector"},
}
# A manifest is handed out and nothing is written: access, networks, quotas, routes, admission.
PROPOSED = frozenset({"fix.netpol", "fix.rbac", "fix.quota", "fix.ingress", "fix.harden"})


@dataclass(frozen=True, slots=True)
class Expected:
    """`fixes` are empty where nothing may be written. `on` None: any object, none is named."""

    fixes: frozenset[str]
    on: Named | None = None

    @property
    def fixable(self) -> bool:
        return bool(self.fixes)

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
    return Expected(frozenset({told.id} | ALSO.get(told.id, set())), on)
