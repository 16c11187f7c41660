"""rca_log_patterns: what log files say, each kind of line once."""

from typing import TYPE_CHECKING, Annotated

import anyio.to_thread
from pydantic import BaseModel, Field

if TYPE_CHECKING:  # loaded by the first call, not by the server's start
    from mcp_servers.engines.log_patterns import Pattern, Patterns

Logs = Annotated[list[str], Field(min_length=1, max_length=1000, description="One text a file.")]
Assign = Annotated[bool, Field(description="Tell of each line which pattern it is of.")]

# A file that says nothing twice is no log; the rest of it is counted, not listed.
PATTERNS_SHOWN = 5000
TOLD = 40


class FilePattern(BaseModel):
    id: str
    template: str = Field(description="<*> stands for what differs.")
    count: int
    first: str | None = Field(description="RFC 3339, or as written where that tells less.")
    last: str | None
    examples: list[str]
    level: str = Field(description="fatal | error | warning | info | debug, or empty.")
    raised: str = Field(description="The exception that it names.")


class FilePatterns(BaseModel):
    lines: int
    patterns: list[FilePattern] = Field(description="The most frequent first.")
    more: int = Field(description="Patterns beyond those listed.")
    assignments: list[str] | None = Field(description="The id of each line's pattern, in order.")

    def as_text(self) -> str:
        """What a model reads: a pattern a line, without examples."""
        rows = [f"{one.count}× {one.level} | {one.template[:300]}" for one in self.patterns[:TOLD]]
        hidden = len(self.patterns) + self.more - len(rows)
        more = [f"and {hidden} more kinds"] if hidden else []
        kinds = len(self.patterns) + self.more
        return "\n".join([f"{kinds} kinds in {self.lines} lines", *rows, *more])


async def rca_log_patterns(logs: Logs, assign: Assign = False) -> FilePatterns:
    """Summarise log files: each kind of line once with its count, first and last time.

    For the log of a pod use kubernetes_log_patterns.
    """
    found = await anyio.to_thread.run_sync(_mined, logs)
    return FilePatterns(
        lines=found.lines,
        patterns=[_row(one) for one in found.patterns[:PATTERNS_SHOWN]],
        more=max(0, len(found.patterns) - PATTERNS_SHOWN),
        assignments=found.of if assign else None,
    )


def _mined(logs: list[str]) -> "Patterns":
    from mcp_servers.engines.log_patterns import patterns

    return patterns(*(lines_of(text) for text in logs))


def lines_of(text: str) -> list[str]:
    """The lines as `wc -l` and an editor count them: only a line feed ends one."""
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").split("\n")
    return lines if lines[-1] else lines[:-1]


def _row(pattern: "Pattern") -> FilePattern:
    from mcp_servers.engines.log_patterns import moment_told

    return FilePattern(
        id=pattern.id,
        template=pattern.template,
        count=pattern.count,
        first=moment_told(pattern.first) if pattern.first else None,
        last=moment_told(pattern.last) if pattern.last else None,
        examples=pattern.examples,
        level=pattern.level,
        raised=pattern.raised,
    )
