"""Lines of the record of a change, kept by codes and told in words."""

from core.sentences import Said, Sentences
from mcp_servers.autofix.refusing import SENTENCES

WORDS = Sentences("mcp_servers.autofix", "report")
WAYS = ("forward", "back")


def line_told(line: str, language: str) -> str:
    """`14:03:05 forward 1 started`, or `14:03:09 verified`, in words."""
    at, _, rest = line.partition(" ")
    parts = rest.split(" ", 2)
    if len(parts) == 3 and parts[0] in WAYS:
        way, n, what = parts
        return WORDS.said(f"line_{way}", at=at, n=n, what=_outcome(what)).told(language)
    key = f"status_{rest}"
    return f"{at} {SENTENCES.said(key).told(language)}" if key in SENTENCES.keys("en") else line


def _outcome(code: str) -> Said:
    """What came of a write; any other code is that of an error."""
    key = f"line_{code}"
    return (
        WORDS.said(key) if key in WORDS.keys("en") else WORDS.said("line_refused_by_api", what=code)
    )
