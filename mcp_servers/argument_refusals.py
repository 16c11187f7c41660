"""Why the arguments of a call were not taken, in one sentence that says which would be."""

import re
from collections.abc import Collection, Mapping
from typing import Any

from mcp.server.mcpserver.exceptions import ToolError
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from core.errors import Invalid
from core.faults import inside
from core.sentences import Fact
from mcp_servers.sentences import SENTENCES, near

# A longer value is not repeated.
LONGEST_REPEATED = 60
# pydantic's kinds of bounds, by the sentence that tells them.
BOUNDS = {
    "greater_than_equal": ("at_least", "ge"),
    "less_than_equal": ("at_most", "le"),
    "string_too_long": ("text_too_long", "max_length"),
    "too_long": ("too_many", "max_length"),
}
# Forms that several arguments have, by the words for them.
FORMS = {
    r"^[a-z0-9][a-z0-9_.-]*$": "form_identifier",
    r"^[a-z0-9-]*$": "form_namespace",
    r"^[A-Za-z0-9._-]*$": "form_object",
    r"^[A-Z]{3}$": "form_currency",
}


def refused(error: ToolError, schema: Mapping[str, Any], secret: Collection[str]) -> Invalid:
    """`schema` is what the tool says of its arguments; values of `secret` ones are not repeated."""
    cause = error.__cause__
    if not isinstance(cause, ValidationError):
        return Invalid(str(error))
    first = cause.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    argument = str(first["loc"][0]) if first["loc"] else ""
    facts: dict[str, Fact] = {"name": where}
    value = str(first["input"])
    shown = "" if argument in secret or len(value) > LONGEST_REPEATED else value
    if first["type"] == "literal_error":
        choices = _choices(first)
        told = {"value": shown, "choices": ", ".join(choices), "hint": near(shown, choices)}
        return SENTENCES.error(Invalid, "not_one_of", **facts, **told)
    if first["type"] == "string_pattern_mismatch":
        form = _form(str(first.get("ctx", {}).get("pattern", "")), argument, schema)
        return SENTENCES.error(Invalid, "bad_form", **facts, value=shown, form=form)
    return _bounded(first, facts)


def _form(pattern: str, argument: str, schema: Mapping[str, Any]) -> Fact:
    """In words where there are some; else as the tool describes the argument."""
    if key := FORMS.get(pattern):
        return SENTENCES.said(key)
    told = schema.get("properties", {}).get(argument, {}).get("description")
    return str(told or pattern).rstrip(".")


def _bounded(first: ErrorDetails, facts: Mapping[str, Fact]) -> Invalid:
    key, bound = BOUNDS.get(first["type"], ("", ""))
    if key and bound in first.get("ctx", {}):
        most = first.get("ctx", {})[bound]
        return SENTENCES.error(Invalid, key, **facts, bound=f"{most:g}")
    return SENTENCES.error(Invalid, "bad_argument", **facts, why=inside(first))


def _choices(first: ErrorDetails) -> list[str]:
    """Out of pydantic's "'', 'a' or 'b'": what says nothing is no choice."""
    expected = str(first.get("ctx", {}).get("expected", ""))
    return [one for one in re.findall(r"'([^']*)'", expected) if one]
