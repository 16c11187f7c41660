"""The metric names in a PromQL expression, read well enough to look them up."""

import re

_STRINGS = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`")
_BRACES = re.compile(r"\{[^{}]*\}|\[[^\[\]]*\]")
_GROUPING = re.compile(r"\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^()]*\)")
_NAME = re.compile(r"(?<![\w:.])[a-zA-Z_:][\w:]*(?!\s*\()(?![\w:])")
_WORDS = frozenset(
    {"and", "or", "unless", "by", "without", "on", "ignoring", "group_left", "group_right", "offset", "bool", "inf",
     "nan", "start", "end", "atan2"}
)  # fmt: skip
_JOB = re.compile(r"\bjob\s*=\s*\"([^\"]+)\"")
_UNITS = frozenset(
    {"total", "seconds", "bytes", "count", "sum", "bucket", "ratio", "info", "milliseconds", "ms"}
)


def metric_names(expression: str) -> list[str]:
    """In the order they are written, each once; functions, labels and durations are none."""
    bare = _GROUPING.sub(" ", _BRACES.sub(" ", _STRINGS.sub(" ", expression)))
    found = dict.fromkeys(_NAME.findall(bare))
    return [name for name in found if name.lower() not in _WORDS]


def jobs_named(expression: str) -> list[str]:
    """The scrape jobs that its selectors name."""
    return list(dict.fromkeys(_JOB.findall(expression)))


def gist(name: str) -> tuple[str, ...]:
    """What a name is about, without its unit and its plurals: equal for a metric and its renaming."""
    parts = [part.rstrip("s") for part in name.lower().replace(":", "_").split("_") if part]
    kept = tuple(part for part in parts if part not in {unit.rstrip("s") for unit in _UNITS})
    return kept or tuple(parts)
