"""Pure: names of products in a text, by a list of those that people ask about."""

import re
from functools import cache
from importlib.resources import files


def products_in(text: str) -> frozenset[str]:
    """The products that a text names, each as it stands in the list."""
    return frozenset(one.lower() for one in _names().findall(text))


@cache
def _names() -> re.Pattern[str]:
    lines = files("knowledge_base").joinpath("products.txt").read_text("utf-8").splitlines()
    names = [re.escape(one) for one in lines if one and not one.startswith("#")]
    longest_first = "|".join(sorted(names, key=len, reverse=True))
    # Chinese stands beside a name without a space.
    return re.compile(rf"(?i)(?<![a-z0-9_-])(?:{longest_first})(?![a-z0-9_-])")
