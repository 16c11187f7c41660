"""ISO 8601 durations as tools take them: PT30M, PT1H, P1DT12H, P7D."""

import re
from datetime import timedelta

# Without look-ahead, which pydantic's expressions do not have; "P" alone is refused below.
PATTERN = r"^P(\d+W)?(\d+D)?(T(\d+H)?(\d+M)?(\d+S)?)?$"
_PARTS = re.compile(r"(\d+)([WDHMS])")
_UNITS = {"W": "weeks", "D": "days", "H": "hours", "M": "minutes", "S": "seconds"}


def duration(text: str) -> timedelta:
    """The duration a text of `PATTERN` stands for; months and years are not durations."""
    if not re.match(PATTERN, text) or not text[-1].isalpha() or text[-1] in "PT":
        raise ValueError(f"{text!r} is not an ISO 8601 duration such as PT1H or P7D")
    return timedelta(**{_UNITS[unit]: int(count) for count, unit in _PARTS.findall(text)})
