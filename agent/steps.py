"""What a plan is made of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Step:
    """A call to make; arguments that the tool's schema does not know are left out."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict[str, Any])
