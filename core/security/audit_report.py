"""Lines of the audit trail as Markdown, for people to file."""

from collections.abc import Sequence

from core.security.audit import WORDS, Broken, Head
from core.storage.records import AuditRow


def trail_section(rows: Sequence[AuditRow], language: str) -> str:
    """A section with one table row a line, the oldest first."""
    heading = f"## {WORDS.said('heading').told(language)}"
    if not rows:
        return f"{heading}\n\n{WORDS.said('no_lines').told(language)}\n"
    heads = WORDS.said("columns").told(language).split(" | ")
    lines = [heading, "", _row(heads), _row(["---"] * len(heads))]
    return "\n".join([*lines, *(_row(_cells(one)) for one in rows)]) + "\n"


def verdict_text(broken: Broken | None, head: Head, language: str) -> str:
    """Whether the chain holds, in one sentence."""
    if broken is None:
        return WORDS.said("holds", count=head.sequence, head=str(head)).told(language)
    return WORDS.said("breaks", sequence=broken.sequence, why=broken.why).told(language)


def _cells(row: AuditRow) -> list[str]:
    at = f"{row.at:%Y-%m-%d %H:%M:%S}"
    return [str(row.sequence), at, row.subject, row.action, row.target, row.outcome, row.hash[:12]]


def _row(cells: Sequence[str]) -> str:
    told = (one.replace("|", "\\|").replace("\n", " ") for one in cells)
    return f"| {' | '.join(told)} |"
