"""A turn that waits for a person, or that a killed process left: what doors are told of it."""

from dataclasses import dataclass

from agent.approvals import Approval
from agent.state import Exchange


@dataclass(frozen=True, slots=True)
class Standing:
    """A turn that has not come to its end. Without `approvals` it was cut off in the middle."""

    question: str
    said: str
    approvals: tuple[Approval, ...]
    facts: tuple[str, ...] = ()

    @property
    def waits(self) -> bool:
        """Whether a person can still answer."""
        return bool(self.approvals) and not any(one.expired for one in self.approvals)

    @property
    def exchange(self) -> Exchange:
        """What to remember of it when it is left standing."""
        return Exchange(question=self.question, answer=self.said, facts=list(self.facts))
