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
    return "\n".join([*lines, *(_row(_cells(one, language)) for one in rows)]) + "\n"


def verdict_text(broken: Broken | None, head: Head, language: str) -> str:
    """Whether the chain holds, in one sentence."""
    if broken is None:
        return WORDS.said("holds", count=head.sequence, head=str(head)).told(language)
    return WORDS.said("breaks", sequence=broken.sequence, why=broken.why).told(language)


def _cells(row: AuditRow, language: str) -> list[str]:
    at = f"{row.at:%Y-%m-%d %H:%M:%S}"
    done = _worded("action", row.action, language)
    action = row.action if done == row.action else f"{done} `{row.action}`"
    outcome = _worded("outcome", row.outcome, language)
    return [str(row.sequence), at, row.subject, action, row.target, outcome, row.hash[:12]]


def _worded(part: str, code: str, language: str) -> str:
    """A code of the trail in words; as it is where it has none."""
    key = f"{part}_{code.replace('.', '_')}"
    return WORDS.said(key).told(language) if key in WORDS.keys(language) else code


def _row(cells: Sequence[str]) -> str:
    told = (one.replace("|", "\\|").replace("\n", " ") for one in cells)
    return f"| {' | '.join(told)} |"
