"""Rules that people add: what they look at, when they speak, and in which words."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from mcp_servers.facts.findings import Role, Severity


class Unanswered(Exception):
    """An expression has no value for this object.

    `told` names the sentence that says why, with what `detail` adds to it.
    """

    def __init__(self, told: str, detail: str = "") -> None:
        super().__init__(f"{told}: {detail}" if detail else told)
        self.told = told
        self.detail = detail


@dataclass(frozen=True, slots=True)
class CustomRule:
    """`when` is asked of every object of `kind`; `values` name expressions for texts and evidence.

    `texts` hold title, cause and fix by language.
    """

    id: str
    severity: Severity
    kind: str
    role: Role
    category: str
    when: str
    values: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    texts: Mapping[str, Mapping[str, str]] = field(
        default_factory=dict[str, Mapping[str, str]], hash=False
    )
