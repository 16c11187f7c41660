"""Notices as Markdown of the dialects that chat services speak."""

import re
from collections.abc import Callable, Iterable

from mcp_servers.facts.notices import Entry, Notice

Escape = Callable[[str], str]

# Marks that begin something in Markdown; "-" and "." only do at the start of a line, where we begin.
_MARKS = re.compile(r"([\\`*_\[\]<>~|#])")
FIRING, RESOLVED, INFO = "🔴", "✅", "ℹ️"


def escaped(text: str) -> str:
    """Text of alerts shown as it is: none of it becomes a link, a mention or a heading."""
    return _MARKS.sub(r"\\\1", " ".join(text.split()))


def without_marks(text: str) -> str:
    """For dialects that know no escapes: what would be a mark is left out or made harmless."""
    flat = " ".join(text.split())
    return flat.replace("<", "‹").replace(">", "›").replace("[", "［").replace("](", "］(")


def light(notice: Notice) -> str:
    return {"firing": FIRING, "resolved": RESOLVED}.get(notice.status, INFO)


def markdown(notice: Notice, escape: Escape, *, heading: str = "### ", gap: str = "\n\n") -> str:
    """Title, summary, every entry, and what of them is not shown; links are the caller's."""
    parts = [f"{heading}{light(notice)} {escape(notice.title)}", escape(notice.summary)]
    parts += [entry_lines(one, escape) for one in notice.entries]
    parts.append(escape(notice.rest))
    return gap.join(part for part in parts if part)


def entry_lines(entry: Entry, escape: Escape) -> str:
    mark = FIRING if entry.firing else RESOLVED
    lines = [f"{mark} **{escape(entry.heading)}**", *(f"> {escape(one)}" for one in entry.lines)]
    return "\n".join(lines)


def link_list(links: Iterable[tuple[str, str]]) -> str:
    return " | ".join(f"[{label}]({safe(url)})" for label, url in links)


def safe(url: str) -> str:
    """An address that cannot end the link it stands in."""
    return url.replace("(", "%28").replace(")", "%29").replace(" ", "%20").replace("<", "%3C")
