"""Regular expressions as Prometheus and Alertmanager write them (RE2), for Python's `re`."""

import re
from functools import lru_cache

from core.errors import Invalid

# The bracket names that RE2 has and Python lacks.
_CLASSES = {
    "[:alnum:]": "0-9A-Za-z",
    "[:alpha:]": "A-Za-z",
    "[:blank:]": r"\t ",
    "[:digit:]": "0-9",
    "[:lower:]": "a-z",
    "[:punct:]": r"!-/:-@\[-`{-~",
    "[:space:]": r"\s",
    "[:upper:]": "A-Z",
    "[:word:]": "0-9A-Za-z_",
    "[:xdigit:]": "0-9A-Fa-f",
}
_CLASS = re.compile("|".join(map(re.escape, _CLASSES)))


# What Go says where Python says something else.
_WORDS = {
    "missing ), unterminated subpattern": "missing closing )",
    "unbalanced parenthesis": "unexpected )",
}


@lru_cache(maxsize=1024)
def compiled(text: str) -> re.Pattern[str]:
    """The pattern. Raises `Invalid` for what Python cannot read either."""
    try:
        return re.compile(_CLASS.sub(lambda match: _CLASSES[match[0]], text).replace(r"\z", r"\Z"))
    except (re.error, OverflowError, RecursionError) as error:
        said = str(error)
        words = next((go for python, go in _WORDS.items() if said.startswith(python)), said)
        raise Invalid(f"error parsing regexp: {words}") from error
